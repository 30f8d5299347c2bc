"""Data sets of raw text that are read in pieces: their files, and how they become tokens."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.files.finding import stamp
from toolkit.data.files.part_folders import refuse_shared
from toolkit.data.prepare.documents import Documents
from toolkit.data.prepare.stretches import LOOK, Stretch, changed
from toolkit.data.spec import Split, carve
from toolkit.data.tables.columns import locate_parts
from toolkit.data.texts import text_folder
from toolkit.errors import Refused

RAW = ("text", "text_folder")
"""Data sets that are never loaded to be prepared."""


@dataclass(frozen=True)
class RawText:
    """Files of text and how they are read.

    Attributes:
        paths: Files of each part, in order.
        where: What each part is called in messages.
        documents: What a document is.
        options: The data set's, checked.
        notes: Sentences for the user.
        states: Name, size and time of each file, as they were found.
    """

    paths: Mapping[str, Sequence[Path]]
    where: Mapping[str, str]
    documents: Documents
    options: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    states: Mapping[Path, str] = field(init=False)

    def __post_init__(self) -> None:
        states = {path: _state(path) for paths in self.paths.values() for path in paths}
        object.__setattr__(self, "states", states)

    @classmethod
    def of(cls, data: Mapping[str, Any], seed: int) -> RawText:
        """Return the files of ``text`` or ``text_folder``.

        Where a validation part is carved from them, those that hold blanks alone are left out
        first, as they are in memory; for that, the beginning of each is read.

        Args:
            data: The data set's checked options, ``name`` with them.
            seed: Chooses the files of the validation part, where it is carved.

        Raises:
            Refused: If a file or folder is missing or named twice, or what is read is no text.
        """
        given = {part: data[part] for part in ("train", "valid", "test")}
        if data["name"] == "text":
            found = locate_parts(given, data["root"])
            where = {part: str(path) for part, path in found.items()}
            return cls({part: [path] for part, path in found.items()}, where, "none", data)
        folders = text_folder.folders_of(data["root"], given)
        paths = {part: text_folder.files_in(folder) for part, folder in folders.items()}
        refuse_shared(paths.values())
        where, notes = {part: str(folder) for part, folder in folders.items()}, []
        fraction, train = data["validation_fraction"], paths["train"]
        carves = "valid" not in paths and data["documents"] == "file" and fraction
        if carves and len(train) > 1:
            train = [path for path in train if _holds_text(path, data["encoding"])]
        if carves and len(train) > 1:
            rest, carved = (
                np.asarray(part.arrays["file"]).tolist()
                for part in carve(Split({"file": np.arange(len(train))}), fraction, seed)
            )
            paths |= {"train": [train[i] for i in rest], "valid": [train[i] for i in carved]}
            where["valid"] = where["train"]
            notes.append(
                f"{where['train']}: {len(carved):,} files chosen by seed {seed} are the validation "
                "part; data.valid names none."
            )
        return cls(paths, where, data["documents"], data, tuple(notes))

    def checksum(self) -> str:
        """Return what changes with the files: their names, sizes and times."""
        digest = hashlib.sha256()
        for part, paths in self.paths.items():
            for path in paths:
                digest.update(os.fsencode(f"{part} {self.states[path]}\n"))
        return digest.hexdigest()

    def refuse_changed(self) -> None:
        """Refuse if a file is no longer as it was found.

        Raises:
            Refused: If so, or if one is gone.
        """
        for path, state in self.states.items():
            if _state(path) != state:
                raise changed(path)


def _holds_text(path: Path, encoding: str) -> bool:
    if not os.path.getsize(path):
        return False
    return any(block.strip() for block in Stretch(str(path)).blocks(encoding, LOOK))


def _state(path: Path) -> str:
    try:
        return stamp(path)
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror or error}.") from error
