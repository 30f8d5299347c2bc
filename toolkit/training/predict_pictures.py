"""Pictures that a network makes of pictures, as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.errors import Refused
from toolkit.training.sheet import write_png


def write_pictures(
    inputs: Sequence[str], made: Iterable[np.ndarray], field: Any, place: Path, given: str
) -> list[dict[str, Any]]:
    """Write a PNG file for each picture that was read, named like it.

    Args:
        inputs: Paths of the pictures that were read.
        made: What was made of them, in order, in batches ``(batch, height, width, channels)``.
        field: What is made; its images are bytes, or numbers from 0 to 1.
        place: The folder to make. Pictures lie in it as they do in the folder that was given.
        given: The folder, or one picture.

    Returns:
        A row for each: ``input`` and ``output``.

    Raises:
        Refused: If they cannot be written.
    """
    files = [place / name for name in named(inputs, Path(given))]
    rows = []
    try:
        pictures = (picture for batch in made for picture in batch)
        for source, file, picture in zip(inputs, files, pictures, strict=True):
            if field.dtype == "uint8":
                picture = np.round(np.clip(picture, 0, 255)).astype("uint8")
            file.parent.mkdir(parents=True, exist_ok=True)
            write_png(picture, file)
            rows.append({"input": source, "output": str(file)})
    except OSError as error:
        raise Refused(
            f"output: cannot write to {place} ({error.strerror or error}); give another "
            "output=FOLDER."
        ) from error
    print(f"{len(rows):,} pictures are in {place}")
    return rows


def named(inputs: Sequence[str], given: Path) -> list[Path]:
    """Return the place of each picture's file, below a folder.

    Of ``cat.jpg`` it is ``cat.png``; where there is a ``cat.gif`` beside it, ``cat.jpg.png``. That
    may be another picture's again, whose file is ``cat.jpg.png.png`` then: no two have one file.
    """
    below = [Path(p).relative_to(given) if given.is_dir() else Path(Path(p).name) for p in inputs]
    found = [path.with_suffix(".png") for path in below]
    while shared := {file for file, count in Counter(found).items() if count > 1}:
        found = [
            path.with_name(f"{path.name}.png") if file in shared else file
            for path, file in zip(below, found, strict=True)
        ]
    return found
