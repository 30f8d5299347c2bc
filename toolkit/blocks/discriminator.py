"""Networks that tell images of the data from those that a generator made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from toolkit.blocks.conditions import ConditionBy, joined
from toolkit.blocks.image_layers import FAST, ImageLayers, start
from toolkit.blocks.image_residual import down_block, flat_block
from toolkit.blocks.options import Activation, ImageNormalization
from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.types import Count, Fraction, Positive, PositiveInt

Architecture = Literal["dcgan", "resnet", "patch"]


class Published(NamedTuple):
    """What an architecture has where nothing else is asked for; see the options' texts."""

    filters: list[int]
    kernel: int
    normalization: ImageNormalization
    activation: Activation = "leaky_relu"
    init_std: float | None = 0.02


PUBLISHED: dict[str, Published] = {
    "dcgan": Published([64, 128], 4, "batch"),
    "resnet": Published([128, 128], 3, "none", "relu", None),
    "patch": Published([64, 128, 256, 512], 4, "batch"),
}
RESIDUAL_BLOCKS = 2


def discriminator(
    x: Tensor,
    condition: Tensor | None = None,
    *,
    architecture: Architecture = "dcgan",
    filters: Annotated[list[PositiveInt], Field(min_length=1)] | None = None,
    kernel: PositiveInt | None = None,
    normalization: ImageNormalization | None = None,
    activation: Activation | None = None,
    dropout: Fraction = 0.0,
    residual_blocks: Count | None = None,
    spectral_normalization: bool = False,
    init_std: Positive | None = None,
    condition_by: ConditionBy = "embedding",
) -> Tensor:
    """A network that judges an image, up to its last layer, which the task adds.

    ``dcgan`` (Radford et al., 2016) is convolutions that halve the size, ``resnet`` (Gulrajani et
    al., 2017; Miyato et al., 2018) residual blocks whose features are summed over the image; both
    give a vector. ``patch`` (Isola et al., 2017) gives a grid, so that each part of the image is
    judged by itself: with kernels of 4 and a last layer that is a convolution of 4 too, four
    entries make parts of 70 x 70 pixels, three 34 x 34 and two 16 x 16.

    Options that are null are as published, but for ``filters``, which are those of small images.
    A gradient penalty wants each image judged by itself: it goes with ``layer``, ``instance`` or
    ``none``, and not with ``batch`` (Gulrajani et al., 2017, section 4).

    Args:
        x: Shape ``(batch, height, width, channels)``, in -1..1.
        condition: What the image is said to be of, ``(batch, numbers)``, or None.
        architecture: ``dcgan``, ``resnet`` or ``patch``.
        filters: Channels at each size; each entry halves it, but for the last of ``patch``. Null:
            [64, 128], [128, 128] and [64, 128, 256, 512], in the order of the architectures.
        kernel: Height and width of the windows, in pixels; null: 3 for ``resnet``, else 4.
        normalization: ``batch``, ``layer``, ``group``, ``instance``, ``rms`` or ``none``; ``layer``
            is over the whole image. The first convolution of ``dcgan`` and ``patch`` has none.
            Null: ``none`` for ``resnet``, else ``batch``.
        activation: Applied after normalisation; null: ``relu`` for ``resnet``, else ``leaky_relu``,
            whose slope below zero is 0.2.
        dropout: Share of the outputs that is set to zero in training.
        residual_blocks: Blocks of ``resnet`` that follow and keep the size; null: 2.
        spectral_normalization: Whether kernels are divided by their largest singular value in each
            step of training (Miyato et al., 2018); mostly with ``normalization: none``.
        init_std: Deviation of the normal distribution that kernels start from; null: 0.02 where a
            normalization makes up for so little, else (and for ``resnet``) Keras's Glorot uniform.
        condition_by: How a condition is told: by ``embedding`` a matrix maps it to one new channel
            of the image, with weights of its own for each pixel; ``concatenate`` makes each of its
            numbers a channel.

    Returns:
        Shape ``(batch, features)``, or ``(batch, parts down, parts across, filters[-1])``.

    Raises:
        Refused: If the image's size is not known and the architecture or an embedding needs it.

    References:
        Radford, Metz and Chintala, 2016, https://arxiv.org/abs/1511.06434;
        Gulrajani et al., 2017, https://arxiv.org/abs/1704.00028;
        Miyato et al., 2018, https://arxiv.org/abs/1802.05957;
        Isola et al., 2017, https://arxiv.org/abs/1611.07004
    """
    wrong = fault({"architecture": architecture, "residual_blocks": residual_blocks})
    if wrong:
        raise Refused(f"block 'discriminator': {wrong}")
    usual = PUBLISHED[architecture]
    kind = normalization or usual.normalization
    layers = ImageLayers(
        kernel or usual.kernel,
        kind,
        activation or usual.activation,
        dropout,
        start(init_std, usual.init_std, kind),
        spectral_normalization,
        FAST,
    )
    filters = filters or usual.filters
    if architecture == "dcgan" and None in x.shape[1:3]:
        raise Refused(
            "block 'discriminator': dcgan reads images of one fixed height and width, and these "
            "vary; resnet and patch do not mind"
        )
    x = joined("discriminator", x, condition, condition_by)
    if architecture == "resnet":
        blocks = RESIDUAL_BLOCKS if residual_blocks is None else residual_blocks
        return _resnet(x, filters, blocks, layers)
    x = _convolutions(x, filters, layers, halve_last=architecture == "dcgan")
    return keras.layers.Flatten()(x) if architecture == "dcgan" else x


def fault(options: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the options together, or None."""
    if options["residual_blocks"] is None or options["architecture"] == "resnet":
        return None
    return (
        f"architecture '{options['architecture']}' has no residual_blocks; leave them out, or take "
        "resnet"
    )


def _convolutions(
    x: Tensor, filters: Sequence[int], layers: ImageLayers, *, halve_last: bool
) -> Tensor:
    """Return features after convolutions, which halve the size."""
    for depth, width in enumerate(filters):
        first, last = depth == 0, depth == len(filters) - 1
        strides = 1 if last and not halve_last else 2
        x = layers.conv(x, width, strides=strides, bias=first or layers.bias)
        x = layers.finish(x, normalized=not first)
    return x


def _resnet(x: Tensor, filters: Sequence[int], blocks: int, layers: ImageLayers) -> Tensor:
    """Return features of residual blocks, summed over the image."""
    for depth, width in enumerate(filters):
        x = down_block(x, width, layers, first=depth == 0)
    for _ in range(blocks):
        x = flat_block(x, layers)
    return keras.ops.sum(layers.activate(layers.normalize(x)), axis=(1, 2))
