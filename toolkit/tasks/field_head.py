"""From features to something of a field's own shape: an image, a window of a series, a row."""

from __future__ import annotations

import math
from typing import Any

from toolkit.blocks.image_layers import cut
from toolkit.errors import Refused
from toolkit.lazy import keras


def to_field(features: Any, field: Any, kernel: int = 3) -> Any:
    """Return one number for each that an example of a field has, by one linear layer.

    A grid becomes an image by a convolution, after its rim is cut off where it is larger; a
    sequence as long as the field has one layer for all its positions; a vector one dense layer.

    Args:
        features: What a network gave.
        field: What is made, of fixed shape.
        kernel: Size of the convolution.

    Returns:
        Shape ``(batch, *field.shape)``, float32 unless the network computes in float64.

    Raises:
        Refused: If the network's grid is smaller than the image, or its sequence of another length.
    """
    x, shape = features.x, tuple(field.shape)
    if None in shape:
        raise Refused(
            f"what is to be made varies in size: {shape}. Expected data whose examples are all of "
            "one size, such as pictures with data.size."
        )
    dtype = "float64" if x.dtype == "float64" else "float32"
    if features.layout == "grid" and len(shape) == 3:
        x = _fitted(x, shape[:2])
        layer = keras.layers.Conv2D(shape[-1], kernel, padding="same", dtype=dtype, name="head")
        return layer(x)
    if features.layout == "sequence" and len(shape) > 1:
        if x.shape[1] != shape[0]:
            raise Refused(
                f"the network gives {x.shape[1]} positions, and what is to be made has {shape[0]}: "
                "a sequence must keep its length, or end as a vector."
            )
        x = keras.layers.Dense(math.prod(shape[1:]), dtype=dtype, name="head")(x)
    else:
        if features.layout != "vector":
            x = keras.layers.Flatten()(x)
        x = keras.layers.Dense(math.prod(shape), dtype=dtype, name="head")(x)
    return x if tuple(x.shape[1:]) == shape else keras.layers.Reshape(shape, dtype=dtype)(x)


def _fitted(x: Any, size: tuple[int, ...]) -> Any:
    """Return the middle of a grid, of so many rows and columns.

    Raises:
        Refused: If the grid is smaller.
    """
    height, width = x.shape[1:3]
    if height < size[0] or width < size[1]:
        raise Refused(
            f"the network ends in a grid of {height} x {width}, and the image has {size[0]} x "
            f"{size[1]}: it needs more that doubles the size."
        )
    return cut(x, size)
