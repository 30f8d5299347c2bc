"""Where a position stands in its sequence: what Transformers are told of it."""

from __future__ import annotations

from typing import Any, Literal

from toolkit.blocks.state import CarriedState, Tensor
from toolkit.lazy import keras, keras_hub

Positions = Literal["none", "learned", "sinusoidal", "rotary", "alibi"]
"""``learned`` (an embedding of each position) and ``sinusoidal`` (Vaswani et al., 2017) are added
to the features; ``rotary`` (Su et al., 2021) turns queries and keys, ``alibi`` (Press et al., 2022)
lowers scores by distance: both act in each layer, on distances alone."""


def places(x: Tensor, state: CarriedState | None = None) -> Tensor:
    """Return the place of each position of a sequence, from 0, shape ``(1, time)``, int32.

    Args:
        x: Shape ``(batch, time, ...)``.
        state: With a cache, what was read in earlier turns comes before.
    """
    ops = keras.ops
    while len(x.shape) > 2:
        x = x[..., 0]
    ones = ops.ones_like(ops.take(x, 0, axis=0), dtype="int32")
    at = ops.expand_dims(ops.cumsum(ones) - 1, 0)
    return at if state is None or state.cache is None else at + ops.take(state.position(), 0)


def add_positions(
    x: Tensor,
    state: CarriedState | None,
    *,
    kind: Positions,
    longest: int,
    initializer: Any = "glorot_uniform",
) -> Tensor:
    """Add to a sequence's features what tells their place, for the kinds that do it so.

    Args:
        x: Shape ``(batch, time, features)``.
        state: With a cache, what was read in earlier turns comes before.
        kind: ``learned`` or ``sinusoidal``; others change nothing here.
        longest: Positions that are learned.
        initializer: How these start.

    Returns:
        The same shape.
    """
    if kind == "learned":
        layer = keras_hub.layers.PositionEmbedding(longest, initializer=initializer)
    elif kind == "sinusoidal":
        layer = keras_hub.layers.SinePositionEncoding()
    else:
        return x
    if state is None or state.cache is None:
        return x + layer(x)
    at = places(x, state)
    return x + layer(x, positions=at if kind == "learned" else keras.ops.cast(at, x.dtype))
