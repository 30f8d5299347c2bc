"""Labelled images from TensorFlow Datasets, an extra package."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.data.image_encoder import ImageEncoder
from toolkit.data.images import carved_note, image_spec
from toolkit.data.spec import Dataset, Split, carve
from toolkit.errors import Refused, did_you_mean
from toolkit.lazy import tf
from toolkit.types import Fraction, PositiveInt


def tfds(
    *,
    dataset: str,
    root: str | None = None,
    train: str = "train",
    valid: str | None = None,
    test: str | None = "test",
    input_feature: str = "image",
    label_feature: str = "label",
    size: tuple[PositiveInt, PositiveInt] | None = None,
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load labelled images that TensorFlow Datasets knows by name (needs the extra ``tfds``).

    Args:
        dataset: Its name there, with ``/config`` and ``:version`` if wanted: ``cifar100``.
        root: Its ``data_dir``; None for its own default, ``~/tensorflow_datasets``.
        train: Split to train on, in its notation: ``train``, ``train[:80%]``.
        valid: Split to validate on; None to hold back a part of the training images.
        test: Split to test on; None for none.
        input_feature: The feature that holds the image.
        label_feature: The feature that holds the class.
        size: Height and width that all images are brought to; None where all have one size.
        validation_fraction: Share of the training images held back where ``valid`` is None.
        seed: Chooses which.

    Raises:
        Refused: If the package is not installed, there is no such data set, split or feature, or
            the images differ in size and no ``size`` is given.
    """
    package = _package()
    builder = _builder(package, dataset, root)
    features = builder.info.features
    faults = [
        f"data.{key}: '{dataset}' has no feature '{name}'.{did_you_mean(name, features)}"
        for key, name in (("input_feature", input_feature), ("label_feature", label_feature))
        if name not in features
    ]
    if faults:
        raise Refused(*faults)
    classes = tuple(features[label_feature].names)
    wanted = {"train": train, "valid": valid, "test": test}
    splits = {}
    for part, name in wanted.items():
        if name is not None:
            rows = _rows(builder, package, part, name)
            images = _stacked([row[input_feature] for row in rows], size, part)
            label = np.array([row[label_feature] for row in rows], "int32")
            splits[part] = Split({"image": images, "label": label})
    notes = []
    if "valid" not in splits:
        total = len(splits["train"])
        splits["train"], splits["valid"] = carve(splits["train"], validation_fraction, seed)
        notes.append(carved_note(len(splits["valid"]), total, validation_fraction, seed))
    height, width, channels = splits["train"].arrays["image"].shape[1:]  # type: ignore[union-attr]
    return Dataset(
        image_spec((height, width), channels, classes),
        splits["train"],
        splits["valid"],
        splits.get("test"),
        ImageEncoder((height, width), channels),
        tuple(notes),
    )


def _package() -> Any:
    try:
        import tensorflow_datasets
    except ImportError as error:
        raise Refused(
            "data=tfds needs the package tensorflow-datasets, which is not installed: install "
            "this toolkit with its extra [tfds]."
        ) from error
    return tensorflow_datasets


def _builder(package: Any, dataset: str, root: str | None) -> Any:
    try:
        builder = package.builder(dataset, data_dir=root)
    except package.core.DatasetNotFoundError as error:
        near = did_you_mean(dataset, package.list_builders())
        raise Refused(f"data.dataset: no '{dataset}' in TensorFlow Datasets.{near}") from error
    builder.download_and_prepare()
    return builder


def _rows(builder: Any, package: Any, part: str, name: str) -> list[dict[str, Any]]:
    try:
        return list(package.as_numpy(builder.as_dataset(split=name, shuffle_files=False)))
    except ValueError as error:
        there = ", ".join(builder.info.splits)
        raise Refused(f"data.{part}: no split '{name}' ({error}). There is: {there}.") from error


def _stacked(images: list[np.ndarray], size: tuple[int, int] | None, part: str) -> np.ndarray:
    """Return images as one array, uint8, all of one size."""
    if size is not None:
        images = [tf.image.resize(image, size, antialias=True).numpy() for image in images]
        return np.clip(np.round(np.stack(images)), 0, 255).astype("uint8")
    sizes = {image.shape[:2] for image in images}
    if len(sizes) != 1:
        raise Refused(
            f"data.{part}: the images have {len(sizes)} different sizes; give one that all are "
            "brought to: data.size=[64,64]."
        )
    return np.stack(images).astype("uint8")
