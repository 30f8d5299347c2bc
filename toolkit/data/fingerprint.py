"""What tells whether a split still holds the examples that it held before."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from toolkit.data.records.columns import StoredColumn
from toolkit.data.records.shards import Shards
from toolkit.data.records.tokens import StoredTokens
from toolkit.data.spec import Ragged, Split

ENOUGH = 1 << 24
"""Bytes of an array that are looked at; of a larger one rows that are spread evenly over it."""


def fingerprint(split: Split) -> str:
    """Return what changes with the examples of a split, their number and their order.

    No file is read: picture files are known by their names below the folder that holds all of them,
    so that data may be moved, and what ``prepare`` has written by its checksums.
    """
    digest = hashlib.sha256(f"{split.rows}".encode())
    for name, array in split.arrays.items():
        digest.update(f"{name} {len(array)}\n".encode())
        for piece in _pieces(array):
            digest.update(piece)
    return digest.hexdigest()


def _pieces(array: Any) -> Iterator[bytes]:
    if isinstance(array, StoredTokens):
        yield f"{array.first} {array.last} {_checksums(array.shards)}".encode()
    elif isinstance(array, StoredColumn):
        yield _checksums(array.examples.shards).encode()
    elif isinstance(array, Ragged):
        yield from _pieces(array.starts)
        yield from _pieces(array.values)
    elif np.asarray(array).dtype == object:
        paths = [os.fsdecode(path) for path in array]
        below = os.path.commonprefix(paths).rfind(os.sep) + 1
        yield os.fsencode("\0".join(path[below:] for path in paths))
    else:
        array = np.asarray(array)
        yield array[:: max(-(-array.nbytes // ENOUGH), 1)].tobytes()


def _checksums(shards: Shards) -> str:
    return " ".join(shard.sha256 for shard in shards.shards)
