"""Layers that networks for images are made of: convolutions that halve, keep or double the size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolkit.blocks.normalize import normalize
from toolkit.blocks.options import Upsampling
from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras

Start = Callable[[], Any]
"""Gives a new initializer at each call: one that is shared gives all kernels the same numbers."""

FAST = 0.9
"""Momentum of batch norms in networks that are trained against one another: these change fast, and
the running mean, which a saved generator uses, has to follow."""


@dataclass(frozen=True)
class ImageLayers:
    """What the layers of a network have in common.

    Attributes:
        kernel: Height and width of the windows, in pixels.
        normalization: See ``toolkit.blocks.options.ImageNormalization``.
        activation: Keras's name of it.
        dropout: Share of the outputs that is set to zero in training.
        start: How kernels start.
        spectral: Whether each kernel is divided by its largest singular value in training (Miyato
            et al., 2018).
        momentum: Share of the old value that a batch norm's running mean keeps at each step.
    """

    kernel: int
    normalization: str
    activation: str
    dropout: float = 0.0
    start: Start = lambda: "glorot_uniform"
    spectral: bool = False
    momentum: float = 0.99

    @property
    def bias(self) -> bool:
        """Whether layers have an offset: where no normalisation would undo it."""
        return self.normalization == "none"

    def dense(self, x: Tensor, units: int, bias: bool | None = None) -> Tensor:
        """Apply a dense layer without activation."""
        bias = self.bias if bias is None else bias
        return self._apply(keras.layers.Dense, x, units, use_bias=bias)

    def conv(
        self,
        x: Tensor,
        filters: int,
        *,
        kernel: int | None = None,
        strides: int = 1,
        padding: str = "same",
        bias: bool | None = None,
    ) -> Tensor:
        """Apply a convolution without activation; with ``strides`` of 2 it halves the size."""
        bias = self.bias if bias is None else bias
        return self._apply(
            keras.layers.Conv2D,
            x,
            filters,
            kernel_size=kernel or self.kernel,
            strides=strides,
            padding=padding,
            use_bias=bias,
        )

    def up(self, x: Tensor, filters: int, upsampling: Upsampling) -> Tensor:
        """Double the size, without activation: by a transposed convolution, or one after copies."""
        if upsampling != "transposed":
            return self.conv(enlarge(x, upsampling), filters)
        return self._apply(
            keras.layers.Conv2DTranspose,
            x,
            filters,
            kernel_size=self.kernel,
            strides=2,
            padding="same",
            use_bias=self.bias,
        )

    def finish(self, x: Tensor, *, normalized: bool = True) -> Tensor:
        """Apply normalisation, activation and dropout, as far as there are any."""
        x = self.activate(self.normalize(x) if normalized else x)
        return keras.layers.Dropout(self.dropout)(x) if self.dropout else x

    def normalize(self, x: Tensor) -> Tensor:
        """Apply the normalisation, if there is one."""
        if self.normalization == "none":
            return x
        if self.normalization == "layer":  # of the whole image: one group of all channels
            return normalize(x, kind="group", groups=1)
        return normalize(x, kind=self.normalization, momentum=self.momentum)  # type: ignore[arg-type]

    def activate(self, x: Tensor) -> Tensor:
        """Apply the activation, if there is one."""
        return x if self.activation == "linear" else keras.layers.Activation(self.activation)(x)

    def _apply(self, kind: Any, x: Tensor, width: int, **options: Any) -> Tensor:
        layer = kind(width, kernel_initializer=self.start(), **options)
        return (keras.layers.SpectralNormalization(layer) if self.spectral else layer)(x)


def start(wanted: float | None, usual: float | None, normalization: str) -> Start:
    """Return how kernels start: normal with some deviation, or as those of Keras's layers do.

    Args:
        wanted: The deviation that is asked for; None takes the usual one.
        usual: That of the architecture, so small that a normalization has to make up for it; None
            starts as Keras does.
        normalization: What follows the layers.
    """
    deviation = wanted or (None if normalization == "none" else usual)
    if deviation is None:
        return lambda: "glorot_uniform"
    return lambda: keras.initializers.RandomNormal(stddev=deviation)


def enlarge(x: Tensor, upsampling: str) -> Tensor:
    """Double the size by copies of the pixels (``nearest``) or between them (``bilinear``)."""
    return keras.layers.UpSampling2D(2, interpolation=upsampling)(x)


def start_size(block: str, goal: Any, halvings: int) -> tuple[int, int]:
    """Return the height and width from which doublings lead to an image's or just beyond.

    Args:
        block: Whose they are, for messages.
        goal: The image that is to be made, or None.
        halvings: How often the size is doubled.

    Raises:
        Refused: If the image's size is not known.
    """
    if goal is None or None in goal.shape[:2]:
        raise Refused(
            f"block '{block}' makes an image of a vector, and what it is to make has no fixed "
            "height and width"
        )
    height, width = (-(-n // 2**halvings) for n in goal.shape[:2])
    return height, width


def cut(x: Tensor, size: tuple[int | None, ...]) -> Tensor:
    """Return the middle of an image.

    Args:
        x: Shape ``(batch, height, width, channels)``.
        size: Height and width that are to be left; an odd rest goes at the bottom and at the right.

    Returns:
        The same pixels without the borders.
    """
    over = [have - want for have, want in zip(x.shape[1:3], size, strict=True)]
    if not any(over):
        return x
    return keras.layers.Cropping2D(tuple((n // 2, n - n // 2) for n in over))(x)
