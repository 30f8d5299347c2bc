"""Labelled images and texts from TensorFlow Datasets, an extra package."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from toolkit.data.images.arrays import carved_note
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Dataset, Field, Spec, Split, carve
from toolkit.data.texts.vocabulary import PAD, UNKNOWN, Vocabulary, count
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
    kind: Literal["image", "tokens"] = "image",
    input_feature: str | None = None,
    label_feature: str = "label",
    size: tuple[PositiveInt, PositiveInt] | None = None,
    vocabulary_size: PositiveInt | None = 20000,
    max_length: PositiveInt | None = 256,
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load labelled images or texts of TensorFlow Datasets, by name (needs the extra ``tfds``).

    Args:
        dataset: Its name there, with ``/config`` and ``:version`` if wanted: ``cifar100``.
        root: Its ``data_dir``; None for its own default, ``~/tensorflow_datasets``.
        train: Split to train on, in its notation: ``train``, ``train[:80%]``.
        valid: Split to validate on; None to hold back a part of the training examples.
        test: Split to test on; None for none.
        kind: Whether the input is an image, or a text whose words become ``tokens``.
        input_feature: The feature that holds it; None for ``image`` or ``text``.
        label_feature: The feature that holds the class.
        size: Height and width that all images are brought to; None where all have one size.
        vocabulary_size: How many words are known, the most frequent ones; None for all.
        max_length: Most words of a text, the rest is cut off; None for no limit.
        validation_fraction: Share of the training examples held back where ``valid`` is None.
        seed: Chooses which.

    Raises:
        Refused: If the package is not installed, there is no such data set, split or feature, or
            the images differ in size and no ``size`` is given.
    """
    input_feature = input_feature or ("image" if kind == "image" else "text")
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
    labels, inputs = {}, {}
    for part, name in {"train": train, "valid": valid, "test": test}.items():
        if name is not None:
            rows = _rows(builder, package, part, name)
            inputs[part] = [row[input_feature] for row in rows]
            labels[part] = np.array([row[label_feature] for row in rows], "int32")
    field, encoder, arrays = (
        _images(inputs, size) if kind == "image" else _texts(inputs, vocabulary_size, max_length)
    )
    splits = {part: Split({kind: arrays[part], "label": labels[part]}) for part in arrays}
    notes = []
    if "valid" not in splits:
        total = len(splits["train"])
        splits["train"], splits["valid"] = carve(splits["train"], validation_fraction, seed)
        notes.append(carved_note(len(splits["valid"]), total, validation_fraction, seed))
    spec = Spec({kind: field}, {"label": Field("label", (), "int32", classes=classes)})
    return Dataset(
        spec, splits["train"], splits["valid"], splits.get("test"), encoder, tuple(notes)
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


def _images(
    inputs: dict[str, list[np.ndarray]], size: tuple[int, int] | None
) -> tuple[Field, ImageEncoder, dict[str, np.ndarray]]:
    arrays = {part: _stacked(images, size, part) for part, images in inputs.items()}
    height, width, channels = arrays["train"].shape[1:]
    field = Field("image", (height, width, channels), "uint8")
    return field, ImageEncoder((height, width), channels), arrays


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


def _texts(
    inputs: dict[str, list[bytes]], size: int | None, length: int | None
) -> tuple[Field, TextEncoder, dict[str, Any]]:
    texts = {part: [row.decode(errors="replace") for row in rows] for part, rows in inputs.items()}
    rules = {"tokenizer": "words", "lower": True, "end_of_line": False, "max_length": length}
    split = TextEncoder((PAD, UNKNOWN), **rules).split  # type: ignore[arg-type]
    counts = count(split(text) for text in texts["train"])
    words = Vocabulary.build(counts, size=size, first=(PAD, UNKNOWN)).words
    encoder = TextEncoder(words, **rules)  # type: ignore[arg-type]
    arrays = {part: encoder.encode(rows).arrays["tokens"] for part, rows in texts.items()}
    return Field("tokens", (None,), "int32", vocabulary=words), encoder, arrays
