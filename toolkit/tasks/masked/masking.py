"""Hiding tokens of a text, so that a network can learn to tell what they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.lazy import tf

MARKS = ("\u0120", "\u2581")
"""What byte-level BPE and SentencePiece write for the blank in front of a word."""


@dataclass(frozen=True)
class Masking:
    """Which tokens are hidden, and by what (Devlin et al. 2019, arXiv:1810.04805).

    All that is drawn follows from a seed, so that the same seed hides the same tokens.

    Attributes:
        rate: Share of the tokens of a row that may be hidden, that is. The number is rounded, and
            at least one.
        mask: Id that stands for a hidden token.
        never: Whether each id is left alone and not scored, shape ``(vocabulary,)``, bool.
        begins: Whether each id begins a word, shape ``(vocabulary,)``, bool; None hides tokens, not
            whole words.
        mask_share: Share of the hidden tokens that the mask stands for.
        random_share: Share that another token stands for, drawn from those that may be hidden; the
            rest stay as they are, and are to be told all the same.
    """

    rate: float
    mask: int
    never: np.ndarray
    begins: np.ndarray | None = None
    mask_share: float = 0.8
    random_share: float = 0.1

    def most(self, length: int) -> int:
        """Return the most tokens that are hidden of so many."""
        return min(max(1, round(self.rate * length)), length - 1)

    def __call__(self, ids: Any, real: Any, seed: Any) -> tuple[Any, Any, Any, Any]:
        """Hide tokens.

        Args:
            ids: Token ids, shape ``(batch, length)``, int32, with a known length of at least 2.
            real: Whether a position may be hidden at all, shape ``(batch, length)``, bool.
            seed: Shape ``(2,)``, whole numbers.

        Returns:
            The ids with some of them replaced, shape ``(batch, length)``; where tokens were hidden,
            shape ``(batch, most)``, int32, each position once; what they were, likewise; and 1.0
            where an entry counts or 0.0, as rows with fewer hidden tokens are filled up.
        """
        seeds = tf.unstack(tf.random.split(seed, 3))
        maskable = real & ~tf.gather(tf.constant(self.never), ids)
        positions, counted = self.chosen(maskable, self.words(ids), seeds[0])
        hidden = tf.gather(ids, positions, batch_dims=1)
        shape = tf.shape(positions)
        others = tf.constant(np.flatnonzero(~self.never), "int32")
        drawn = tf.random.stateless_uniform(shape, seeds[1], 0, tf.size(others), "int32")
        share = tf.random.stateless_uniform(shape, seeds[2])
        given = tf.where(
            share < self.mask_share + self.random_share, tf.gather(others, drawn), hidden
        )
        given = tf.where(share < self.mask_share, self.mask, given)
        given = tf.where(counted, given, hidden)
        rows = tf.broadcast_to(tf.range(shape[0])[:, None], shape)
        ids = tf.tensor_scatter_nd_update(ids, tf.stack([rows, positions], -1), given)
        return ids, positions, hidden, tf.cast(counted, "float32")

    def words(self, ids: Any) -> Any:
        """Return the number of each token's word within its row, from 0, shape as the ids'."""
        if self.begins is None:
            return tf.broadcast_to(tf.range(ids.shape[1]), tf.shape(ids))
        begin = tf.gather(tf.constant(self.begins), ids)
        numbers = tf.cumsum(tf.cast(begin, "int32"), axis=1)
        return numbers - numbers[:, :1]

    def chosen(self, maskable: Any, words: Any, seed: Any) -> tuple[Any, Any]:
        """Draw words until the share is reached; one that would go beyond it is left alone.

        Args:
            maskable: Whether a token may be hidden, shape ``(batch, length)``, bool.
            words: Number of each token's word, shape ``(batch, length)``, int32.
            seed: Shape ``(2,)``.

        Returns:
            Positions, shape ``(batch, most)``, int32, and whether each of them counts.
        """
        most = self.most(maskable.shape[1])
        draws = tf.random.stateless_uniform(tf.shape(maskable), seed)
        # The tokens of a word share its draw, so that they lie together when ordered by it.
        draws = tf.where(maskable, tf.gather(draws, words, batch_dims=1), -1.0)
        ordered = tf.math.top_k(draws, most + 1)
        possible = tf.reduce_sum(tf.cast(maskable, "float32"), axis=1, keepdims=True)
        budget = tf.cast(
            tf.clip_by_value(tf.round(self.rate * possible), 1.0, float(most)), "int32"
        )
        word = tf.gather(words, ordered.indices, batch_dims=1)
        beyond = tf.gather(word, budget, batch_dims=1)  # what comes first beyond the share
        goes_on = (word == beyond) & (tf.gather(ordered.values, budget, batch_dims=1) >= 0)
        counted = (tf.range(most + 1) < budget) & (ordered.values >= 0) & ~goes_on
        return ordered.indices[:, :most], counted[:, :most]


def never_hidden(
    vocabulary: Sequence[str], special: dict[str, int] | None, words: Sequence[str]
) -> np.ndarray:
    """Return which ids are left alone: special tokens and those that are named.

    Args:
        vocabulary: All tokens.
        special: Ids of tokens that are no words.
        words: Further tokens, such as ``<unk>``, written without the mark of a word's beginning;
            those that do not occur are passed over.

    Returns:
        Shape ``(vocabulary,)``, bool.
    """
    plain = [plainly(token, special) for token in vocabulary]
    left = np.isin(np.array(plain, dtype=object), list(words))
    left[list((special or {}).values())] = True
    return left


def plainly(token: str, special: dict[str, int] | None) -> str:
    """Return a token without the mark of a word's beginning, where it is a piece of words."""
    return token[1:] if special and token[:1] in MARKS and len(token) > 1 else token


def beginnings(vocabulary: Sequence[str], special: dict[str, int] | None) -> np.ndarray:
    """Return which tokens begin a word, told by how pieces of words are marked.

    WordPiece marks the pieces that go on (``##ing``), byte-level BPE and SentencePiece those that
    begin (``Ġthe``, ``▁the``). Where nothing is marked each token is a word.

    Returns:
        Shape ``(vocabulary,)``, bool.
    """
    begins = np.ones(len(vocabulary), bool)
    for mark in MARKS:
        if special and sum(piece.startswith(mark) for piece in vocabulary) > 1:
            begins = np.array([piece.startswith(mark) for piece in vocabulary])
    if special and any(piece.startswith("##") and len(piece) > 2 for piece in vocabulary):
        begins = np.array([not piece.startswith("##") for piece in vocabulary])
    begins[list((special or {}).values())] = True
    return begins
