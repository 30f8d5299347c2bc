"""What the image data sets share: arrays and class names become a data set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.spec import Dataset, Field, Spec, Split, carve

Arrays = tuple[np.ndarray, np.ndarray]


def image_spec(size: tuple[int, int], channels: int, classes: Sequence[str]) -> Spec:
    """Return the spec of images with one class each: input ``image``, target ``label``."""
    return Spec(
        {"image": Field("image", (*size, channels), "uint8")},
        {"label": Field("label", (), "int32", classes=tuple(classes))},
    )


def from_arrays(
    train: Arrays,
    test: Arrays | None,
    classes: Sequence[str],
    *,
    validation_fraction: float,
    seed: int,
    notes: Sequence[str] = (),
) -> Dataset:
    """Return the data set of images that are held in memory.

    Args:
        train: Images, uint8 ``(examples, height, width, channels)``, and class ids.
        test: The same, or None.
        classes: The names of the classes.
        validation_fraction: Share of the training images that is validated on.
        seed: Chooses which.
        notes: Sentences for the user.
    """
    images = train[0]
    whole, held = carve(_split(train), validation_fraction, seed)
    note = carved_note(len(held), len(images), validation_fraction, seed)
    return Dataset(
        image_spec(images.shape[1:3], images.shape[3], classes),
        whole,
        held,
        None if test is None else _split(test),
        ImageEncoder((int(images.shape[1]), int(images.shape[2])), int(images.shape[3])),
        (*notes, note),
    )


def carved_note(part: int, whole: int, fraction: float, seed: int) -> str:
    """Return the sentence that says what was held back for validation."""
    return (
        f"validation: {part:,} of {whole:,} training examples held back "
        f"(validation_fraction={fraction:g}, seed={seed})."
    )


def _split(arrays: Arrays) -> Split:
    return Split({"image": arrays[0], "label": arrays[1].astype("int32")})
