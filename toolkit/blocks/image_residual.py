"""Residual blocks of networks that make or judge images."""

from __future__ import annotations

from toolkit.blocks.image_layers import ImageLayers, enlarge
from toolkit.blocks.options import Upsampling
from toolkit.blocks.state import Tensor
from toolkit.lazy import keras


def up_block(x: Tensor, filters: int, upsampling: Upsampling, layers: ImageLayers) -> Tensor:
    """Double the size: two convolutions, each after normalisation and activation (Miyato et al.).

    The input is added after a convolution of size 1, done before the copies that it commutes with.
    """
    beside = layers.conv(x, filters, kernel=1)
    beside = enlarge(beside, "nearest" if upsampling == "transposed" else upsampling)
    x = layers.up(layers.activate(layers.normalize(x)), filters, upsampling)
    x = layers.conv(layers.finish(x), filters)
    return keras.layers.Add()([beside, x])


def down_block(x: Tensor, filters: int, layers: ImageLayers, *, first: bool = False) -> Tensor:
    """Halve the size by averages after two convolutions; the ``first`` reads an image as it is."""
    half = keras.layers.AveragePooling2D(2, padding="same")
    beside = layers.conv(half(x), filters, kernel=1)
    if not first:
        x = layers.activate(layers.normalize(x))
    x = layers.conv(layers.finish(layers.conv(x, filters)), filters)
    return keras.layers.Add()([beside, half(x)])


def flat_block(x: Tensor, layers: ImageLayers) -> Tensor:
    """Keep the size and the channels: activations come before convolutions."""
    filters = x.shape[-1]
    y = layers.conv(layers.activate(layers.normalize(x)), filters)
    y = layers.conv(layers.finish(y), filters)
    return keras.layers.Add()([x, y])


def reflecting_block(x: Tensor, layers: ImageLayers) -> Tensor:
    """Keep the size and the channels: normalisations come after convolutions (Johnson et al.)."""
    filters = x.shape[-1]
    y = layers.finish(reflecting(x, filters, layers.kernel, layers))
    y = layers.normalize(reflecting(y, filters, layers.kernel, layers))
    return keras.layers.Add()([x, y])


def reflecting(x: Tensor, filters: int, kernel: int, layers: ImageLayers) -> Tensor:
    """Convolve an image that is continued by its mirror image, so that no dark border is seen.

    Images that are smaller than the kernel reaches have zeros around them.
    """
    before, after = (kernel - 1) // 2, kernel // 2
    if not after:
        return layers.conv(x, filters, kernel=kernel)
    mode = "reflect" if min(x.shape[1:3]) > after else "constant"
    x = keras.ops.pad(x, [(0, 0), (before, after), (before, after), (0, 0)], mode=mode)
    return layers.conv(x, filters, kernel=kernel, padding="valid")
