"""A data set that has been loaded to shards: separate examples, or a text's tokens."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.files.finding import MEBIBYTE, stamp
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.prepare.output import Output, names_of
from toolkit.data.prepare.pool import run_jobs
from toolkit.data.prepare.shard_writer import ShardWriter
from toolkit.data.prepare.text import Say
from toolkit.data.prepare.token_shards import TOKENS, TokenWriter, finish_tokens
from toolkit.data.records.features import Feature
from toolkit.data.records.manifest import Manifest, Part
from toolkit.data.records.tokens import NAME
from toolkit.data.spec import Dataset, Ragged, Split
from toolkit.data.spec_json import to_json
from toolkit.errors import Refused
from toolkit.lazy import tf

SMALL = 16
"""Elements of a row up to which all rows are kept beside the records too, mapped and not read."""
SEVERAL = 100
"""Files whose mean size is taken for that of all."""


@dataclass(frozen=True)
class Job:
    """One shard to be made.

    Attributes:
        folder: Where it goes.
        name: Its name.
        rows: Its examples: an array or ``Ragged`` by name; names of files where they are kept so.
        features: How they are kept; None for tokens.
        vocabulary: Tokens of the vocabulary; 0 where there are none.
    """

    folder: Path
    name: str
    rows: Mapping[str, Any]
    features: Mapping[str, Feature] | None
    vocabulary: int


def prepare_examples(
    dataset: Dataset, name: str, output: Output, *, workers: int, shard_size: int, say: Say
) -> None:
    """Write the shards of a data set and their manifest.

    Args:
        dataset: The data set.
        name: Its name, for messages.
        output: The folder, taken by this process.
        workers: Processes that write.
        shard_size: MiB of a shard, about.
        say: Takes progress, a line at a time.
    """
    tokens = dataset.spec.targets and dataset.spec.target.kind == "next"
    features = None if tokens else _features(dataset)
    vocabulary = len(dataset.spec.input.vocabulary or ()) if tokens else 0
    size = shard_size * MEBIBYTE
    plans = {part: _ranges(split, features, size) for part, split in dataset.splits.items()}
    names = {part: names_of(part, len(ranges)) for part, ranges in plans.items()}
    done = output.done([name for part in names.values() for name in part])
    total, count = sum(map(len, plans.values())), len(done)
    if done:
        say(f"{count:,} of {total:,} shards are done already")

    def jobs() -> Iterator[Job]:
        for part, split in dataset.splits.items():
            for shard, rows in zip(names[part], plans[part], strict=True):
                if shard not in done:
                    arrays = _rows(split, rows, features)
                    yield Job(output.folder, shard, arrays, features, vocabulary)

    for written in run_jobs(write_shard, jobs(), max(min(workers, total - count), 1)):
        count += 1
        say(f"{written}: {count:,} of {total:,}")
    made = {part: output.shards(part, names[part]) for part in plans}
    if features is None:
        finish_tokens(
            output,
            {part: (shards, sum(more["counts"])) for part, (shards, more) in made.items()},
            dataset.spec,
            dataset.encoder,
            where=dict.fromkeys(made, f"data={name}"),
            fraction=0.0,
            notes=dataset.notes,
        )
        return
    for part, (_, more) in made.items():
        for key, arrays in more.items():
            output.save(f"{part}.{key}", np.concatenate(arrays))
    Manifest(
        kind="examples",
        spec=to_json(dataset.spec, dataset.encoder),
        groups={part: shards for part, (shards, _) in made.items()},
        parts={part: Part(part, 0, len(split)) for part, split in dataset.splits.items()},
        made_from=output.made_from,
        features=features,
        notes=dataset.notes,
        beside=tuple(output.beside),
    ).write(output.folder)


def refuse(dataset: Dataset, name: str) -> None:
    """Refuse data that examples in files do not tell whole.

    Raises:
        Refused: With the reason.
    """
    why = None
    if dataset.spec.targets and dataset.spec.target.kind == "future":
        why = "a series is read in windows of its own table, which is small"
    elif any(split.source is not None for split in dataset.splits.values()):
        why = "its scores need the texts that its examples were cut from"
    if why is not None:
        raise Refused(f"data={name}: cannot be prepared: {why}. Train on it as it is.")


def checksum(dataset: Dataset) -> str:
    """Return what changes with a data set's examples; of files, with their sizes and times."""
    digest = hashlib.sha256()
    for part, split in dataset.splits.items():
        for name, array in split.arrays.items():
            digest.update(f"{part} {name} {len(array)}".encode())
            pieces = [array.values, array.starts] if isinstance(array, Ragged) else [array]
            for piece in map(np.asarray, pieces):
                if piece.dtype == object:
                    for path in piece.tolist():
                        digest.update(os.fsencode(f"{stamp(os.fsdecode(path))}\n"))
                else:
                    digest.update(np.ascontiguousarray(piece).data)
    return digest.hexdigest()


def write_shard(job: Job) -> str:
    """Write a job's examples into its shard, and return the shard's name."""
    if job.features is None:
        ids = job.rows[NAME]
        with TokenWriter(job.folder, job.name, TOKENS) as text:
            text.add(ids)
            text.finish_tokens(np.bincount(ids, minlength=job.vocabulary))
        return job.name
    with ShardWriter(job.folder, job.name, job.features) as writer:
        for i in range(len(next(iter(job.rows.values())))):
            example = {name: rows[i] for name, rows in job.rows.items()}
            for name, feature in job.features.items():
                if feature.form == "file":
                    example[name] = Path(os.fsdecode(example[name])).read_bytes()
            writer.write(example)
        writer.finish(**_beside(job))
    return job.name


def _beside(job: Job) -> dict[str, np.ndarray]:
    """Return what is kept beside the records too: labels, and the lengths of rows."""
    found = {}
    for name, feature in (job.features or {}).items():
        rows = job.rows[name]
        if isinstance(rows, Ragged):
            found[f"{name}.lengths"] = rows.lengths.astype("int32")
        elif feature.form != "file" and feature.elements <= SMALL:
            found[f"{name}.values"] = rows
    return found


def _features(dataset: Dataset) -> dict[str, Feature]:
    split = dataset.train
    arrays: Mapping[str, Any] = split.arrays
    if split.decode is not None and not _files(dataset):
        arrays = _decoded(split.take(np.arange(1)))
    return {name: Feature.of(array) for name, array in arrays.items()}


def _files(dataset: Dataset) -> bool:
    """Return whether picture files are kept as they are, and decoded as they are read."""
    arrays, encoder = dataset.train.arrays, dataset.encoder
    paths = [name for name, array in arrays.items() if Feature.of(array).form == "file"]
    return isinstance(encoder, ImageEncoder) and encoder.palette is None and paths == ["image"]


def _rows(
    split: Split, rows: tuple[int, int], features: Mapping[str, Feature] | None
) -> dict[str, Any]:
    """Return some examples as their job gets them."""
    if features is None:
        (ids,) = split.arrays.values()
        return {NAME: np.asarray(ids[slice(*rows)], "int32")}
    part = split.take(np.arange(*rows))
    if split.decode is not None and not any(f.form == "file" for f in features.values()):
        return _decoded(part)
    return dict(part.arrays)


def _decoded(part: Split) -> dict[str, np.ndarray]:
    """Return examples with what they refer to in its place."""
    assert part.decode is not None
    decode = tf.function(part.decode, reduce_retracing=True)
    rows = [
        decode({name: tf.constant(array[i]) for name, array in part.arrays.items()})
        for i in range(len(part))
    ]
    return {name: np.stack([row[name].numpy() for row in rows]) for name in rows[0]}


def _ranges(
    split: Split, features: Mapping[str, Feature] | None, size: int
) -> list[tuple[int, int]]:
    """Return first and one past the last example of each shard."""
    each = (
        2.0 if features is None else sum(map(_bytes_of, split.arrays.values(), features.values()))
    )
    count = max(int(size / max(each, 1.0)), 1)
    return [(at, min(at + count, len(split))) for at in range(0, len(split), count)]


def _bytes_of(array: Any, feature: Feature) -> float:
    """Return the bytes that a row takes, about."""
    if feature.form == "file":
        some = array[:: max(len(array) // SEVERAL, 1)]
        return float(np.mean([os.path.getsize(os.fsdecode(path)) for path in some]))
    if isinstance(array, Ragged):
        return 2.0 * len(array.values) / max(len(array), 1)
    return feature.elements * np.dtype(feature.dtype).itemsize
