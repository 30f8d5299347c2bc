"""One TFRecord file, written aside, with the offsets of its records."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np

from toolkit.data.files.finding import sha256
from toolkit.data.records.features import Feature
from toolkit.data.records.shards import Shard
from toolkit.lazy import tf

AROUND = 16
"""Bytes of a record's length and checksums, before and behind it."""
UNFINISHED = "unfinished"
"""The folder within the output where everything lies that is not done."""


class ShardWriter:
    """Writes records to a file that has its name only once it is whole.

    Args:
        folder: Where it goes; ``unfinished/`` is in it.
        name: Its name.
        features: What each record holds.
    """

    def __init__(self, folder: Path, name: str, features: Mapping[str, Feature]):
        self.folder, self.name, self.features = folder, name, features
        self.aside = folder / UNFINISHED / f"{name}.part"
        self.writer = tf.io.TFRecordWriter(str(self.aside))
        self.offsets, self.tokens, self.end = [0], 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.writer.close()

    def write(self, example: Mapping[str, Any]) -> None:
        """Write an example: a value for each feature."""
        held = {name: feature.write(example[name]) for name, feature in self.features.items()}
        features = tf.train.Features(feature=held)
        record = tf.train.Example(features=features).SerializeToString()
        self.writer.write(record)
        self.offsets.append(self.offsets[-1] + len(record) + AROUND)

    def finish(self, **more: np.ndarray) -> Shard:
        """Close the file, note what it holds, and give it its name.

        Args:
            more: Arrays that are put together at the end: counts, labels, lengths.
        """
        self.writer.close()
        with open(self.aside, "rb") as file:
            os.fsync(file.fileno())
        size = self.aside.stat().st_size
        if size != self.offsets[-1]:
            raise OSError(f"{self.aside}: {size} bytes were written of {self.offsets[-1]}")
        shard = Shard(self.name, len(self.offsets) - 1, self.tokens, size, sha256(self.aside))
        note = note_of(self.folder, self.name)
        with open(f"{note}.part", "wb") as file:
            offsets = np.array(self.offsets[:-1], "<i8")
            facts = np.array([str(asdict(shard)[key]) for key in sorted(asdict(shard))])
            np.savez(file, allow_pickle=False, offsets=offsets, facts=facts, **more)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{note}.part", note)
        self.aside.replace(self.folder / self.name)
        return shard


def note_of(folder: Path, name: str) -> Path:
    """Return the file that says what a shard holds, until all are done."""
    return folder / UNFINISHED / f"{name}.npz"


def noted(folder: Path, name: str) -> tuple[Shard, dict[str, np.ndarray]] | None:
    """Return a shard that is done, and the arrays that were noted with it; None if it is not."""
    path = note_of(folder, name)
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as held:
            more = {key: held[key] for key in held.files}
        values = dict(zip(sorted(Shard.__annotations__), more.pop("facts"), strict=True))
        numbers = {key: int(values[key]) for key in ("records", "tokens", "bytes")}
        shard = Shard(str(values["file"]), sha256=str(values["sha256"]), **numbers)
        whole = (folder / name).stat().st_size == shard.bytes
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # or cut by a crash
        return None
    return (shard, more) if whole else None
