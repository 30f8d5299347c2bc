"""Whether the files of a prepared data set are there and whole."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from toolkit.data.files.finding import sha256
from toolkit.data.records.manifest import Beside, Manifest, read_manifest
from toolkit.data.records.shards import Shard
from toolkit.errors import Refused

AGAIN = "Copy it anew, or delete the folder and prepare the data again."


def missing_records(data: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each file that is not there or of another size; none is opened."""
    try:
        return faults_in(Path(data["root"] or "").expanduser(), read_manifest(data["root"]))
    except Refused as refusal:
        return refusal.faults


def faults_in(folder: Path, manifest: Manifest, whole: bool = False) -> list[str]:
    """Return what is wrong with the shards in a folder and the files beside them.

    Args:
        folder: Where they lie.
        manifest: What it says of them.
        whole: Whether each is read and its checksum taken, or only its size is looked at.
    """
    faults: dict[Path, str] = {}
    files: list[Shard | Beside] = [*chain(*manifest.groups.values()), *manifest.beside]
    for file in files:
        path = folder / file.file
        if not path.is_file():
            faults[path] = f"{path}: missing. {AGAIN}"
        elif (size := path.stat().st_size) != file.bytes:
            faults[path] = f"{path}: damaged: {size:,} bytes; expected {file.bytes:,}. {AGAIN}"
        elif whole and sha256(path) != file.sha256:
            faults[path] = f"{path}: damaged: its checksum is not the manifest's. {AGAIN}"
    for name, group in manifest.groups.items():
        path, size = folder / f"{name}.index", 8 * sum(shard.records for shard in group)
        if not path.is_file() or path.stat().st_size != size:
            told = f"{path}: missing or damaged; expected {size:,} bytes. {AGAIN}"
            faults.setdefault(path, told)
    return list(faults.values())


def read_array(path: Path, mapped: bool = False) -> np.ndarray:
    """Return an array that lies beside the shards.

    Args:
        path: Its file.
        mapped: Whether it is mapped into memory, and not read.

    Raises:
        Refused: If the file is missing, or holds no whole array.
    """
    try:
        return np.load(path, mmap_mode="r" if mapped else None)
    except (OSError, ValueError, EOFError, SyntaxError, TokenError) as error:  # the last: headers
        why = getattr(error, "strerror", None) or error
        raise Refused(f"{path}: missing or damaged ({why}). {AGAIN}") from None
