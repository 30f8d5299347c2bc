"""Tokenizers in folders of Hugging Face's transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.data.files import read_bytes, read_text
from toolkit.data.subwords.families import NAMES, Names, byte_pair, sentencepiece, special_ids
from toolkit.data.subwords.kerashub import read_merges
from toolkit.data.subwords.subwords import Subwords
from toolkit.errors import Refused

MODELS = ("spiece.model", "sentencepiece.bpe.model", "spm.model", "tokenizer.model")
"""Names that the families give to a SentencePiece model."""
SETTINGS = ("config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
FILES = (*SETTINGS, "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", *MODELS)
"""All files of a folder that say something of its tokenizer."""
TOKENS = {
    "pad": ("pad_token",),
    "unknown": ("unk_token",),
    "start": ("cls_token", "bos_token"),
    "end": ("sep_token", "eos_token"),
    "mask": ("mask_token",),
}
"""What transformers calls the special tokens."""


def read_hugging_face(folder: Path, key: str) -> Subwords:
    """Return the tokenizer of a Hugging Face folder; nothing else of it is read.

    Args:
        folder: Holds ``vocab.txt``, ``vocab.json`` and ``merges.txt``, a SentencePiece model, or
            ``tokenizer.json``.
        key: The config key that names it, for messages.

    Raises:
        Refused: If it has none of the three kinds, or a file is damaged.
    """
    config, settings, given, _ = (_json(folder / name) for name in SETTINGS)
    names = _names({**settings, **given})
    family = str(settings.get("tokenizer_class") or config.get("model_type") or "")
    whole = _json(folder / "tokenizer.json")
    if (folder / "vocab.txt").is_file():
        lines = read_text(folder / "vocab.txt").removesuffix("\n").split("\n")
        pieces = tuple(line.rstrip("\r") for line in lines)
        return _word_piece(_with_added(pieces, folder, whole), names, settings, whole, key)
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        merges = read_merges(folder / "merges.txt")
        return _byte_pair(_json(folder / "vocab.json"), merges, folder, names, settings, whole)
    for name in MODELS:
        if (folder / name).is_file():
            lower = bool(settings.get("do_lower_case", "albert" in family.lower()))
            model = read_bytes(folder / name)
            return sentencepiece(model, family, folder / name, names=names, lower=lower)
    return _of_one_file(folder, whole, names, settings, key)


def _of_one_file(
    folder: Path, whole: dict[str, Any], names: Names, settings: dict[str, Any], key: str
) -> Subwords:
    """Read ``tokenizer.json``, where there is nothing besides."""
    model = whole.get("model", {})
    kind, ids = model.get("type"), model.get("vocab")
    if kind == "WordPiece":
        pieces = _with_added(_ordered(ids), folder, whole)
        return _word_piece(pieces, names, settings, whole, key)
    splits = json.dumps(whole.get("pre_tokenizer"))
    if kind == "BPE" and '"ByteLevel"' in splits and '"Split"' not in splits:
        pairs = [m.split(" ", 1) if isinstance(m, str) else m for m in model["merges"]]
        merges = [(first, second) for first, second in pairs]
        return _byte_pair(ids, merges, folder, names, settings, whole)
    if not whole:
        raise Refused(
            f"{key}: no tokenizer in {folder}: expected vocab.txt, vocab.json with merges.txt, "
            f"{MODELS[0]} or tokenizer.json (Hugging Face), tokenizer.json with assets (KerasHub), "
            "or spec.json (a run)."
        )
    raise Refused(
        f"{key}: the tokenizer in {folder} ({kind}) splits text in a way that is none of "
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


def _byte_pair(
    ids: dict[str, int],
    merges: list[tuple[str, str]],
    folder: Path,
    names: Names,
    settings: dict[str, Any],
    whole: dict[str, Any],
) -> Subwords:
    vocabulary = _with_added(_ordered(ids), folder, whole)
    prefix = bool(settings.get("add_prefix_space"))
    return byte_pair(vocabulary, merges, names=names, prefix_space=prefix)


def _ordered(ids: dict[str, int]) -> tuple[str, ...]:
    return tuple(sorted(ids, key=ids.__getitem__))


def _with_added(pieces: tuple[str, ...], folder: Path, whole: dict[str, Any]) -> tuple[str, ...]:
    """Return the vocabulary with the tokens that were added behind it."""
    added = {str(token): int(i) for token, i in _json(folder / "added_tokens.json").items()}
    added |= {entry["content"]: entry["id"] for entry in whole.get("added_tokens", ())}
    for token, i in sorted(added.items(), key=lambda pair: pair[1]):
        if i == len(pieces):
            pieces = (*pieces, token)
    return pieces


def _names(given: dict[str, Any]) -> Names:
    """Return what the special tokens are called: as the folder says, else as is usual."""
    found = {}
    for name, keys in TOKENS.items():
        values = [given.get(key) for key in keys]
        tokens = [value.get("content") if isinstance(value, dict) else value for value in values]
        found[name] = (*(token for token in tokens if isinstance(token, str)), *NAMES[name])
    return found


def _json(path: Path) -> dict[str, Any]:
    """Return what a file holds, or nothing where there is none.

    Raises:
        Refused: If it is damaged.
    """
    if not path.is_file():
        return {}
    try:
        content = json.loads(read_text(path))
    except ValueError as error:
        raise Refused(f"{path}: is no JSON ({error}).") from None
    if not isinstance(content, dict):
        raise Refused(f"{path}: expected a JSON object.")
    return content
