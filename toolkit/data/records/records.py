"""A data set that ``prepare`` has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.records.columns import StoredColumn, StoredExamples
from toolkit.data.records.manifest import Manifest, Part, read_manifest
from toolkit.data.records.shards import Shards
from toolkit.data.records.sound import faults_in, read_array
from toolkit.data.records.tokens import StoredTokens
from toolkit.data.spec import Dataset, Split
from toolkit.data.spec_json import from_json
from toolkit.errors import Refused


def records(*, root: str, check: Literal["size", "full"] = "size") -> Dataset:
    """Stream a data set that `python -m toolkit prepare` has written: larger than memory, or not.

    Records are read at random from their files while training, in the order that the same data set
    would have in memory: shuffled over all shards by seed and epoch, and resumed at any step.

    Args:
        root: The folder.
        check: ``size`` looks for each file and at its size; ``full`` reads all of them once and
            compares their checksums. A record's own checksum is verified whenever it is read.

    Returns:
        Inputs, targets and splits of the data set that was prepared.

    Raises:
        Refused: If the folder was not prepared, or by another version, or a file is missing or
            damaged.
    """
    folder, manifest = Path(root).expanduser().absolute(), read_manifest(root)
    if faults := faults_in(folder, manifest, whole=check == "full"):
        raise Refused(*faults)
    spec, encoder = from_json(manifest.spec)
    splits = {name: _split(folder, manifest, name, encoder) for name in manifest.parts}
    held = {name: splits.pop(name, None) for name in ("train", "valid", "test")}
    train, valid = held["train"], held["valid"]
    assert train is not None and valid is not None  # prepared from a data set that has both
    return Dataset(spec, train, valid, held["test"], encoder, manifest.notes, splits)


def _split(folder: Path, manifest: Manifest, name: str, encoder: Any) -> Split:
    part = manifest.parts[name]
    shards = Shards(folder, manifest.groups[part.group], folder / f"{part.group}.index")
    if manifest.kind == "tokens":
        counts = read_array(folder / f"{name}.counts.npy")
        (text,) = manifest.spec["inputs"]
        tokens: Any = StoredTokens(shards, part.first, part.last, counts)
        return Split({text: tokens})
    examples = StoredExamples(shards, manifest.features)
    arrays: dict[str, Any] = {n: _column(folder, part, examples, n) for n in manifest.features}
    files = [n for n, feature in manifest.features.items() if feature.form == "file"]
    if not files:
        return Split(arrays)
    assert isinstance(encoder, ImageEncoder)  # only pictures are kept as files
    pixels = encoder.decoder_of_bytes()

    def decode(example: dict[str, Any]) -> dict[str, Any]:
        return {**example, **{name: pixels(example[name]) for name in files}}

    return Split(arrays, decode)


def _column(folder: Path, part: Part, examples: StoredExamples, name: str) -> StoredColumn:
    def mapped(what: str) -> np.ndarray:
        return read_array(folder / f"{part.group}.{name}.{what}.npy", mapped=True)

    if examples.features[name].ragged:
        return StoredColumn(examples, name, lengths=mapped("lengths"))
    kept = (folder / f"{part.group}.{name}.values.npy").is_file()  # of small rows alone
    return StoredColumn(examples, name, mapped("values") if kept else None)
