"""From a network's features to one vector an example, which every head can read."""

from __future__ import annotations

from typing import Any, Literal

from toolkit.errors import Refused
from toolkit.lazy import keras

Pooling = Literal["auto", "mean", "max", "first", "last", "flatten"]
"""How positions become one vector."""


def to_vector(features: Any, pooling: Pooling = "auto") -> Any:
    """Return one vector an example, of stock Keras operations; padding counts for nothing.

    Args:
        features: ``Features`` of a network. A vector is returned as it is.
        pooling: ``mean`` or ``max`` over the positions; ``first``, a sequence's first position, as
            BERT reads a text by its ``[CLS]``; ``last``, its last real position;
            ``flatten``, all positions side by side (needs a known size; padding becomes zeros).
            ``auto`` takes ``last`` for a sequence whose positions know what came before them, as
            a recurrent layer's do, and ``mean`` for another sequence; for a grid ``flatten`` where
            its size is known, and else ``max``.

    Returns:
        Shape ``(batch, width)``.

    Raises:
        Refused: If the features have no first or last position, or no known size to flatten.
    """
    x, mask = features.x, features.mask
    if features.layout == "vector":
        return x
    known = None not in x.shape[1:]
    if pooling == "auto":
        if features.layout == "sequence":
            pooling = "last" if features.causal else "mean"
        else:
            pooling = "flatten" if known else "max"
    if pooling in ("first", "last"):
        if features.layout != "sequence":
            raise Refused(
                f"task.pooling: '{pooling}' needs a sequence, and this model gives a grid; "
                "expected auto, mean, max or flatten."
            )
        return x[:, 0] if pooling == "first" else _last(x, mask)
    if pooling == "flatten":
        if not known:
            raise Refused(
                f"task.pooling: 'flatten' needs features of a known size; got "
                f"{tuple(x.shape[1:])}; expected auto, mean or max, or give the data a fixed size."
            )
        return keras.layers.Flatten(name="flattened")(_zero_padding(x, mask))
    positions = tuple(range(1, len(x.shape) - 1))
    if mask is None:
        return getattr(keras.ops, pooling)(x, axis=positions)
    if pooling == "mean":
        share = keras.ops.cast(mask, x.dtype)
        share = share / keras.ops.maximum(keras.ops.sum(share, axis=1, keepdims=True), 1)
        return keras.ops.sum(x * keras.ops.expand_dims(share, -1), axis=1)
    real = keras.ops.expand_dims(mask, -1)
    lowest = -6e4 if x.dtype == "float16" else -1e9
    highest = keras.ops.max(keras.ops.where(real, x, lowest), axis=1)
    return keras.ops.where(keras.ops.any(real, axis=1), highest, 0.0)  # zeros for an empty text


def _last(x: Any, mask: Any | None) -> Any:
    """Return each sequence's last real position, shape ``(batch, width)``."""
    if mask is None:
        return x[:, -1]
    # Padding may lie at either end, so the last position is where the count of real ones is full.
    count = keras.ops.cumsum(keras.ops.cast(mask, "int32"), axis=1)
    full = keras.ops.equal(count, keras.ops.max(count, axis=1, keepdims=True))
    chosen = keras.ops.logical_and(full, mask)
    return keras.ops.sum(_zero_padding(x, chosen), axis=1)


def _zero_padding(x: Any, mask: Any | None) -> Any:
    """Return the features with zeros at padded positions."""
    return x if mask is None else keras.ops.where(keras.ops.expand_dims(mask, -1), x, 0.0)
