"""What lies beside the shards of a prepared data set and says what they hold."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from toolkit.data.files.finding import sha256
from toolkit.data.records.features import Feature
from toolkit.data.records.shards import Shard
from toolkit.errors import Refused

NAME = "manifest.json"
FORMAT, VERSION = "records", 1
"""Changed whenever folders are written that an earlier reader would misread."""


@dataclass(frozen=True)
class Part:
    """One split.

    Attributes:
        group: Which shards hold it.
        first: Its first token there; of examples 0.
        last: One past its last; of examples their number.
    """

    group: str
    first: int
    last: int


@dataclass(frozen=True)
class Beside:
    """A file that lies beside the shards: their offsets, or an array.

    Attributes:
        file: Its name.
        bytes: Its size.
        sha256: Its checksum.
    """

    file: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Beside:
        """Return what there is to say of a file."""
        return cls(path.name, path.stat().st_size, sha256(path))


@dataclass(frozen=True)
class Manifest:
    """A prepared data set.

    Attributes:
        kind: ``tokens`` for a text that is read in windows or streams, else ``examples``.
        spec: Spec and encoder, as ``toolkit.data.spec_json`` writes them.
        groups: Shards by group: ``train-00000-of-00004.tfrecord``, …
        parts: Splits by name.
        made_from: What they were made from: the data set's options, and its files' checksum.
        features: What an example holds.
        notes: Sentences for the user.
        beside: Files beside the shards; none in manifests that were written before they were kept.
    """

    kind: Literal["tokens", "examples"]
    spec: Mapping[str, Any]
    groups: Mapping[str, tuple[Shard, ...]]
    parts: Mapping[str, Part]
    made_from: Mapping[str, Any]
    features: Mapping[str, Feature] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        content = {
            "format": FORMAT,
            "version": VERSION,
            "kind": self.kind,
            "made_from": self.made_from,
            "parts": {name: asdict(part) for name, part in self.parts.items()},
            "groups": {name: [asdict(s) for s in shards] for name, shards in self.groups.items()},
            "beside": [asdict(file) for file in self.beside],
            "features": {name: feature.to_json() for name, feature in self.features.items()},
            "notes": list(self.notes),
            **self.spec,
        }
        aside = folder / f"{NAME}.part"
        with open(aside, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(folder / NAME)

    @property
    def input_kind(self) -> str:
        """Kind of the first input."""
        return next(iter(self.spec["inputs"].values()))["kind"]

    @property
    def target_kind(self) -> str:
        """Kind of the target; ``none`` where there is none."""
        return next((field["kind"] for field in self.spec["targets"].values()), "none")


def read_manifest(root: str | os.PathLike[str] | None) -> Manifest:
    """Return what a folder's manifest says.

    Raises:
        Refused: If there is no such folder, it was not prepared or not to the end, or by another
            version.
    """
    if root is None:
        raise Refused(
            "data=records: which folder? Give data.root=FOLDER, one that `prepare` has written."
        )
    folder = Path(root).expanduser()
    path = folder / NAME
    if not folder.is_dir():
        raise Refused(f"data.root: there is no folder '{folder}'; expected one of `prepare`.")
    if not path.is_file():
        begun = (folder / "unfinished").is_dir()
        why = "`prepare` was stopped; run its command again" if begun else "expected a folder of it"
        raise Refused(f"data.root: '{folder}' has no {NAME}, which `prepare` writes last: {why}.")
    try:
        content = json.loads(path.read_text("utf-8"))
        found = content["format"], content["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path}: damaged ({error}); prepare the data anew.") from None
    if found != (FORMAT, VERSION):
        raise Refused(
            f"{path}: its format is {found[0]}, version {found[1]}; expected {FORMAT}, version "
            f"{VERSION}. Prepare the data anew, or use the version that wrote it."
        )
    try:
        return Manifest(
            kind=content["kind"],
            spec={key: content.get(key) for key in ("inputs", "targets", "encoder")},
            groups={n: tuple(Shard(**s) for s in found) for n, found in content["groups"].items()},
            parts={name: Part(**part) for name, part in content["parts"].items()},
            made_from=content["made_from"],
            features={n: Feature.from_json(f) for n, f in content["features"].items()},
            notes=tuple(content["notes"]),
            beside=tuple(Beside(**file) for file in content.get("beside", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path}: damaged ({error!r}); prepare the data anew.") from None


def facts(options: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return the kinds of input and target that options of ``records`` name, where they do."""
    try:
        manifest = read_manifest(options.get("root"))
    except Refused:
        return None, ""  # told where files are looked for
    return manifest.input_kind, manifest.target_kind
