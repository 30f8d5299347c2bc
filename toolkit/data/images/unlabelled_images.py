"""Pictures that nothing is known of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from toolkit.data.files.part_folders import part_folders, refuse_shared, refuse_twice
from toolkit.data.images import pictures
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.images.picture_files import (
    Broken,
    carve_parts,
    decoded,
    found_in,
    size_as_in,
    sound,
)
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.types import Fraction, PositiveInt


def unlabelled_images(
    *,
    root: str | None = None,
    train: str | None = None,
    valid: str | None = None,
    test: str | None = None,
    size: tuple[PositiveInt, PositiveInt] | None = None,
    channels: Literal[1, 3] = 3,
    resize: pictures.Resize = "stretch",
    validation_fraction: Fraction = 0.1,
    test_fraction: Fraction = 0.0,
    check: pictures.Check = "header",
    broken: Broken = "refuse",
    seed: int = 0,
) -> Dataset:
    """Load your own pictures without classes, png, jpeg, webp, bmp or gif, to be made or coded.

    ``root`` holds ``train/``, ``valid/`` and ``test/``, or the pictures themselves, and then
    validation and test parts are held back by seed. Folders are searched through. Files are decoded
    while training, so that they need not fit into memory.

    Args:
        root: The folder; None where ``train`` is given.
        train: Folder of the training pictures, as it is or below ``root``; None for ``root``'s
            ``train/``, or ``root`` itself where it has none.
        valid: Folder of the validation pictures; None for ``root``'s ``valid/``, ``val/`` or
            ``validation/``, or a part of the training pictures where it has none.
        test: Folder of the test pictures; None for ``root``'s ``test/``.
        size: Height and width in pixels that all are brought to; None for those of the first.
        channels: 1 for grey, 3 for colour.
        resize: What happens to pictures of another size: ``stretch`` them, ``pad`` the shorter
            side with zeros, or ``crop`` the longer one around the middle.
        validation_fraction: Share of the training pictures that is held back to choose the best
            epoch, where there is no folder for that.
        test_fraction: Share that is held back to test, where there is no folder for that.
        check: ``header`` looks at the first and last bytes of each file; ``full`` decodes each
            once, which finds every damage.
        broken: What is done about files that are no pictures: ``refuse`` or ``skip`` (and say so).
        seed: Chooses what is held back.

    Returns:
        Input ``image``, and no target.

    Raises:
        Refused: If a folder is missing, empty or named twice, a file is in two parts, or one is
            no picture.
    """
    folders = folders_of(root, {"train": train, "valid": valid, "test": test})
    notes: list[str] = []
    splits: dict[str, Split] = {}
    first: str | None = None
    found = {part: found_in(folder, f"data.{part}") for part, folder in folders.items()}
    refuse_shared(found.values())
    for part, folder in folders.items():
        paths = found[part]
        kept, told = sound(paths, folder, check, broken)
        notes += told
        first = first or os.fspath(paths[kept[0]])
        splits[part] = Split({"image": pictures.as_array(paths[i] for i in kept)})
    if size is None:
        size, note = size_as_in(first or "")
        notes.append(note)
    notes += carve_parts(
        splits,
        folder=folders["train"],
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        seed=seed,
    )
    decode = pictures.decoder(size, channels, resize)
    return decoded(
        Spec({"image": Field("image", (*size, channels), "uint8")}, {}),
        splits,
        decode,
        ImageEncoder(size, channels, resize),
        notes,
    )


def folders_of(root: str | None, given: dict[str, str | None]) -> dict[str, Path]:
    """Return the folder of each part that there is.

    Raises:
        Refused: If one that is named is missing, none is named, or one is named twice.
    """
    which = (
        "data=unlabelled_images: which folder? Give data.root=FOLDER, with train/ or pictures in "
        "it, or data.train=FOLDER."
    )
    folders = part_folders(root, given, which=which, expected="your pictures")
    refuse_twice({f"data.{part}": folder for part, folder in folders.items()})
    return folders
