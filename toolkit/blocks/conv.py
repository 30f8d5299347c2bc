"""Convolutions over text, series, images and volumes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from toolkit.blocks.convolution import convolve
from toolkit.blocks.normalize import normalize
from toolkit.blocks.options import Activation, Initializer, Normalization, Widths, as_list
from toolkit.blocks.pool import pool as pooled
from toolkit.blocks.state import Tensor
from toolkit.lazy import keras
from toolkit.types import Fraction, NonNegative, PositiveInt


def conv(
    x: Tensor,
    mask: Tensor | None = None,
    *,
    filters: Widths = 32,
    kernel: PositiveInt = 3,
    kernels: Annotated[list[PositiveInt], Field(min_length=1)] | None = None,
    strides: PositiveInt = 1,
    dilation: PositiveInt = 1,
    padding: Literal["same", "valid"] = "same",
    causal: bool = False,
    separable: bool = False,
    activation: Activation = "relu",
    normalization: Normalization = "none",
    pool: PositiveInt | None = None,
    dropout: Fraction = 0.0,
    bias: bool | None = None,
    initializer: Initializer = "glorot_uniform",
    l2: NonNegative = 0.0,
) -> tuple[Tensor, Tensor | None]:
    """Convolutions, one after another, over one, two or three axes as the input has them.

    Each is followed by normalisation, activation, max pooling and dropout, as far as asked for.
    Padding of texts changes nothing.

    Args:
        x: Shape ``(batch, time, channels)``, ``(batch, height, width, channels)`` or with one more
            axis.
        mask: Shape ``(batch, time)``, True at real positions, or None.
        filters: Channels that a layer gives; a list makes one layer for each entry.
        kernel: Size of the window along each axis, in positions.
        kernels: Several sizes side by side, each with its own filters, joined (Kim, 2014: 3, 4
            and 5 words); in place of ``kernel``, and with ``same`` padding.
        strides: Positions from one window to the next.
        dilation: Positions from one tap of the kernel to the next (van den Oord et al., 2016).
        padding: ``same`` keeps the number of positions, ``valid`` keeps windows inside the input;
            axes that are shorter than the kernel, and texts, are always ``same``.
        causal: Whether a position reads itself and earlier ones only, as language models need;
            for one axis.
        separable: Whether channels are convolved one by one and mixed after, with far fewer
            weights (Chollet, 2017); for one or two axes.
        activation: Applied after normalisation.
        normalization: ``batch``, ``layer``, ``group``, ``rms`` or ``none``.
        pool: Size of the max pooling after each layer, in positions; null has none.
        dropout: Share of the outputs that is set to zero in training.
        bias: Whether filters have an offset; null: where no normalisation would undo it.
        initializer: How kernels start; ``he_normal`` suits deep ones with relu.
        l2: Weight of the sum of the kernels' squares in the loss.

    Returns:
        The features and their mask.

    References:
        Kim, 2014, https://arxiv.org/abs/1408.5882
    """
    for width in as_list(filters):
        branches = []
        for size in kernels or [kernel]:
            branch, after = convolve(
                x,
                mask,
                filters=width,
                kernel=size,
                strides=strides,
                dilation=dilation,
                padding="same" if kernels else padding,
                causal=causal,
                separable=separable,
                bias=normalization == "none" if bias is None else bias,
                initializer=initializer,
                l2=l2,
            )
            branches.append(branch)
        x = branches[0] if len(branches) == 1 else keras.layers.Concatenate()(branches)
        mask = after
        if normalization != "none":
            x = normalize(x, mask, kind=normalization)
        if activation != "linear":
            x = keras.layers.Activation(activation)(x)
        if pool is not None:
            x, mask = pooled(x, mask, kind="max", size=pool)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
    return x, mask
