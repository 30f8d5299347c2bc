"""Tokenizers in KerasHub's own folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.data.files import read_bytes, read_text
from toolkit.data.subwords.families import NAMES, byte_pair, sentencepiece, special_ids
from toolkit.data.subwords.subwords import Subwords
from toolkit.errors import Refused

CONFIG = "tokenizer.json"
ASSETS = Path("assets", "tokenizer")


def is_kerashub(folder: Path) -> bool:
    """Say whether a folder holds a tokenizer of KerasHub."""
    try:
        return "class_name" in json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return False


def read_kerashub(folder: Path, key: str) -> Subwords:
    """Return the tokenizer of a KerasHub folder.

    Args:
        folder: Holds ``tokenizer.json`` and ``assets/tokenizer``.
        key: The config key that names it, for messages.

    Raises:
        Refused: If it is of none of the three kinds, or a file is missing or damaged.
    """
    saved: dict[str, Any] = json.loads(read_text(folder / CONFIG))
    config, family = saved.get("config", {}), str(saved["class_name"])
    assets = folder / ASSETS
    if (assets / "vocabulary.spm").is_file():
        file = assets / "vocabulary.spm"
        return sentencepiece(read_bytes(file), family, file)
    if (assets / "vocabulary.txt").is_file():
        text = read_text(assets / "vocabulary.txt").removesuffix("\n")
        pieces = tuple(line.rstrip() for line in text.split("\n"))
        special = special_ids(pieces, {**NAMES, "unknown": (config.get("oov_token") or "[UNK]",)})
        lower, accents = bool(config.get("lowercase")), bool(config.get("strip_accents"))
        return Subwords("wordpiece", pieces, special, lower, strip_accents=accents)
    if (assets / "vocabulary.json").is_file():
        ids: dict[str, int] = json.loads(read_text(assets / "vocabulary.json"))
        return byte_pair(
            tuple(sorted(ids, key=ids.__getitem__)),
            read_merges(assets / "merges.txt"),
            prefix_space=bool(config.get("add_prefix_space")),
        )
    raise Refused(
        f"{key}: the {family} in {folder} is none of wordpiece, bpe and sentencepiece, or its "
        f"{ASSETS} are missing."
    )


def read_merges(path: Path) -> list[tuple[str, str]]:
    """Return the pairs of pieces that a file of merges lists, one a line.

    Raises:
        Refused: If it cannot be read, or a line is no pair.
    """
    merges = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        line = line.rstrip("\r")
        if not line or (number == 1 and line.startswith("#version")):
            continue
        pair = line.split(" ")
        if len(pair) != 2:
            raise Refused(f"{path}, line {number}: expected two pieces, got {line[:40]!r}.")
        merges.append((pair[0], pair[1]))
    return merges
