"""Two pictures: what one of them shows is to be painted as the other one is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from toolkit.data.files.finding import root_folder
from toolkit.data.images import pictures
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.types import PositiveInt

SAMPLES = ("china.jpg", "flower.jpg")
"""Photographs that come with scikit-learn, 427 x 640 pixels."""


def style_pair(
    *,
    root: str | None = None,
    content: str = "china.jpg",
    style: str = "flower.jpg",
    size: tuple[PositiveInt, PositiveInt] | None = None,
    style_size: tuple[PositiveInt, PositiveInt] | None = None,
    channels: Literal[1, 3] = 3,
    resize: pictures.Resize = "crop",
    steps: PositiveInt = 50,
) -> Dataset:
    """Load two pictures of yours: png, jpeg, webp, bmp or gif files, of any sizes.

    The same pair is every example, in training and in validation. Without a name there are two
    photographs that come with scikit-learn, of a temple and of a flower, which need no network.

    Args:
        root: Folder below which names are looked for too; None where they are whole paths.
        content: The picture whose content is kept; ``china.jpg`` is the temple.
        style: The picture whose style is taken over; ``flower.jpg`` is the flower.
        size: Height and width in pixels that the content picture is brought to, and so those of the
            picture that is made; None for its own.
        style_size: The same of the style picture; None for ``size``, or its own where that is None.
        channels: Of both: 1 for grey, 3 for colour.
        resize: What happens to a picture of another size: ``crop`` the longer side around the
            middle, ``pad`` the shorter one with zeros, or ``stretch`` it.
        steps: Examples of an epoch, all alike: with batches of one, the updates from one validation
            to the next.

    Returns:
        Input ``image``, the content, and target ``style``.

    Raises:
        Refused: If a file is missing or no picture.
    """
    files = files_of(root, {"content": content, "style": style})
    notes, fields, both = [], {}, {}
    for kind, part, wanted in (("image", "content", size), ("style", "style", style_size or size)):
        path = files[part]
        pictures.refuse(pictures.faults([path], "full"), f"data.{part}: give another file.")
        height, width = wanted or pictures.size_of(path)
        fields[kind] = Field(kind, (height, width, channels), "uint8")
        brought = pictures.decoder((height, width), channels, resize)
        both[kind] = brought({"image": os.fspath(path)})["image"].numpy()
        notes.append(f"{part}: {path}, {height} x {width} pixels.")

    def decode(example: dict[str, Any]) -> dict[str, Any]:
        return {kind: tf.constant(pixels) for kind, pixels in both.items()}

    def times(count: int) -> Split:
        return Split({"update": np.zeros(count, "int32")}, decode)

    spec = Spec({"image": fields["image"]}, {"style": fields["style"]})
    return Dataset(spec, times(steps), times(1), None, None, tuple(notes))


def files_of(root: str | None, given: Mapping[str, str | None]) -> dict[str, Path]:
    """Return the files of both pictures: as they are named, below the root, or scikit-learn's.

    Args:
        root: Key ``data.root``.
        given: Keys ``content`` and ``style``.

    Raises:
        Refused: If one is missing, or its first bytes are not those of a picture; with every fault.
    """
    base = None if root is None else root_folder(root)
    found: dict[str, Path] = {}
    faults = []
    for key, name in given.items():
        places = [Path(str(name)).expanduser(), *([base / str(name)] if base is not None else [])]
        if name in SAMPLES:
            places += _sample(str(name))
        there = next(filter(Path.is_file, places), None)
        if there is None:
            looked = " or ".join(f"'{place}'" for place in places)
            faults.append(
                f"data.{key}: there is no file {looked}; expected a picture "
                f"({', '.join(pictures.ENDINGS)})."
            )
            continue
        found[key] = there
        faults += [f"data.{key}: {fault}" for fault in pictures.faults([there]).values()]
    if faults:
        raise Refused(*faults)
    return found


def _sample(name: str) -> list[Path]:
    """Return where a photograph of scikit-learn's lies; scikit-learn is not imported."""
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        return []
    return [Path(package.origin).parent / "datasets" / "images" / name]
