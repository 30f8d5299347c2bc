"""A picture that is learned itself."""

from __future__ import annotations

from typing import Any

from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras

LAYER = "picture"
"""Name of the layer whose kernel holds the pixels."""


def picture(x: Tensor, goal: Any = None) -> Tensor:
    """A picture whose pixels are weights: each number that is read weighs one of its own.

    Of the number 1 it gives the picture as it is, which starts as noise, uniform from 0 to 1. The
    layer is a dense one without offset, so that plain Keras opens the network.

    Args:
        x: Shape ``(batch, numbers)``, usually ones of shape ``(batch, 1)``.
        goal: The picture that is to be made, for its height, width and channels.

    Returns:
        Shape ``(batch, height, width, channels)``, float32.

    Raises:
        Refused: If the size of what is to be made is not known.
    """
    if goal is None or None in goal.shape:
        raise Refused(f"block '{LAYER}': the size of what is to be made is not known")
    height, width, channels = goal.shape
    pixels = keras.layers.Dense(
        height * width * channels,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomUniform(0.0, 1.0),
        dtype="float32",
        name=LAYER,
    )(x)
    return keras.layers.Reshape((height, width, channels), dtype="float32")(pixels)
