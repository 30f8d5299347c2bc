"""Tokenizers in KerasHub's own folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.data.files.finding import read_bytes, read_text
from toolkit.data.subwords.families import NAMES, byte_pair, sentencepiece, word_piece
from toolkit.data.subwords.subwords import Subwords
from toolkit.errors import Refused
from toolkit.presets.places import Place

CONFIG = "tokenizer.json"
ASSETS = "assets/tokenizer"
FILES = ("vocabulary.spm", "vocabulary.txt", "vocabulary.json", "merges.txt")


def is_kerashub(folder: Path) -> bool:
    """Say whether a folder holds a tokenizer of KerasHub."""
    try:
        return "class_name" in json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return False


def read_kerashub(place: Place, key: str) -> Subwords:
    """Return the tokenizer of a KerasHub preset.

    Args:
        place: Holds ``tokenizer.json`` and ``assets/tokenizer``.
        key: The config key that names it, for messages.

    Raises:
        Refused: If it is of none of the three kinds, or a file is missing, damaged or lacks a token
            that the kind cannot do without.
    """
    path = place.file(CONFIG)
    saved = read_json(path)
    config, family = saved.get("config", {}), str(saved.get("class_name", "tokenizer"))
    assets = {name: place.file(f"{ASSETS}/{name}") for name in FILES}
    model, words, ids, merges = (assets.get(name) for name in FILES)
    if model is not None:
        return sentencepiece(read_bytes(model), family, model)
    if words is not None:
        text = read_text(words).removesuffix("\n")
        pieces = tuple(line.rstrip() for line in text.split("\n"))
        names = {**NAMES, "unknown": (config.get("oov_token") or "[UNK]",)}
        lower, accents = bool(config.get("lowercase")), bool(config.get("strip_accents"))
        return word_piece(pieces, words, names=names, lower=lower, strip_accents=accents)
    if ids is not None and merges is not None:
        known: dict[str, int] = read_json(ids)
        return byte_pair(
            tuple(sorted(known, key=known.__getitem__)),
            read_merges(merges),
            ids,
            prefix_space=bool(config.get("add_prefix_space")),
        )
    raise Refused(
        f"{key}: the {family} of {place.name} is none of wordpiece, bpe and sentencepiece, or its "
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


def read_json(path: Path | None) -> dict[str, Any]:
    """Return what a file holds, or nothing where there is none.

    Raises:
        Refused: If it is damaged.
    """
    if path is None:
        return {}
    try:
        content = json.loads(read_text(path))
    except ValueError as error:
        raise Refused(f"{path}: is no JSON ({error}).") from None
    if not isinstance(content, dict):
        raise Refused(f"{path}: expected a JSON object.")
    return content
