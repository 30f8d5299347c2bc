"""CIFAR-10, from its binary files, a subset of them, or folders of pictures."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np

from toolkit.data.files.finding import find, missing, read_bytes
from toolkit.data.files.sources import SOURCES, locate, places
from toolkit.data.images.arrays import Arrays, from_arrays
from toolkit.data.images.image_folder import image_folder
from toolkit.data.spec import Dataset
from toolkit.errors import Refused
from toolkit.types import Fraction

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = "test_batch.bin"
SUBSET = ("data_batch_1_first4000.bin", "test_batch_first1000.bin")
ZIP = "cifar10_jpeg_subset.zip"
PIXELS = 3 * 32 * 32
PICTURES = ("cifar10/cifar10_jpeg", "cifar10", "cifar10_jpeg")


def cifar10(
    *,
    root: str | None = None,
    layout: Literal["auto", "binary", "folders", "zip"] = "auto",
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load CIFAR-10: 60,000 photographs of 32 x 32 colour pixels in 10 classes.

    Krizhevsky 2009, "Learning multiple layers of features from tiny images". 50,000 to train, of
    which some are held back to validate, and 10,000 to test. Where a folder holds only the first
    4,000 and 1,000 of them (``data_batch_1_first4000.bin``, ``test_batch_first1000.bin``) or some
    as jpeg files, these are used and the run's notes say so: results on them are not comparable
    with published ones.

    Args:
        root: Folder that holds ``cifar10/`` (or ``cifar-10-batches-bin/``); None for the cache
            folder, where the binary version is downloaded to.
        layout: ``binary`` for the files of the binary version, plain or .gz; ``folders`` for
            ``train/<class>/`` and ``test/<class>/`` with picture files; ``zip`` for such folders
            in ``cifar10_jpeg_subset.zip``; ``auto`` for the first of these that is there, and the
            download where none is.
        validation_fraction: Share of the training images held back to choose the best epoch.
        seed: Chooses which.

    Raises:
        Refused: If the files are missing, damaged, or of another form.
    """
    carved: Carved = {"validation_fraction": validation_fraction, "seed": seed}
    if layout == "auto":
        layout = _layout(root)
    if layout == "folders":
        folder = _folder(root)
        return image_folder(root=str(folder), size=(32, 32), channels=3, **carved)
    if layout == "zip":
        path = _find_all([ZIP], root)[0]
        parts = [read_zip(path, part) for part in ("train", "test")]
        return _dataset([parts[0]], parts[1], path, carved)
    if not _there([*TRAIN, TEST], root) and _there(SUBSET, root):
        paths = _find_all(SUBSET, root)
    else:
        files = locate("cifar10", root)
        paths = [files[name] for name in (*TRAIN, TEST)]
    *train, test = [read_records(path) for path in paths]
    return _dataset(train, test, paths[0], carved)


class Carved(TypedDict):
    """What decides on the validation part."""

    validation_fraction: float
    seed: int


def _dataset(train: list[Arrays], test: Arrays, path: Path, carved: Carved) -> Dataset:
    images, labels = (np.concatenate(parts) for parts in zip(*train, strict=True))
    notes = []
    if len(images) < 50_000:
        notes.append(
            f"cifar10: a SUBSET of {len(images):,} of 50,000 training and {len(test[0]):,} of "
            f"10,000 test images ({path.parent}); not comparable with published results."
        )
    return from_arrays((images, labels), test, CLASSES, notes=notes, **carved)


def _layout(root: str | None) -> Literal["binary", "folders", "zip"]:
    """Return the first layout that is there; the binary one, which is downloaded, where none is."""
    if _there([*TRAIN, TEST], root) or _there(SUBSET, root):
        return "binary"
    if any(_folders(root)):
        return "folders"
    return "zip" if _there([ZIP], root) else "binary"


def read_records(path: Path) -> Arrays:
    """Read a file of the binary version: records of a label byte and three planes of pixels.

    Raises:
        Refused: If it is not made of whole records, or a label is not from 0 to 9.
    """
    data = np.frombuffer(read_bytes(path), "uint8")
    if not len(data) or len(data) % (PIXELS + 1):
        raise Refused(
            f"{path}: damaged or no CIFAR-10 binary file: {len(data):,} bytes are no whole number "
            f"of records of {PIXELS + 1:,}. Delete it and fetch it again."
        )
    records = data.reshape(-1, PIXELS + 1)
    labels = records[:, 0]
    if labels.max() >= len(CLASSES):
        raise Refused(f"{path}: a label {labels.max()}; expected 0 to {len(CLASSES) - 1}.")
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels


def read_zip(path: Path, part: str) -> Arrays:
    """Read the pictures ``…/<part>/<class>/<name>`` of a zip file.

    Raises:
        Refused: If it holds none, or is damaged.
    """
    from PIL import Image

    images, labels = [], []
    try:
        with zipfile.ZipFile(path) as file:
            for name in sorted(file.namelist()):
                folders = name.split("/")
                if folders[-3:-2] == [part] and folders[-1] and folders[-2] in CLASSES:
                    with file.open(name) as member, Image.open(member) as picture:
                        images.append(np.asarray(picture.convert("RGB").resize((32, 32))))
                    labels.append(CLASSES.index(folders[-2]))
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise Refused(f"{path}: damaged ({error}). Delete it and fetch it again.") from error
    if not images:
        raise Refused(f"{path}: holds no pictures in {part}/<class>/.")
    return np.stack(images), np.array(labels, "uint8")


def _find_all(names: Sequence[str], root: str | None) -> list[Path]:
    """Return files that lie together in one place.

    Raises:
        Refused: If they do not.
    """
    folders = SOURCES["cifar10"].folders
    for place in places(root):
        paths = [find(name, place, folders) for name in names]
        there = [path for path in paths if path is not None]
        if len(there) == len(names):
            return there
    raise Refused(missing("cifar10", names, [place / folders[0] for place in places(root)]))


def _there(names: Sequence[str], root: str | None) -> bool:
    folders = SOURCES["cifar10"].folders
    return any(all(find(name, place, folders) for name in names) for place in places(root))


def _folders(root: str | None) -> Iterator[Path]:
    for place in places(root):
        for folder in (place / name for name in (*PICTURES, "")):
            if all((folder / part / CLASSES[0]).is_dir() for part in ("train", "test")):
                yield folder


def _folder(root: str | None) -> Path:
    found = next(_folders(root), None)
    if found is None:
        looked = " or ".join(f"'{place / name}'" for place in places(root) for name in PICTURES)
        raise Refused(
            f"data.layout=folders: no train/<class>/ and test/<class>/ in {looked}. Name the "
            "folder that holds them with data.root=FOLDER."
        )
    return found
