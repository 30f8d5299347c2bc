"""Networks that make an image of an image of the same size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolkit.blocks.image_layers import ImageLayers, cut
from toolkit.blocks.image_residual import reflecting, reflecting_block
from toolkit.blocks.options import Upsampling
from toolkit.blocks.state import Tensor
from toolkit.lazy import keras

DROPPED = 3
"""Innermost layers on a U-Net's way up that have dropout (Isola et al., 2017, section 6.1.1)."""
WIDE = 7
"""Height and width of the windows of a translator's first convolution."""


def unet(x: Tensor, filters: Sequence[int], upsampling: Upsampling, layers: ImageLayers) -> Tensor:
    """Halve an image once for each entry, and double it again beside what was seen on the way.

    The way down has ``leaky_relu`` and no normalisation at its ends. The last layer gives half of
    ``filters[0]`` channels at the image's full size.

    Args:
        x: Shape ``(batch, height, width, channels)``.
        filters: Channels after each halving.
        upsampling: How the size is doubled.
        layers: What the layers have in common; their dropout is that of the innermost on the way
            up alone.

    Returns:
        Shape ``(batch, height, width, filters[0] / 2)``.
    """
    size = x.shape[1:3]
    x = _filled(x, 2 ** len(filters))
    plain = replace(layers, dropout=0.0)
    down = replace(plain, activation="leaky_relu")
    bare = replace(down, normalization="none")
    seen = []
    for depth, width in enumerate(filters):
        make = bare if depth in (0, len(filters) - 1) else down
        x = make.finish(make.conv(x, width, strides=2))
        seen.append(x)
    seen.pop()
    for depth, width in enumerate(reversed(filters[:-1])):
        make = layers if depth < DROPPED else plain
        x = make.finish(make.up(x, width, upsampling))
        x = keras.layers.Concatenate()([x, seen.pop()])
    x = plain.finish(plain.up(x, max(1, filters[0] // 2), upsampling))
    return cut(x, size)


def translator(
    x: Tensor, filters: Sequence[int], blocks: int, upsampling: Upsampling, layers: ImageLayers
) -> Tensor:
    """Halve an image a few times, change it by residual blocks, and double it again.

    Args:
        x: Shape ``(batch, height, width, channels)``.
        filters: Channels of the first convolution, which keeps the size, and after each halving.
        blocks: Number of residual blocks.
        upsampling: How the size is doubled.
        layers: What the layers have in common.

    Returns:
        Shape ``(batch, height, width, filters[0])``.
    """
    size = x.shape[1:3]
    x = _filled(x, 2 ** (len(filters) - 1))
    x = layers.finish(reflecting(x, filters[0], WIDE, layers))
    for width in filters[1:]:
        x = layers.finish(layers.conv(x, width, strides=2))
    for _ in range(blocks):
        x = reflecting_block(x, layers)
    for width in reversed(filters[:-1]):
        x = layers.finish(layers.up(x, width, upsampling))
    return cut(x, size)


def _filled(x: Tensor, multiple: int) -> Tensor:
    """Return an image with zeros on all sides, so that its sides can be halved without rest."""
    missing = [-n % multiple for n in x.shape[1:3]]
    if not any(missing):
        return x
    return keras.layers.ZeroPadding2D(tuple((n // 2, n - n // 2) for n in missing))(x)
