"""Pictures sorted into a folder for each class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np

from toolkit.data.files.part_folders import part_folders, refuse_shared, refuse_twice
from toolkit.data.images import pictures
from toolkit.data.images.arrays import image_spec
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.images.picture_files import (
    Broken,
    carve_parts,
    decoded,
    listed,
    size_as_in,
    sound,
    unread,
)
from toolkit.data.spec import Dataset, Split
from toolkit.errors import Refused, did_you_mean
from toolkit.types import Fraction, PositiveInt


def image_folder(
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
    """Load your own pictures: png, jpeg, webp, bmp or gif files, a subfolder for each class.

    ``root`` holds ``train/<class>/``, ``valid/<class>/`` and ``test/<class>/``, or the classes
    themselves, and then validation and test parts are held back by seed. Subfolders of a class
    count to it. Files are decoded while training, so that they need not fit into memory.

    Args:
        root: The folder; None where ``train`` is given.
        train: Folder of the training classes, as it is or below ``root``; None for ``root``'s
            ``train/``, or ``root`` itself where it has none.
        valid: Folder of the validation classes; None for ``root``'s ``valid/``, ``val/`` or
            ``validation/``, or a part of the training pictures where it has none.
        test: Folder of the test classes; None for ``root``'s ``test/``.
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

    Raises:
        Refused: If a folder is missing, empty or named twice, a file is in two parts or classes,
            or a folder holds fewer than two classes, a class that
            training has not or whose pictures are of kinds that cannot be read, or a file that is
            no picture.
    """
    folders = folders_of(root, {"train": train, "valid": valid, "test": test})
    found = {part: _by_class(folder) for part, folder in folders.items()}
    classes = _classes(folders["train"], found["train"])
    refuse_shared(paths for inner in found.values() for paths in inner.values())
    notes: list[str] = []
    splits: dict[str, Split] = {}
    first: str | None = None
    for part, folder in folders.items():
        paths, labels = _labelled(folder, found[part], classes, part)
        kept, told = sound(paths, folder, check, broken)
        notes += told
        first = first or os.fspath(paths[kept[0]])
        label = np.array([labels[i] for i in kept], "int32")
        splits[part] = Split({"image": pictures.as_array(paths[i] for i in kept), "label": label})
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
        image_spec(size, channels, classes),
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
        "data=image_folder: which folder? Give data.root=FOLDER, with train/<class>/ or <class>/ "
        "in it, or data.train=FOLDER."
    )
    folders = part_folders(root, given, which=which, expected="your pictures")
    refuse_twice({f"data.{part}": folder for part, folder in folders.items()})
    return folders


def _by_class(folder: Path) -> dict[str, list[Path]]:
    """Return the picture files of each subfolder, those without any too, in a fixed order.

    Raises:
        Refused: If the pictures of a subfolder are all of kinds that cannot be read.
    """
    inner = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    found = {path.name: listed(path, folder) for path in inner}
    others = {path: listed(path, folder, pictures.UNREAD) for path in inner if not found[path.name]}
    faults = [
        f"'{path}': {unread(files)}, and no other." for path, files in others.items() if files
    ]
    if faults:
        raise Refused(*faults, "Save these as png or jpeg, or remove the folders.")
    return found


def _classes(folder: Path, found: dict[str, list[Path]]) -> tuple[str, ...]:
    """Return the names of the subfolders that hold pictures."""
    classes = tuple(name for name, paths in found.items() if paths)
    endings = ", ".join(pictures.ENDINGS)
    if not found:
        raise Refused(
            f"'{folder}': no subfolders; expected one for each class, with pictures in it "
            f"({endings})."
        )
    if not classes:
        raise Refused(f"'{folder}': its {len(found)} subfolders hold no pictures ({endings}).")
    if len(classes) < 2:
        raise Refused(
            f"'{folder}': one class only, '{classes[0]}'; expected two or more subfolders with "
            "pictures in them."
        )
    return classes


def _labelled(
    folder: Path, found: dict[str, list[Path]], classes: tuple[str, ...], part: str
) -> tuple[list[Path], list[int]]:
    """Return the picture files of a part and their class ids, in a fixed order."""
    others = [name for name, paths in found.items() if paths and name not in classes]
    if others:
        raise Refused(
            *(
                f"'{folder / name}': training has no class '{name}'.{did_you_mean(name, classes)}"
                for name in others
            )
        )
    pairs = [(path, i) for i, name in enumerate(classes) for path in found.get(name, ())]
    if not pairs:
        raise Refused(f"data.{part}: '{folder}' holds no pictures in folders of its classes.")
    return [path for path, _ in pairs], [i for _, i in pairs]
