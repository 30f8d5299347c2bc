"""One convolution of any rank, without activation, that padding does not change."""

from __future__ import annotations

from typing import Any

from toolkit.blocks.masks import every, hide
from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras


def convolve(
    x: Tensor,
    mask: Tensor | None,
    *,
    filters: int,
    kernel: int,
    strides: int = 1,
    dilation: int = 1,
    padding: str = "same",
    causal: bool = False,
    separable: bool = False,
    bias: bool = True,
    initializer: str = "glorot_uniform",
    l2: float = 0.0,
) -> tuple[Tensor, Tensor | None]:
    """Convolve over all spatial axes.

    ``valid`` padding gives way to ``same`` where an axis is shorter than the kernel or of unknown
    length. Sequences with a mask are padded by hand, so that where a window lies depends on the
    start of the text alone and not on how far the batch was padded.

    Args:
        x: Shape ``(batch, *spatial, channels)`` with one to three spatial axes.
        mask: Shape ``(batch, time)`` or None.
        filters: Number of channels given.
        kernel: Size along each spatial axis, in positions.
        strides: Positions between one window and the next, along each axis.
        dilation: Positions between the kernel's taps.
        padding: ``same`` or ``valid``.
        causal: Whether a position reads itself and earlier ones only (one axis).
        separable: Whether channels are convolved one by one and mixed after (one or two axes).
        bias: Whether each filter has an offset.
        initializer: How the kernel starts.
        l2: Weight of the sum of the kernel's squares in the loss.

    Returns:
        Shape ``(batch, *spatial, filters)``, zero where not real, and the new mask.
    """
    sizes = x.shape[1:-1]
    span = dilation * (kernel - 1) + 1
    if causal and len(sizes) != 1:
        raise Refused(f"block 'conv': causal needs one axis in time; the input has {len(sizes)}")
    if causal or mask is not None:
        left = span - 1 if causal else (span - 1) // 2
        x = hide(x, mask)
        if span > 1:
            x = keras.layers.ZeroPadding1D((left, span - 1 - left))(x)
        padding = "valid"
    elif any(size is None or size < span for size in sizes):
        padding = "same"
    x = _layer(
        len(sizes),
        separable,
        l2,
        initializer,
        filters=filters,
        kernel_size=kernel,
        strides=strides,
        dilation_rate=dilation,
        padding=padding,
        use_bias=bias,
    )(x)
    mask = every(mask, strides)
    return hide(x, mask), mask


def _layer(
    rank: int, separable: bool, l2: float, initializer: str, **options: Any
) -> keras.layers.Layer:
    """Return the stock layer of this rank."""
    layers = keras.layers
    known = [layers.Conv1D, layers.Conv2D, layers.Conv3D]
    parts = ["kernel"]
    if separable:
        known = [layers.SeparableConv1D, layers.SeparableConv2D]
        parts = ["depthwise", "pointwise"]
    if rank > len(known):
        raise Refused(
            f"block 'conv': separable is for one or two axes; the input has {rank}. "
            "Set separable: false"
        )
    for part in parts:
        options[f"{part}_initializer"] = initializer
        if l2:
            options[f"{part}_regularizer"] = keras.regularizers.L2(l2)
    return known[rank - 1](**options)
