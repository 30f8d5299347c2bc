"""Examples on disk, by the arrays that they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.records.features import Feature
from toolkit.data.records.shards import Shards
from toolkit.data.spec import Ragged
from toolkit.errors import Refused
from toolkit.lazy import tf

IN_MEMORY = 1 << 30
"""Bytes of records above which a column is never read into memory whole."""


@dataclass(frozen=True)
class StoredExamples:
    """Records of which each is an example.

    Attributes:
        shards: The files.
        features: What an example holds, by name.
    """

    shards: Shards
    features: Mapping[str, Feature]

    def gather(self, numbers: Any) -> dict[str, Any]:
        """Return some examples, with TensorFlow operations.

        Args:
            numbers: Which, shape ``(n,)``, int64.

        Returns:
            By name, tensors of first axis ``n``; ragged where rows differ in length.
        """
        wanted = {name: feature.parsing for name, feature in self.features.items()}
        parsed = tf.io.parse_example(self.shards.read(numbers), wanted)
        return {name: feature.read(parsed[name]) for name, feature in self.features.items()}


@dataclass(frozen=True)
class StoredColumn:
    """One input or target of examples on disk, with the manners of an array or a ``Ragged``.

    Attributes:
        examples: What it is a part of.
        name: Its name there.
        values: All its rows, mapped from a file, where they are small (labels); else None.
        lengths: Length of each row, mapped from a file, where they differ; else None.
    """

    examples: StoredExamples
    name: str
    values: np.ndarray | None = None
    lengths: np.ndarray | None = None

    @property
    def feature(self) -> Feature:
        """How its rows are kept."""
        return self.examples.features[self.name]

    def __len__(self) -> int:
        return len(self.examples.shards)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """As an array's."""
        return (len(self), *self.feature.shape)

    def __getitem__(self, rows: Any) -> Any:
        """Return one row, or, for an array of indices or a slice, an array or a ``Ragged``."""
        if self.values is not None:
            return np.asarray(self.values[rows])
        numbers = np.arange(len(self))[rows]
        found = self.examples.gather(tf.constant(np.atleast_1d(numbers), "int64"))[self.name]
        if self.feature.ragged:
            found = Ragged(found.values.numpy(), found.row_splits.numpy())
        else:
            found = found.numpy()
        return found[0] if np.ndim(numbers) == 0 else found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        held = sum(shard.bytes for shard in self.examples.shards.shards)
        if self.values is None and held > IN_MEMORY:
            raise Refused(
                f"{self.examples.shards.folder}: what is asked for reads '{self.name}' of all "
                f"{len(self):,} examples into memory, and their files of {held:,} bytes are more "
                f"than the {IN_MEMORY:,} that are allowed to."
            )
        found = self[:] if self.values is None else self.values
        return np.asarray(found, dtype)


def stored(arrays: Mapping[str, Any]) -> dict[str, StoredColumn]:
    """Return those of a split's arrays that lie on disk."""
    return {name: a for name, a in arrays.items() if isinstance(a, StoredColumn)}


def gather_stored(
    columns: Mapping[str, StoredColumn], indices: Any, others: Mapping[str, Any]
) -> dict[str, Any]:
    """Return rows of columns, each record read once.

    Args:
        columns: By name, all of the same examples.
        indices: Which rows, shape ``(n,)``, int64.
        others: Rows of the columns that have their own.
    """
    found: dict[str, Any] = {}
    own = {name: others[name] for name in columns if name in others}
    if len(own) < len(columns):
        (examples, *_) = [column.examples for name, column in columns.items() if name not in own]
        rows = examples.gather(indices)
        found = {name: rows[name] for name in columns if name not in own}
    for name, places in own.items():
        found[name] = columns[name].examples.gather(places)[name]
    return found
