"""Padding that changes nothing: what blocks do with the mask of a sequence."""

from __future__ import annotations

from toolkit.blocks.state import Tensor
from toolkit.lazy import keras

LOW = -6e4
"""Lower than any feature, and still a number in float16."""


def hide(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return x with zeros at positions that are not real; x itself where there is no mask."""
    if mask is None:
        return x
    return x * keras.ops.expand_dims(keras.ops.cast(mask, x.dtype), -1)


def lower(x: Tensor, mask: Tensor) -> Tensor:
    """Return x with very low numbers at positions that are not real, for a maximum."""
    # A plain number: a tensor of bfloat16 could not be saved with the network.
    return keras.ops.where(keras.ops.expand_dims(mask, -1), x, LOW)


def every(mask: Tensor | None, strides: int) -> Tensor | None:
    """Return the mask of every ``strides``-th position, from the first."""
    return mask if mask is None or strides == 1 else mask[:, ::strides]


def mean(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over real positions, ``(batch, features)``; zeros where there are none."""
    total = keras.ops.sum(hide(x, mask), axis=1)
    count = keras.ops.sum(keras.ops.cast(mask, x.dtype), axis=1, keepdims=True)
    return total / keras.ops.maximum(count, 1)


def maximum(x: Tensor, mask: Tensor) -> Tensor:
    """Return the maximum over real positions, ``(batch, features)``; zeros where there are none."""
    real = keras.ops.cast(keras.ops.any(mask, axis=1, keepdims=True), x.dtype)
    return keras.ops.max(lower(x, mask), axis=1) * real
