"""Dropout."""

from __future__ import annotations

from toolkit.blocks.state import Tensor
from toolkit.lazy import keras
from toolkit.types import Fraction


def dropout(x: Tensor, *, rate: Fraction = 0.5, locked: bool = False) -> Tensor:
    """Set a share of the features to zero in training (Srivastava et al., 2014).

    Args:
        x: Any shape with the features last.
        rate: Share that is dropped; the others are scaled up to keep the sum.
        locked: Whether a feature is dropped at all positions of an example or at none.

    Returns:
        The same shape.
    """
    axes = len(x.shape) - 2
    if locked and axes:
        return getattr(keras.layers, f"SpatialDropout{axes}D")(rate)(x)
    return keras.layers.Dropout(rate)(x)
