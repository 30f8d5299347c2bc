"""The two texts of a pair, taken apart so that a network reads each by itself."""

from __future__ import annotations

from typing import Any

from toolkit.data.spec import Field
from toolkit.lazy import keras


def apart(ids: Any, field: Field) -> Any:
    """Return the first texts of all pairs, and below them the second ones, as rows of their own.

    Args:
        ids: Pairs, ``[start] text [end] text [end]``, with as many ``end`` between the texts as a
            tokenizer puts there (RoBERTa's two), shape ``(batch, time)``.
        field: Tells the ids of padding, ``start`` and ``end``.

    Returns:
        Shape ``(2 * batch, time)``: ``[start] text [end]`` and padding.
    """
    ops, special = keras.ops, field.special or {}
    start, end = special["start"], special["end"]
    real = ops.cast(ops.not_equal(ids, field.pad), "int32")
    ends = ops.cast(ops.equal(ids, end), "int32")
    place = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    # As far as its first end goes the first text.
    opening = ops.equal(ops.cumsum(ends, axis=1) - ends, 0)
    first = ops.where(opening, ids, field.pad)
    # The second begins behind the ends that stand together, but for the row's last: its own.
    length = ops.sum(real, axis=1, keepdims=True)
    between = ops.logical_and(ops.equal(ends, 1), place < length - 1)
    begins = ops.max(ops.where(between, place + 1, 0), axis=1, keepdims=True)
    # A start takes the place of the end before it.
    source = place + begins - 1
    second = ops.take_along_axis(ids, ops.minimum(source, ops.max(place)), axis=1)
    second = ops.where(ops.equal(place, 0), start, second)
    second = ops.where(source < length, second, field.pad)
    return ops.concatenate([first, second], axis=0)


def together(rows: Any) -> tuple[Any, Any]:
    """Return what was made of the first texts and of the second ones.

    Args:
        rows: A vector of each text, in the order of :func:`apart`, shape ``(2 * batch, width)``.
    """
    pairs = keras.ops.reshape(rows, (2, -1, rows.shape[-1]))
    return pairs[0], pairs[1]
