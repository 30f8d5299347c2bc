"""Residual networks by their depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from toolkit.blocks.conv import conv
from toolkit.blocks.options import Activation
from toolkit.blocks.residual import residual
from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras, keras_hub
from toolkit.types import NonNegative, PositiveInt

STAGES = {
    18: ("basic_block", [2, 2, 2, 2]),
    34: ("basic_block", [3, 4, 6, 3]),
    50: ("bottleneck_block", [3, 4, 6, 3]),
    101: ("bottleneck_block", [3, 4, 23, 3]),
    152: ("bottleneck_block", [3, 8, 36, 3]),
}
"""Sort and number of blocks in each stage of the networks for large images (table 1)."""


def resnet(
    x: Tensor,
    mask: Tensor | None = None,
    *,
    depth: Literal[8, 14, 18, 20, 32, 34, 44, 50, 56, 101, 110, 152] = 20,
    filters: PositiveInt | None = None,
    shortcut: Literal["pad", "projection"] | None = None,
    activation: Activation = "relu",
    bias: bool = False,
    l2: NonNegative = 0.0,
) -> tuple[Tensor, Tensor | None]:
    """A residual network of a depth that He et al. (2016) published, without its output layer.

    Depths of 6n + 2 (8, 14, 20, 32, 44, 56, 110) are those for small images: a convolution and
    three stages of n blocks, each with twice the channels and half the size of the one before; they
    read texts and series too. 18, 34, 50, 101 and 152 are those for images of about 224 x 224,
    KerasHub's backbone.

    Args:
        x: Shape ``(batch, *positions, channels)``.
        mask: Shape ``(batch, time)``, True at real positions, or None.
        depth: Number of layers with weights, with the output layer.
        filters: Channels of the first stage; null: 16 for small images; 64, and nothing else, for
            large ones.
        shortcut: How a block's input is added where shapes differ, see block ``residual``; null:
            ``pad`` for small images and ``projection`` for large ones, as published.
        activation: For small images; large ones have relu.
        bias: Whether convolutions have an offset; for small images.
        l2: Weight of the sum of the kernels' squares in the loss; for small images.

    Returns:
        The last stage's features, not yet pooled, and their mask.

    Raises:
        Refused: If a network for large images is given an option or an input that it does not have.

    References:
        He et al., 2016, https://arxiv.org/abs/1512.03385
    """
    options = {"filters": filters, "shortcut": shortcut, "activation": activation}
    wrong = fault({"depth": depth, **options, "bias": bias, "l2": l2})
    if wrong:
        raise Refused(f"block 'resnet': {wrong}")
    if depth in STAGES:
        return _backbone(x, depth), None
    common: dict[str, Any] = {"activation": activation, "bias": bias, "l2": l2}
    width = filters or 16
    x, mask = conv(x, mask, filters=width, normalization="batch", initializer="he_normal", **common)
    for stage in range(3):
        x, mask = residual(
            x,
            mask,
            filters=width * 2**stage,
            blocks=(depth - 2) // 6,
            strides=1 if stage == 0 else 2,
            shortcut=shortcut or "pad",
            **common,
        )
    return x, mask


def fault(options: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the options together, or None."""
    own = {"filters": 64, "shortcut": "projection", "activation": "relu", "bias": False, "l2": 0}
    given = [k for k, v in own.items() if options[k] is not None and options[k] != v]
    if options["depth"] not in STAGES or not given:
        return None
    fixed = ", ".join(f"{k} {str(v).lower()}" for k, v in own.items())
    return (
        f"depth {options['depth']} is KerasHub's network, which has {fixed}; leave out "
        f"{' and '.join(given)}, or take a depth of 20, 32, 44, 56 or 110"
    )


def _backbone(x: Tensor, depth: int) -> Tensor:
    """Apply KerasHub's network for large images."""
    if len(x.shape) != 4:
        raise Refused(
            f"block 'resnet': depth {depth} reads images; take a depth of 20, 32, 44, 56 or 110 "
            "for other data"
        )
    kind, blocks = STAGES[depth]
    network = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 128, 256, 512],
        stackwise_num_blocks=blocks,
        stackwise_num_strides=[1, 2, 2, 2],
        block_type=kind,
        image_shape=tuple(x.shape[1:]),
        data_format="channels_last",
        dtype=keras.config.dtype_policy(),
    )
    return network(x)
