"""Telling a network something besides what it reads."""

from __future__ import annotations

from typing import Literal

from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras

ConditionBy = Literal["embedding", "concatenate"]
"""Whether a condition is mapped by learned weights before it is joined, or joined as it is."""


def joined(
    block: str, x: Tensor, condition: Tensor | None, by: ConditionBy, units: int = 1
) -> Tensor:
    """Return features with a condition beside them (Mirza and Osindero, 2014).

    By ``concatenate`` the condition's numbers are new features, the same at all positions of a
    grid. By ``embedding`` a matrix maps the condition first: for a vector to ``units`` new
    features, for a grid to one new channel that has a weight of its own for each position. Those
    weights start with a deviation of 1, as strong as noise or pixels are, or a network would at
    first learn to leave them aside.

    Args:
        block: Whose it is, for messages.
        x: Shape ``(batch, features)`` or ``(batch, height, width, channels)``.
        condition: Shape ``(batch, numbers)``; None gives ``x`` as it is.
        by: How it is joined.
        units: New features that an embedding gives to a vector.

    Raises:
        Refused: If an embedding is to have a weight for each position of a grid of varying size.

    References:
        Mirza and Osindero, 2014, https://arxiv.org/abs/1411.1784
    """
    if condition is None:
        return x
    grid = len(x.shape) == 4
    if by == "embedding":
        if grid and None in x.shape[1:3]:
            raise Refused(
                f"block '{block}': condition_by 'embedding' has a weight for each position, and "
                "these images vary in size; use condition_by: concatenate"
            )
        height, width = x.shape[1:3] if grid else (1, units)
        start = keras.initializers.RandomNormal(stddev=1.0)
        layer = keras.layers.Dense(height * width, use_bias=False, kernel_initializer=start)
        condition = layer(condition)
        if grid:
            condition = keras.layers.Reshape((height, width, 1))(condition)
    elif grid:
        everywhere = keras.ops.expand_dims(condition, (1, 2))  # (batch, 1, 1, numbers)
        condition = keras.ops.add(everywhere, keras.ops.zeros_like(x[..., :1]))
    return keras.layers.Concatenate()([x, condition])
