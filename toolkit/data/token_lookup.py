"""Tokens of a text by their places, whether the text lies in memory or on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from toolkit.data.records.tokens import StoredTokens
from toolkit.lazy import tf


def token_lookup(tokens: np.ndarray | StoredTokens, fill: int) -> Callable[[Any], Any]:
    """Return a function from places in a text to the tokens there.

    Args:
        tokens: The text's, shape ``(tokens,)``.
        fill: What stands beyond the text's end.

    Returns:
        A function of int64 tensors of shape ``(rows, n)`` to int32 tensors of that shape. Place -1
        has the text's last token. Of a text on disk, a row's places should be near each other.
    """
    if isinstance(tokens, StoredTokens):
        return _from_disk(tokens, fill)
    held = np.asarray(tokens, "int32")
    padded = tf.constant(np.concatenate([held[-1:], held, np.array([fill], "int32")]))
    return lambda places: tf.gather(padded, tf.minimum(places, len(held)) + 1)


def _from_disk(tokens: StoredTokens, fill: int) -> Callable[[Any], Any]:
    count, last = len(tokens), int(tokens[len(tokens) - 1])

    def lookup(places: Any) -> Any:
        found = tokens.gather(tf.clip_by_value(places, 0, count - 1))
        found = tf.where(places < 0, last, found)
        return tf.where(places < count, found, fill)

    return lookup


def token_counts(tokens: np.ndarray | StoredTokens, size: int) -> np.ndarray:
    """Return how often each token of a vocabulary of ``size`` occurs, shape ``(size,)``, int64."""
    if isinstance(tokens, StoredTokens):
        return np.pad(tokens.counts, (0, size - len(tokens.counts)))
    return np.bincount(tokens, minlength=size)
