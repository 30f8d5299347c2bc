"""Pairs of text of which the second follows the first, or does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.lazy import tf

ENDS = ("<eos>", "\n", ".", "!", "?")
"""Tokens after which a sentence is over."""


@dataclass(frozen=True)
class SentencePairs:
    """Makes pairs of the windows of a batch (Devlin et al. 2019, arXiv:1810.04805).

    Each window is cut where a sentence ends, as near its middle as there is one. What lies before
    is the first text; the second is what follows there, or, for half of the rows, what follows the
    cut of another window of the batch, most likely of another document. All pairs have the same two
    lengths, so that nothing but the words tells them apart.

    Attributes:
        length: Tokens of a pair, with its start and its two ends.
        start: Id in front of the pair.
        end: Id behind each text. Where it lies within a text, as between documents, it becomes
            padding, so that segments are told by the ends alone.
        pad: Id of padding.
        ends: Whether a sentence is over after each id, shape ``(vocabulary,)``, bool.
    """

    length: int
    start: int
    end: int
    pad: int
    ends: np.ndarray

    @property
    def window(self) -> int:
        """Tokens that a pair is cut from."""
        return self.window_for(self.length)

    @staticmethod
    def window_for(length: int) -> int:
        """Return tokens that a pair is cut from: a quarter more, to look for an end in."""
        return length - 3 + max(1, length // 4)

    def __call__(self, tokens: Any, seed: Any) -> tuple[Any, Any]:
        """Return pairs and which of them belong together.

        Args:
            tokens: Shape ``(batch, window)``, int32.
            seed: Shape ``(2,)``, whole numbers.

        Returns:
            Ids, shape ``(batch, length)``: start, first text, end, second text, end; and 1 where
            the second follows the first, else 0, shape ``(batch,)``, int32.
        """
        first = (self.length - 3) // 2
        second = self.length - 3 - first
        rows = tf.shape(tokens)[0]
        cuts = self.cuts(tokens)
        seeds = tf.unstack(tf.random.split(seed, 2))
        follows = tf.random.stateless_uniform([rows], seeds[0]) < 0.5
        follows |= rows < 2  # a batch of one has no other window
        steps = tf.random.stateless_uniform([rows], seeds[1], 1, tf.maximum(rows, 2), "int32")
        other = tf.where(follows, tf.range(rows), (tf.range(rows) + steps) % rows)
        a = tf.gather(tokens, cuts[:, None] + tf.range(-first, 0), batch_dims=1)
        after = tf.gather(cuts, other)[:, None] + tf.range(second)
        b = tf.gather(tf.gather(tokens, other), after, batch_dims=1)
        a, b = (tf.where(text == self.end, self.pad, text) for text in (a, b))
        mark = tf.ones([rows, 1], "int32")
        pair = tf.concat([mark * self.start, a, mark * self.end, b, mark * self.end], 1)
        return pair, tf.cast(follows, "int32")

    def cuts(self, tokens: Any) -> Any:
        """Return where each window is cut, shape ``(batch,)``: its second text begins there.

        Where ``end`` occurs twice or more in a window it marks lines, and windows are cut there;
        else it marks a document's end, over which no text goes on.
        """
        first = (self.length - 3) // 2
        last = self.window - (self.length - 3 - first)
        places = tf.range(first, last + 1)
        before = tokens[:, first - 1 : last]
        lines = tf.reduce_sum(tf.cast(tokens == self.end, "int32"), axis=1, keepdims=True) > 1
        over = tf.where(lines, before == self.end, tf.gather(tf.constant(self.ends), before))
        away = tf.abs(places - (first + last) // 2)
        far = self.window
        return tf.gather(places, tf.argmin(tf.where(over, away, away + far), axis=1))


def sentence_ends(vocabulary: Sequence[str]) -> np.ndarray:
    """Return after which ids a sentence is over, shape ``(vocabulary,)``, bool."""
    return np.array([token in ENDS for token in vocabulary])
