"""Raw values and those that errors are told in: images from 0 to 1, other values standardised."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.lazy import keras

BYTE = 255.0


def scaled(values: Any, field: Any) -> Any:
    """Return raw values as a task compares them, float32 or the floating type that they have.

    Args:
        values: A tensor in the field's own units.
        field: Its ``Field``: bytes of an image become 0..1, values with an offset and a scale are
            standardised, all others stay.
    """
    if field.kind in ("image", "picture", "style"):
        values = keras.ops.cast(values, "float32")
        return values / BYTE if field.dtype == "uint8" else values
    if field.offset is None:
        return values
    return (values - np.array(field.offset, "float32")) / np.array(field.scale, "float32")


def unscaled(values: Any, field: Any) -> Any:
    """Return values in the field's own units, as :func:`scaled` found them; bytes stay floats."""
    if field.kind in ("image", "picture", "style"):
        return values * BYTE if field.dtype == "uint8" else values
    if field.offset is None:
        return values
    return values * np.array(field.scale, "float32") + np.array(field.offset, "float32")


def unresolved(field: Any) -> list[str]:
    """Return a sentence for each variable of a field whose values float32 hardly tells apart.

    Values whose spread is less than a hundred of float32's steps at their size would be rounded
    before they are standardised, and what is learned of them would be the rounding.
    """
    if field.offset is None:
        return []
    names = field.names or [str(i) for i in range(len(field.offset))]
    found = []
    for name, offset, scale in zip(names, field.offset, field.scale, strict=True):
        step = float(np.spacing(np.float32(abs(offset) + scale)))
        if step > scale / 100:
            found.append(
                f"data: the values of '{name}' are near {offset:.10g} and spread by {scale:.3g}; "
                f"float32 holds numbers of that size in steps of {step:.3g}. Subtract a constant "
                "from them, such as the first value."
            )
    return found


def signed(image: Any, field: Any) -> Any:
    """Return raw images of a field as adversarial networks have them, float32 in -1..1."""
    return scaled(image, field) * 2 - 1


def written(image: Any, field: Any) -> Any:
    """Return images of a field as they are written into files: bytes, or float32 in 0..1."""
    image = keras.ops.cast(image, "float32")
    if field.dtype != "uint8":
        return keras.ops.clip(image, 0.0, 1.0)
    return keras.ops.cast(keras.ops.round(keras.ops.clip(image, 0.0, BYTE)), "uint8")


def painted(image: Any, field: Any) -> Any:
    """Return images of -1..1 in a field's own units, by a layer; bytes stay floats."""
    half = BYTE / 2 if field.dtype == "uint8" else 0.5
    return keras.layers.Rescaling(half, offset=half, dtype=image.dtype)(image)
