"""Networks that make an image of a vector of noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.blocks.image_layers import ImageLayers, cut, start_size
from toolkit.blocks.image_residual import up_block
from toolkit.blocks.options import Upsampling
from toolkit.blocks.state import Tensor
from toolkit.lazy import keras


def dcgan(
    x: Tensor, goal: Any, filters: Sequence[int], upsampling: Upsampling, layers: ImageLayers
) -> Tensor:
    """Double a small grid that a dense layer gives, once for each entry (Radford et al., 2016).

    Args:
        x: Shape ``(batch, features)``.
        goal: The image, for its height and width.
        filters: Channels after each doubling; the first is the small grid's too.
        upsampling: How the size is doubled.
        layers: What the layers have in common.

    Returns:
        Shape ``(batch, height, width, filters[-1])``.
    """
    x = layers.finish(_small(x, goal, filters, layers))
    for width in filters:
        x = layers.finish(layers.up(x, width, upsampling))
    return cut(x, goal.shape[:2])


def resnet(
    x: Tensor, goal: Any, filters: Sequence[int], upsampling: Upsampling, layers: ImageLayers
) -> Tensor:
    """As ``dcgan``, with residual blocks in place of single convolutions (Miyato et al., 2018)."""
    x = _small(x, goal, filters, layers)
    for width in filters:
        x = up_block(x, width, upsampling, layers)
    return cut(layers.activate(layers.normalize(x)), goal.shape[:2])


def _small(x: Tensor, goal: Any, filters: Sequence[int], layers: ImageLayers) -> Tensor:
    height, width = start_size("generator", goal, len(filters))
    x = layers.dense(x, height * width * filters[0])
    return keras.layers.Reshape((height, width, filters[0]))(x)
