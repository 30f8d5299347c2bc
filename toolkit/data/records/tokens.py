"""A long text's tokens on disk, any stretch of which can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from toolkit.data.records.shards import Shards
from toolkit.errors import Refused
from toolkit.lazy import tf

CHUNK = 1024
"""Tokens of a record: few enough that a window does not read much that it leaves out, and enough
that reading a record's place costs little."""
NAME = "tokens"
"""The feature of ``tf.train.Example`` that holds them."""
IN_MEMORY = 1 << 26
"""Tokens above which a text is never read into memory whole."""
AT_A_TIME = 1 << 18


@dataclass(frozen=True)
class StoredTokens:
    """Tokens of a text, or of a part of it, with the manners of an array ``(tokens,)``.

    Each record holds :data:`CHUNK` tokens, but the last of a file, which holds what is left.

    Attributes:
        shards: The files of the whole text.
        first: The part's first token.
        last: One past its last token.
        counts: How often each token of the vocabulary occurs in the part, int64.
    """

    shards: Shards
    first: int
    last: int
    counts: np.ndarray

    dtype = np.dtype("int32")
    ndim = 1

    def __len__(self) -> int:
        return self.last - self.first

    @property
    def shape(self) -> tuple[int]:
        """As an array's."""
        return (len(self),)

    @cached_property
    def _starts(self) -> np.ndarray:
        """Place of each file's first token in the text, and of its end, ``(files + 1,)``."""
        return np.cumsum([0, *(shard.tokens for shard in self.shards.shards)])

    def __getitem__(self, place: int | slice) -> Any:
        """Return one token, or a stretch as an array; slices have no step."""
        if isinstance(place, int | np.integer):
            at = range(len(self))[place]
            return self[at : at + 1][0]
        start, stop, step = place.indices(len(self))
        if step != 1:
            raise ValueError("tokens on disk are read one after the other")
        parts = [
            self.gather(tf.range(at, min(at + AT_A_TIME, stop), dtype="int64")[None])[0].numpy()
            for at in range(start, stop, AT_A_TIME)
        ]
        return np.concatenate([np.zeros(0, "int32"), *parts])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if len(self) > IN_MEMORY:
            raise Refused(
                f"{self.shards.folder}: what is asked for reads the whole text into memory, and "
                f"{len(self):,} tokens are more than the {IN_MEMORY:,} that are allowed to."
            )
        return self[:].astype(dtype or "int32")

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the text in parts."""
        for at in range(0, len(self), AT_A_TIME):
            yield self[at : at + AT_A_TIME]

    def gather(self, places: Any) -> Any:
        """Return the tokens at some places, with TensorFlow operations.

        Args:
            places: Shape ``(rows, n)``, int64, from 0; those of a row near each other, as every
                record between its first and its last is read.

        Returns:
            That shape, int32.
        """
        whole = places + self.first
        starts = tf.constant(self._starts)
        shard = tf.searchsorted(starts, tf.reshape(whole, [-1]), side="right") - 1
        shard = tf.reshape(shard, tf.shape(whole))
        local = whole - tf.gather(starts, shard)
        record = tf.gather(tf.constant(self.shards.firsts), shard) + local // CHUNK
        low, high = tf.reduce_min(record, axis=1), tf.reduce_max(record, axis=1)
        reach = tf.range(tf.reduce_max(high - low) + 1)
        wanted = tf.minimum(low[:, None] + reach, high[:, None])  # (rows, records of a row)
        numbers, row = tf.unique(tf.reshape(wanted, [-1]))
        found = _parsed(self.shards.read(numbers))  # (records, CHUNK)
        row = tf.gather(tf.reshape(row, tf.shape(wanted)), record - low[:, None], batch_dims=1)
        return tf.gather_nd(found, tf.stack([tf.cast(row, "int64"), local % CHUNK], axis=-1))


def _parsed(records: Any) -> Any:
    feature = {NAME: tf.io.RaggedFeature("int64")}
    rows = tf.io.parse_example(records, feature)[NAME]
    return tf.cast(rows.to_tensor(shape=(None, CHUNK)), "int32")
