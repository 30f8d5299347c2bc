"""Tokenizers in folders of Hugging Face's transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.data.files.finding import read_bytes, read_text
from toolkit.data.subwords.families import NAMES, Names, byte_pair, sentencepiece, word_piece
from toolkit.data.subwords.kerashub import read_json, read_merges
from toolkit.data.subwords.subwords import Subwords
from toolkit.errors import Refused
from toolkit.presets.places import Place

MODELS = ("spiece.model", "sentencepiece.bpe.model", "spm.model", "tokenizer.model")
"""Names that the families give to a SentencePiece model."""
SETTINGS = ("config.json", "tokenizer_config.json", "special_tokens_map.json")
TOKENS = {
    "pad": ("pad_token",),
    "unknown": ("unk_token",),
    "start": ("cls_token", "bos_token"),
    "end": ("sep_token", "eos_token"),
    "mask": ("mask_token",),
}
"""What transformers calls the special tokens."""


def read_hugging_face(place: Place, key: str) -> Subwords:
    """Return the tokenizer of a Hugging Face folder or repository; nothing else of it is read.

    Args:
        place: Holds ``vocab.txt``, ``vocab.json`` and ``merges.txt``, a SentencePiece model, or
            ``tokenizer.json``.
        key: The config key that names it, for messages.

    Raises:
        Refused: If it has none of the three kinds, or a file is damaged or lacks a token that the
            kind cannot do without.
    """
    config, settings, given = (read_json(place.file(name)) for name in SETTINGS)
    names = _names({**settings, **given})
    family = f"{settings.get('tokenizer_class', '')} {config.get('model_type', '')}".lower()
    whole = read_json(place.file("tokenizer.json"))
    added = {str(token): int(i) for token, i in read_json(place.file("added_tokens.json")).items()}
    added |= {entry["content"]: entry["id"] for entry in whole.get("added_tokens", ())}
    if (path := place.file("vocab.txt")) is not None:
        lines = read_text(path).removesuffix("\n").split("\n")
        pieces = _with_added([line.rstrip("\r") for line in lines], added)
        return _word_piece(pieces, path, names, settings, whole)
    prefix = bool(settings.get("add_prefix_space"))
    path, second = place.file("vocab.json"), place.file("merges.txt")
    if path is not None and second is not None:
        pieces = _with_added(_ordered(read_json(path)), added)
        return byte_pair(pieces, read_merges(second), path, names=names, prefix_space=prefix)
    for name in MODELS:
        if (path := place.file(name)) is not None:
            lower = bool(settings.get("do_lower_case", "albert" in family))
            return sentencepiece(read_bytes(path), family, path, names=names, lower=lower)
    path = place.file("tokenizer.json")
    if path is None or not whole:
        raise Refused(
            f"{key}: no tokenizer in {place.name}: expected vocab.txt, vocab.json with merges.txt, "
            f"{MODELS[0]} or tokenizer.json (Hugging Face), tokenizer.json with assets (KerasHub), "
            "or spec.json (a run)."
        )
    model = whole.get("model", {})
    kind, splits = model.get("type"), json.dumps(whole.get("pre_tokenizer"))
    if kind == "WordPiece":
        pieces = _with_added(_ordered(model["vocab"]), added)
        return _word_piece(pieces, path, names, settings, whole)
    if kind == "BPE" and '"ByteLevel"' in splits and '"Split"' not in splits:
        pairs = [m.split(" ", 1) if isinstance(m, str) else m for m in model["merges"]]
        merges = [(first, second) for first, second in pairs]
        pieces = _with_added(_ordered(model["vocab"]), added)
        return byte_pair(pieces, merges, path, names=names, prefix_space=prefix)
    raise Refused(
        f"{key}: the tokenizer of {place.name} ({kind}) splits text in a way that is none of "
        "wordpiece, byte-level bpe and sentencepiece with its model file."
    )


def _word_piece(
    pieces: tuple[str, ...],
    where: Path,
    names: Names,
    settings: dict[str, Any],
    whole: dict[str, Any],
) -> Subwords:
    normalizer = whole.get("normalizer") or {}
    lower = settings.get("do_lower_case", normalizer.get("lowercase", True))
    accents = settings.get("strip_accents", normalizer.get("strip_accents"))
    return word_piece(
        pieces,
        where,
        names=names,
        lower=bool(lower),
        strip_accents=bool(lower if accents is None else accents),
    )


def _ordered(ids: dict[str, int]) -> list[str]:
    return sorted(ids, key=ids.__getitem__)


def _with_added(pieces: list[str], added: dict[str, int]) -> tuple[str, ...]:
    """Return the vocabulary with the tokens that were added behind it."""
    pieces = list(pieces)
    for token in sorted(added, key=added.__getitem__):
        if added[token] == len(pieces):
            pieces.append(token)
    return tuple(pieces)


def _names(given: dict[str, Any]) -> Names:
    """Return what the special tokens are called: as the folder says, else as is usual."""
    found = {}
    for name, keys in TOKENS.items():
        values = [given.get(key) for key in keys]
        tokens = [value.get("content") if isinstance(value, dict) else value for value in values]
        found[name] = (*(token for token in tokens if isinstance(token, str)), *NAMES[name])
    return found
