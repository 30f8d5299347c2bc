"""MNIST, and Fashion-MNIST in the same form."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from toolkit.data.files.finding import read_bytes
from toolkit.data.files.sources import locate
from toolkit.data.images.arrays import Arrays, from_arrays
from toolkit.data.spec import Dataset
from toolkit.errors import Refused
from toolkit.types import Fraction

FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def mnist(
    *, root: str | None = None, validation_fraction: Fraction = 0.1, seed: int = 0
) -> Dataset:
    """Load MNIST: 70,000 handwritten digits of 28 x 28 grey pixels in 10 classes.

    LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document
    recognition". 60,000 to train, of which some are held back to validate, and 10,000 to test.

    Args:
        root: Folder that holds ``mnist/`` (or torchvision's ``MNIST/raw/``) with the four idx
            files, plain or .gz; None for the cache folder, where they are downloaded to.
        validation_fraction: Share of the training images held back to choose the best epoch.
        seed: Chooses which.

    Raises:
        Refused: If a file is missing or damaged.
    """
    return _load("mnist", root, tuple("0123456789"), validation_fraction, seed)


def fashion_mnist(
    *, root: str | None = None, validation_fraction: Fraction = 0.1, seed: int = 0
) -> Dataset:
    """Load Fashion-MNIST: 70,000 pieces of clothing of 28 x 28 grey pixels in 10 classes.

    Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747. Files, sizes and parts as in MNIST.

    Args:
        root: Folder that holds ``fashion_mnist/`` (or ``fashion-mnist/``, ``FashionMNIST/raw/``)
            with the four idx files, plain or .gz; None for the cache folder, where they are
            downloaded to.
        validation_fraction: Share of the training images held back to choose the best epoch.
        seed: Chooses which.

    Raises:
        Refused: If a file is missing or damaged.
    """
    return _load("fashion_mnist", root, FASHION, validation_fraction, seed)


def _load(
    name: str, root: str | None, classes: tuple[str, ...], validation_fraction: float, seed: int
) -> Dataset:
    files = locate(name, root)
    train, test = (_part(files, part, len(classes)) for part in ("train", "t10k"))
    return from_arrays(train, test, classes, validation_fraction=validation_fraction, seed=seed)


def _part(files: dict[str, Path], part: str, classes: int) -> Arrays:
    images_path = files[f"{part}-images-idx3-ubyte"]
    labels_path = files[f"{part}-labels-idx1-ubyte"]
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise Refused(
            f"{images_path} has {len(images)} images, {labels_path} {len(labels)} labels."
        )
    if len(images) < 2:
        raise Refused(f"{images_path}: {len(images)} images; expected 2 or more.")
    if labels.max() >= classes:
        raise Refused(f"{labels_path}: a label {labels.max()}; expected 0 to {classes - 1}.")
    return images[..., None], labels


def read_idx(path: Path, rank: int) -> np.ndarray:
    """Read a file in the idx format of MNIST: whole numbers of one byte.

    Args:
        path: The file, plain or gzipped.
        rank: How many dimensions it should have.

    Raises:
        Refused: If it is not such a file, or shorter or longer than it says itself.
    """
    data = read_bytes(path)
    start = bytes((0, 0, 8, rank))
    header = 4 + 4 * rank
    if not data.startswith(start) or len(data) < header:
        raise Refused(
            f"{path}: not an idx file of {rank} dimensions: expected it to start with {start!r}, "
            f"and it starts with {data[:8]!r}."
        )
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", rank, 4))
    if len(data) - header != math.prod(shape):
        raise Refused(
            f"{path}: damaged: its header says {' x '.join(map(str, shape))} bytes, and "
            f"{len(data) - header:,} follow it. Delete it and fetch it again."
        )
    return np.frombuffer(data, "uint8", offset=header).reshape(shape)
