"""Choices that several blocks share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from toolkit.types import PositiveInt

Activation = Literal[
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "softplus",
    "softsign",
]
"""What is applied to each number that a layer gives, under Keras's names."""

Initializer = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "zeros",
]
"""How a layer's kernel starts, under Keras's names."""

Normalization = Literal["none", "batch", "layer", "group", "rms"]
"""Over what the mean and spread are taken that a layer's outputs are brought to."""

ImageNormalization = Literal["none", "batch", "layer", "group", "instance", "rms"]
"""The same for networks that read images alone; ``instance`` takes each channel of each image by
itself, and ``layer`` all that a layer gives for an image, as in the critic of Gulrajani et al. 2017
(arXiv:1704.00028). Each position by itself, as block ``normalize`` takes it, made that critic drift
in two seeds of three of ``gan/mnist_wgan_gp``."""

Upsampling = Literal["transposed", "nearest", "bilinear"]
"""How a layer doubles the height and width of what it reads."""

Widths = PositiveInt | Annotated[list[PositiveInt], Field(min_length=1)]
"""The width of one layer, or of each of several."""


def as_list(widths: int | list[int]) -> list[int]:
    """Return the widths as a list."""
    return [widths] if isinstance(widths, int) else list(widths)
