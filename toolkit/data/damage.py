"""Names what on disk cannot be read, where TensorFlow's error tells little of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from toolkit.data.images import pictures
from toolkit.data.records.columns import StoredColumn
from toolkit.data.records.shards import Shards
from toolkit.data.records.sound import AGAIN
from toolkit.data.records.tokens import StoredTokens
from toolkit.data.spec import Split
from toolkit.errors import Refused


@contextmanager
def naming_damage(splits: Iterable[Split]) -> Iterator[None]:
    """Say which picture, or file and record, cannot be read: TensorFlow says the offset at most.

    Args:
        splits: What is read within.

    Raises:
        Refused: In place of TensorFlow's error, if files on disk are the cause.
    """
    splits = list(splits)
    sources, paths = _sources(splits), _picture_files(splits)
    if not sources and not paths:
        yield
        return
    from toolkit.lazy import tf

    try:
        yield
    except (tf.errors.DataLossError, tf.errors.NotFoundError, tf.errors.InvalidArgumentError) as e:
        fault = next(filter(None, (_fault(source, str(e)) for source in sources)), None)
        if fault is None:
            found = pictures.faults(paths, "full")
            pictures.refuse(found, "Mend these files, or take them away.")
            raise
        raise Refused(fault) from e


def _picture_files(splits: list[Split]) -> list[str]:
    """Return the files that are decoded when batches are made."""
    found: dict[str, None] = {}
    for split in splits:
        for array in split.arrays.values() if split.decode is not None else ():
            if isinstance(array, np.ndarray) and array.dtype == object:
                found |= dict.fromkeys(os.fsdecode(path) for path in array.flat)
    return list(found)


def _sources(splits: list[Split]) -> list[Shards]:
    found: list[Shards] = []
    for split in splits:
        for array in split.arrays.values():
            if isinstance(array, StoredTokens):
                found.append(array.shards)
            elif isinstance(array, StoredColumn):
                found.append(array.examples.shards)
    return [shards for i, shards in enumerate(found) if shards not in found[:i]]


def _fault(source: Shards, said: str) -> str | None:
    """Return which record of some shards cannot be read, if one cannot."""
    from toolkit.lazy import tf

    missing = [s.file for s in source.shards if not os.path.exists(source.folder / s.file)]
    if missing:
        return f"{source.folder / missing[0]}: missing; it was there before. {AGAIN}"
    offsets = np.fromfile(source.index, "<i8")
    near = re.search(r"record at (\d+)", said)
    # TensorFlow tells where the checksum stood that failed: at a record's start or behind its head.
    places = {int(near[1]) - back for back in (0, 8, 12)} if near else set(offsets.tolist())
    for number in np.flatnonzero(np.isin(offsets, list(places))):
        try:
            source.read(tf.constant([number], "int64"))
        except tf.errors.OpError:
            shard = int(np.searchsorted(source.firsts, number, side="right")) - 1
            path = source.folder / source.shards[shard].file
            return (
                f"{path}: damaged: record {number - source.firsts[shard]:,}, at byte "
                f"{offsets[number]:,}, cannot be read. {AGAIN}"
            )
    return None
