"""Networks that make images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from toolkit.blocks.conditions import ConditionBy, joined
from toolkit.blocks.image_from_image import translator, unet
from toolkit.blocks.image_from_vector import dcgan, resnet
from toolkit.blocks.image_layers import FAST, ImageLayers, start
from toolkit.blocks.options import Activation, ImageNormalization, Upsampling
from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.types import Count, Fraction, Positive, PositiveInt

Architecture = Literal["dcgan", "resnet", "unet", "translator"]


class Published(NamedTuple):
    """What an architecture has where nothing else is asked for; see the options' texts."""

    filters: list[int]
    kernel: int
    upsampling: Upsampling
    normalization: ImageNormalization
    activation: Activation = "relu"
    dropout: float = 0.0
    init_std: float | None = 0.02


PUBLISHED: dict[str, Published] = {
    "dcgan": Published([128, 64], 4, "transposed", "batch"),
    "resnet": Published([128, 128], 3, "nearest", "batch", init_std=None),
    "unet": Published([64, 128, 256, 512], 4, "transposed", "batch", dropout=0.5),
    "translator": Published([64, 128, 256], 3, "transposed", "instance"),
}
OF_VECTORS = ("dcgan", "resnet")
"""Architectures that read a vector; the others read an image."""
RESIDUAL_BLOCKS = 9


def generator(
    x: Tensor,
    condition: Tensor | None = None,
    goal: Any = None,
    *,
    architecture: Architecture = "dcgan",
    filters: Annotated[list[PositiveInt], Field(min_length=1)] | None = None,
    kernel: PositiveInt | None = None,
    upsampling: Upsampling | None = None,
    normalization: ImageNormalization | None = None,
    activation: Activation | None = None,
    dropout: Fraction | None = None,
    residual_blocks: Count | None = None,
    spectral_normalization: bool = False,
    init_std: Positive | None = None,
    condition_by: ConditionBy = "embedding",
    condition_units: PositiveInt = 50,
) -> Tensor:
    """A network that makes an image, of noise or of another image, up to its last convolution.

    ``dcgan`` (Radford et al., 2016) and ``resnet`` (Miyato et al., 2018) read a vector: a dense
    layer gives the image's size, halved as often as ``filters`` has entries and rounded up, and
    each entry doubles it; what goes beyond the image in the end is cut off on all sides. ``unet``
    (Isola et al., 2017) and ``translator`` (Johnson et al., 2016; the one of CycleGAN) read an
    image and give one of its size; where it cannot be halved often enough they put zeros around it
    and cut them off again. The task adds the convolution to the image's channels and its tanh.

    Options that are null are as published, but for ``filters``, which are those of small images.

    Args:
        x: Shape ``(batch, features)`` or ``(batch, height, width, channels)``, in -1..1.
        condition: What the image is to be of, ``(batch, numbers)``, or None.
        goal: The image that is to be made, for its height and width.
        architecture: ``dcgan``, ``resnet``, ``unet`` or ``translator``.
        filters: Channels at each size. For a vector each entry doubles the size; for ``unet`` each
            halves it on the way down, and the way up mirrors them; for ``translator`` the first
            keeps the size, the others halve it. Null: [128, 64], [128, 128], [64, 128, 256, 512]
            and [64, 128, 256], in the order of the architectures.
        kernel: Height and width of the windows, in pixels; null: 3 for ``resnet`` and
            ``translator``, else 4, which the step of 2 divides, so that transposed convolutions
            leave no checkerboard (Odena et al., 2016).
        upsampling: How the size is doubled: by ``transposed`` convolutions, or by convolutions
            after ``nearest`` copies or ``bilinear`` interpolation, which take about twice the time;
            null: ``nearest`` for ``resnet``, else ``transposed``.
        normalization: ``batch``, ``layer``, ``group``, ``instance``, ``rms`` or ``none``; ``layer``
            is over the whole image. Null: ``instance`` for ``translator``, else ``batch``.
        activation: Applied after normalisation; null: ``relu``.
        dropout: Share of the outputs that is set to zero in training; for ``unet`` in its three
            innermost layers on the way up. Null: 0.5 for ``unet``, else 0.
        residual_blocks: Blocks of ``translator`` at its smallest size; null: 9, which are for 256
            pixels, where 6 are for 128.
        spectral_normalization: Whether kernels are divided by their largest singular value in each
            step of training (Zhang et al., 2019, do so in the generator too).
        init_std: Deviation of the normal distribution that kernels start from; null: 0.02 where a
            normalization makes up for so little, else (and for ``resnet``) Keras's Glorot uniform.
        condition_by: How a condition is told: by ``embedding`` a matrix maps it to
            ``condition_units`` new numbers of the vector, or to one new channel of the image;
            ``concatenate`` joins it as it is, at all positions.
        condition_units: Numbers that ``embedding`` gives a vector.

    Returns:
        Shape ``(batch, height, width, channels)``; channels are the last entry of ``filters`` for a
        vector, half of the first for ``unet`` and the first for ``translator``.

    Raises:
        Refused: If the image's size is not known, or is not that of the image it is made of.

    References:
        Radford, Metz and Chintala, 2016, https://arxiv.org/abs/1511.06434;
        Miyato et al., 2018, https://arxiv.org/abs/1802.05957;
        Isola et al., 2017, https://arxiv.org/abs/1611.07004;
        Johnson, Alahi and Fei-Fei, 2016, https://arxiv.org/abs/1603.08155;
        Zhu et al., 2017, https://arxiv.org/abs/1703.10593
    """
    wrong = fault({"architecture": architecture, "residual_blocks": residual_blocks})
    if wrong:
        raise Refused(f"block 'generator': {wrong}")
    usual = PUBLISHED[architecture]
    kind = normalization or usual.normalization
    layers = ImageLayers(
        kernel or usual.kernel,
        kind,
        activation or usual.activation,
        usual.dropout if dropout is None else dropout,
        start(init_std, usual.init_std, kind),
        spectral_normalization,
        FAST,
    )
    filters, upsampling = filters or usual.filters, upsampling or usual.upsampling
    if architecture not in OF_VECTORS:
        _check(x.shape[1:3], goal, architecture)
    x = joined("generator", x, condition, condition_by, condition_units)
    if architecture == "dcgan":
        return dcgan(x, goal, filters, upsampling, layers)
    if architecture == "resnet":
        return resnet(x, goal, filters, upsampling, layers)
    if architecture == "unet":
        return unet(x, filters, upsampling, layers)
    blocks = RESIDUAL_BLOCKS if residual_blocks is None else residual_blocks
    return translator(x, filters, blocks, upsampling, layers)


def fault(options: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the options together, or None."""
    if options["residual_blocks"] is None or options["architecture"] == "translator":
        return None
    return (
        f"architecture '{options['architecture']}' has no residual_blocks of its own; leave them "
        "out, or take translator"
    )


def _check(size: tuple[int | None, ...], goal: Any, architecture: str) -> None:
    """Refuse an image of varying size, or one that differs in size from what is to be made."""
    if None in size:
        raise Refused(
            f"block 'generator': {architecture} reads images of one fixed height and width, and "
            "these vary"
        )
    if goal is not None and None not in goal.shape[:2] and tuple(goal.shape[:2]) != tuple(size):
        raise Refused(
            f"block 'generator': {architecture} gives an image of the size that it reads, "
            f"{size[0]} x {size[1]}; the image to make has {goal.shape[0]} x {goal.shape[1]}"
        )
