"""Convolutions that make an image smaller."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from toolkit.blocks.image_layers import ImageLayers
from toolkit.blocks.options import Activation, ImageNormalization, Initializer
from toolkit.blocks.state import Tensor
from toolkit.lazy import keras
from toolkit.types import PositiveInt


def image_encoder(
    x: Tensor,
    *,
    filters: Annotated[list[PositiveInt], Field(min_length=1)] = [32, 64],  # noqa: B006
    kernel: PositiveInt = 3,
    downsampling: Literal["strides", "max_pool", "average_pool"] = "strides",
    normalization: ImageNormalization = "none",
    activation: Activation = "relu",
    initializer: Initializer = "glorot_uniform",
) -> Tensor:
    """Convolutions over an image, each of which halves its height and width.

    Each is followed by normalisation and activation. An odd size is rounded up: 33 becomes 17, 9
    and so on. Block ``image_decoder`` with as many entries leads back.

    Args:
        x: Shape ``(batch, height, width, channels)``.
        filters: Channels that each convolution gives, in order; each entry halves the size.
        kernel: Height and width of the windows, in pixels.
        downsampling: How the size is halved: by the ``strides`` of the convolution itself, which
            costs least, or by ``max_pool`` or ``average_pool`` of two by two after the activation.
        normalization: ``batch``, ``layer``, ``group``, ``instance``, ``rms`` or ``none``; ``layer``
            is over the whole image.
        activation: Applied after normalisation.
        initializer: How kernels start.

    Returns:
        Shape ``(batch, height / 2 ** n, width / 2 ** n, filters[-1])`` with n entries, rounded up.

    References:
        Masci et al., 2011, "Stacked Convolutional Auto-Encoders for Hierarchical Feature
        Extraction", https://doi.org/10.1007/978-3-642-21735-7_7
    """
    layers = ImageLayers(kernel, normalization, activation, start=lambda: initializer)
    for width in filters:
        x = layers.conv(x, width, strides=2 if downsampling == "strides" else 1)
        x = layers.finish(x)
        if downsampling == "max_pool":
            x = keras.layers.MaxPooling2D(2, padding="same")(x)
        elif downsampling == "average_pool":
            x = keras.layers.AveragePooling2D(2, padding="same")(x)
    return x
