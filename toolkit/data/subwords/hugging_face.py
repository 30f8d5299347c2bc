"""Tokenizers in folders of Hugging Face's transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.data.files.finding import read_bytes, read_text
from toolkit.data.subwords.families import NAMES, Names, byte_pair, sentencepiece, special_ids
from toolkit.data.subwords.kerashub import read_merges
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
        Refused: If it has none of the three kinds, or a file is damaged.
    """
    config, settings, given = (_json(place.file(name)) for name in SETTINGS)
    names = _names({**settings, **given})
    family = f"{settings.get('tokenizer_class', '')} {config.get('model_type', '')}".lower()
    whole = _json(place.file("tokenizer.json"))
    added = {str(token): int(i) for token, i in _json(place.file("added_tokens.json")).items()}
    added |= {entry["content"]: entry["id"] for entry in whole.get("added_tokens", ())}
    if (path := place.file("vocab.txt")) is not None:
        lines = read_text(path).removesuffix("\n").split("\n")
        pieces = _with_added([line.rstrip("\r") for line in lines], added)
        return _word_piece(pieces, names, settings, whole, key)
    prefix = bool(settings.get("add_prefix_space"))
    path, second = place.file("vocab.json"), place.file("merges.txt")
    if path is not None and second is not None:
        pieces = _with_added(_ordered(_json(path)), added)
        return byte_pair(pieces, read_merges(second), names=names, prefix_space=prefix)
    for name in MODELS:
        if (path := place.file(name)) is not None:
            lower = bool(settings.get("do_lower_case", "albert" in family))
            return sentencepiece(read_bytes(path), family, path, names=names, lower=lower)
    if not whole:
        raise Refused(
            f"{key}: no tokenizer in {place.name}: expected vocab.txt, vocab.json with merges.txt, "
            f"{MODELS[0]} or tokenizer.json (Hugging Face), tokenizer.json with assets (KerasHub), "
            "or spec.json (a run)."
        )
    model = whole.get("model", {})
    kind, splits = model.get("type"), json.dumps(whole.get("pre_tokenizer"))
    if kind == "WordPiece":
        return _word_piece(
            _with_added(_ordered(model["vocab"]), added), names, settings, whole, key
        )
    if kind == "BPE" and '"ByteLevel"' in splits and '"Split"' not in splits:
        pairs = [m.split(" ", 1) if isinstance(m, str) else m for m in model["merges"]]
        merges = [(first, second) for first, second in pairs]
        pieces = _with_added(_ordered(model["vocab"]), added)
        return byte_pair(pieces, merges, names=names, prefix_space=prefix)
    raise Refused(
        f"{key}: the tokenizer of {place.name} ({kind}) splits text in a way that is none of "
        "wordpiece, byte-level bpe and sentencepiece with its model file."
    )


def _word_piece(
    pieces: tuple[str, ...],
    names: Names,
    settings: dict[str, Any],
    whole: dict[str, Any],
    key: str,
) -> Subwords:
    special = special_ids(pieces, names)
    if "unknown" not in special:
        raise Refused(f"{key}: the vocabulary has no {names['unknown'][0]}.")
    normalizer = whole.get("normalizer") or {}
    lower = settings.get("do_lower_case", normalizer.get("lowercase", True))
    accents = settings.get("strip_accents", normalizer.get("strip_accents"))
    return Subwords(
        "wordpiece",
        pieces,
        special,
        bool(lower),
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


def _json(path: Path | None) -> dict[str, Any]:
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
