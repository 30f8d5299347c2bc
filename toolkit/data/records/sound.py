"""Whether the files of a prepared data set are there and whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.data.files.finding import sha256
from toolkit.data.records.manifest import Manifest, read_manifest
from toolkit.errors import Refused

AGAIN = "Copy it anew, or delete the folder and prepare the data again."


def missing_records(data: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each shard that is not there or of another size; none is opened."""
    try:
        return faults_in(Path(data["root"] or "").expanduser(), read_manifest(data["root"]))
    except Refused as refusal:
        return refusal.faults


def faults_in(folder: Path, manifest: Manifest, whole: bool = False) -> list[str]:
    """Return what is wrong with the shards in a folder.

    Args:
        folder: Where they lie.
        manifest: What it says of them.
        whole: Whether each is read and its checksum taken, or only its size is looked at.
    """
    faults = []
    for shard in (shard for shards in manifest.groups.values() for shard in shards):
        path = folder / shard.file
        if not path.is_file():
            faults.append(f"{path}: missing. {AGAIN}")
        elif (size := path.stat().st_size) != shard.bytes:
            faults.append(f"{path}: damaged: {size:,} bytes; expected {shard.bytes:,}. {AGAIN}")
        elif whole and sha256(path) != shard.sha256:
            faults.append(f"{path}: damaged: its checksum is not the manifest's. {AGAIN}")
    for name, shards in manifest.groups.items():
        path, size = folder / f"{name}.index", 8 * sum(shard.records for shard in shards)
        if not path.is_file() or path.stat().st_size != size:
            faults.append(f"{path}: missing or damaged; expected {size:,} bytes. {AGAIN}")
    return faults
