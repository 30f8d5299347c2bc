"""A stage of residual blocks."""

from __future__ import annotations

from typing import Any, Literal

from toolkit.blocks.convolution import convolve
from toolkit.blocks.masks import hide
from toolkit.blocks.normalize import normalize
from toolkit.blocks.options import Activation, Initializer
from toolkit.blocks.state import Tensor
from toolkit.lazy import keras
from toolkit.types import NonNegative, PositiveInt


def residual(
    x: Tensor,
    mask: Tensor | None = None,
    *,
    filters: PositiveInt = 16,
    blocks: PositiveInt = 3,
    strides: PositiveInt = 1,
    kernel: PositiveInt = 3,
    shortcut: Literal["pad", "projection"] = "pad",
    activation: Activation = "relu",
    bias: bool = False,
    initializer: Initializer = "he_normal",
    l2: NonNegative = 0.0,
) -> tuple[Tensor, Tensor | None]:
    """Residual blocks of two convolutions each, for texts, series, images and volumes.

    A block is convolution, batch norm, activation, convolution, batch norm; its input is added and
    the sum activated (version 1 of He et al., 2016).

    Args:
        x: Shape ``(batch, *positions, channels)`` with one to three axes of positions.
        mask: Shape ``(batch, time)``, True at real positions, or None.
        filters: Channels of every convolution.
        blocks: Number of blocks.
        strides: Positions from one window to the next in the first convolution; 2 halves each axis.
        kernel: Size of the windows, in positions.
        shortcut: How the input is added where shapes differ: ``pad`` picks every ``strides``-th
            position and fills new channels with zeros (option A, no weights), ``projection`` is a
            convolution of size 1 (option B).
        activation: After each batch norm but the last, and after the sum.
        bias: Whether convolutions have an offset, which batch norm makes useless; Keras's old
            CIFAR example had one.
        initializer: How kernels start (He et al., 2015).
        l2: Weight of the sum of the kernels' squares in the loss; Keras's old CIFAR example has
            0.0001, and 0.00005 is the paper's weight decay of 0.0001.

    Returns:
        The features, zero at positions that are not real, and their mask.

    References:
        He et al., 2016, https://arxiv.org/abs/1512.03385
    """
    common: dict[str, Any] = {
        "filters": filters,
        "bias": bias,
        "initializer": initializer,
        "l2": l2,
    }
    for number in range(blocks):
        step = strides if number == 0 else 1
        before = x
        x, after = convolve(x, mask, kernel=kernel, strides=step, **common)
        x = normalize(x, after, kind="batch")
        x = keras.layers.Activation(activation)(x)
        x, _ = convolve(x, after, kernel=kernel, **common)
        x = normalize(x, after, kind="batch")
        if step > 1 or before.shape[-1] != filters:
            if shortcut == "projection":
                before, _ = convolve(before, mask, kernel=1, strides=step, **common)
            else:
                before = _pad(before, filters, step)
        x = keras.layers.Add()([before, x])
        x = hide(keras.layers.Activation(activation)(x), after)
        mask = after
    return x, mask


def _pad(x: Tensor, filters: int, strides: int) -> Tensor:
    """Return every ``strides``-th position, with channels of zeros added or the last left out."""
    axes = len(x.shape) - 2
    if strides > 1:
        every = slice(None, None, strides)
        x = x[(slice(None), *[every] * axes)]
    missing = filters - x.shape[-1]
    if missing < 0:
        return x[..., :filters]
    return keras.ops.pad(x, [(0, 0)] * (axes + 1) + [(0, missing)])
