"""Convolutions that make a code into an image."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from toolkit.blocks.image_layers import ImageLayers, cut, start_size
from toolkit.blocks.options import Activation, ImageNormalization, Initializer, Upsampling
from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.types import PositiveInt


def image_decoder(
    x: Tensor,
    goal: Any = None,
    *,
    filters: Annotated[list[PositiveInt], Field(min_length=1)] = [64, 32],  # noqa: B006
    kernel: PositiveInt = 3,
    upsampling: Upsampling = "transposed",
    normalization: ImageNormalization = "none",
    activation: Activation = "relu",
    initializer: Initializer = "glorot_uniform",
) -> Tensor:
    """Convolutions that each double a code's height and width, up to the image's.

    Each is followed by normalisation and activation. A vector begins with a dense layer to the
    image's size, halved as often as there are entries and rounded up, and ``filters[0]`` channels.
    What goes beyond the image in the end (28 is 4 doubled three times, and 4 rows too many) is cut
    off on all sides. The task adds the convolution that gives the image's channels.

    Args:
        x: Shape ``(batch, features)`` or ``(batch, height, width, channels)``.
        goal: The image that is to be made, for its height and width; None leaves what comes.
        filters: Channels that each convolution gives, in order; each entry doubles the size.
        kernel: Height and width of the windows, in pixels.
        upsampling: How the size is doubled: by ``transposed`` convolutions, which cost least, or
            by convolutions after ``nearest`` copies or ``bilinear`` interpolation, which leave no
            checkerboard (Odena et al., 2016).
        normalization: ``batch``, ``layer``, ``group``, ``instance``, ``rms`` or ``none``; ``layer``
            is over the whole image.
        activation: Applied after normalisation.
        initializer: How kernels start.

    Returns:
        Shape ``(batch, height, width, filters[-1])``.

    Raises:
        Refused: If a vector is to become an image of unknown size, or a grid an image of another
            size than its own doubled once for each entry.

    References:
        Odena, Dumoulin and Olah, 2016, "Deconvolution and Checkerboard Artifacts",
        https://distill.pub/2016/deconv-checkerboard
    """
    layers = ImageLayers(kernel, normalization, activation, start=lambda: initializer)
    if len(x.shape) == 2:
        height, width = start_size("image_decoder", goal, len(filters))
        x = layers.dense(x, height * width * filters[0])
        x = layers.finish(keras.layers.Reshape((height, width, filters[0]))(x))
    else:
        _check(x.shape[1:3], goal, len(filters))
    for channels in filters:
        x = layers.finish(layers.up(x, channels, upsampling))
    if goal is None or None in (*goal.shape[:2], *x.shape[1:3]):
        return x
    return cut(x, goal.shape[:2])


def _check(size: tuple[int | None, ...], goal: Any, doublings: int) -> None:
    """Refuse a grid that so many doublings do not lead to the image's size."""
    if goal is None or None in (*goal.shape[:2], *size):
        return
    wanted = start_size("image_decoder", goal, doublings)
    if wanted != tuple(size):
        raise Refused(
            f"block 'image_decoder' doubles the size for each entry of filters, {doublings} times, "
            f"so that an image of {goal.shape[0]} x {goal.shape[1]} begins with {wanted[0]} x "
            f"{wanted[1]}; what comes before it gives {size[0]} x {size[1]}. Give filters as many "
            "entries as the encoder halves the size"
        )
