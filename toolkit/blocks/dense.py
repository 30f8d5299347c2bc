"""Fully connected layers."""

from __future__ import annotations

from toolkit.blocks.normalize import normalize
from toolkit.blocks.options import Activation, Initializer, Normalization, Widths, as_list
from toolkit.blocks.state import Tensor
from toolkit.lazy import keras
from toolkit.types import Count, Fraction, NonNegative


def dense(
    x: Tensor,
    mask: Tensor | None = None,
    *,
    units: Widths = 128,
    layers: Count = 1,
    activation: Activation = "relu",
    normalization: Normalization = "none",
    dropout: Fraction = 0.0,
    bias: bool | None = None,
    initializer: Initializer = "glorot_uniform",
    l2: NonNegative = 0.0,
) -> Tensor:
    """Fully connected layers, one after another, on each position by itself.

    Each is followed by normalisation, activation and dropout, as far as asked for.

    Args:
        x: Any shape with the features last.
        mask: Shape ``(batch, time)``, True at real positions, which alone count in a batch norm.
        units: Features that a layer gives; a list makes one layer for each entry.
        layers: How often that is repeated; 0 has no layer at all.
        activation: Applied after normalisation.
        normalization: ``batch``, ``layer``, ``group``, ``rms`` or ``none``.
        dropout: Share of each layer's outputs that is set to zero in training.
        bias: Whether units have an offset; null: where no normalisation would undo it.
        initializer: How kernels start.
        l2: Weight of the sum of the kernels' squares in the loss.

    Returns:
        The same shape but for the last axis, which has ``units`` features.
    """
    for width in as_list(units) * layers:
        x = keras.layers.Dense(
            width,
            use_bias=normalization == "none" if bias is None else bias,
            kernel_initializer=initializer,
            kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
        )(x)
        if normalization != "none":
            x = normalize(x, mask, kind=normalization)
        if activation != "linear":
            x = keras.layers.Activation(activation)(x)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
    return x
