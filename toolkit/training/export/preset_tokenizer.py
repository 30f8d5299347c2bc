"""A run's tokenizer as one of KerasHub's."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from toolkit.data.subwords import Subwords
from toolkit.data.subwords.families import FAIRSEQ
from toolkit.data.subwords.proto import in_order_of_fairseq, with_special
from toolkit.data.subwords.training import WORDPIECE
from toolkit.lazy import keras_hub
from toolkit.presets.architecture import Architecture
from toolkit.presets.families import FAMILIES
from toolkit.training.export.samples import TEXTS

TEXT = "A small text, with a word or two: naïve, 42."
PLAIN = (TEXT, TEXT.upper(), *TEXTS[4:6])
"""Texts that must become the run's ids, capitals and apostrophes among them."""


@dataclass(frozen=True)
class Fitted:
    """What KerasHub has in place of a run's tokenizer.

    Attributes:
        told: The class, for the user; or why there is none.
        tokenizer: KerasHub's, with the run's pieces; None where none gives the run's ids.
        places: Its id of each of the run's, int32; None where they are the same.
    """

    told: str
    tokenizer: Any = None
    places: np.ndarray | None = None

    def theirs(self, ids: np.ndarray) -> np.ndarray:
        """Return the run's ids as this tokenizer has them; those beyond it stay as they are."""
        if self.places is None:
            return ids
        known = ids < len(self.places)
        return np.where(known, self.places[np.where(known, ids, 0)], ids)

    def moved(self, rows: np.ndarray) -> np.ndarray:
        """Return the run's rows of tokens, shape ``(tokens, …)``, in this tokenizer's order."""
        moved = np.empty_like(rows)
        moved[self.theirs(np.arange(len(rows)))] = rows
        return moved


def fit(encoder: Any, made: Architecture) -> Fitted:
    """Return a run's tokenizer in the form that a family has in KerasHub.

    It counts only if, opened again, it has the run's pieces and special tokens and gives the run's
    ids for plain texts.

    Args:
        encoder: The run's.
        made: The encoder that the tokenizer is for.
    """
    row = FAMILIES.row(made.family)
    subwords = next(_tokenizers(encoder), None)
    if subwords is None:
        return Fitted("none: the run has read whole words or characters")
    if subwords.kind != row.tokenizer:
        told = f"none: KerasHub's {made.family} has {row.tokenizer}, and the run {subwords.kind}"
        return Fitted(told)
    name = row.class_name.replace("Backbone", "Tokenizer")
    if subwords.kind == "bpe" and subwords.lower:
        return Fitted(f"none: the run reads small letters only (data.lower), and {name} all")
    try:
        arguments, places = _arguments(subwords, made.family)
        opened = _reopened(getattr(keras_hub.models, name)(**arguments))
        fitted = Fitted(name, opened, places)
        fault = _fault(fitted, subwords)
        rare = fault is None and not all(_same(fitted, subwords, text) for text in TEXTS)
    except Exception as error:
        fault = f"cannot hold the run's ({' '.join(str(error).split())[:160]})"
    if fault is not None:
        return Fitted(f"none: KerasHub's {name} {fault}")
    if rare:
        told = f"{name}, which splits texts with rare characters otherwise than the run"
        return Fitted(told, opened, places)
    return fitted


def _tokenizers(encoder: Any) -> Iterator[Subwords]:
    """Yield the tokenizers of subwords that an encoder holds, however deep."""
    if isinstance(encoder, Subwords):
        yield encoder
    elif is_dataclass(encoder):
        for field in fields(encoder):
            yield from _tokenizers(getattr(encoder, field.name))


def _arguments(subwords: Subwords, family: str) -> tuple[dict[str, Any], np.ndarray | None]:
    """Return what KerasHub's class takes, and its id of each of ours where they differ."""
    if subwords.kind == "wordpiece":
        return {
            "vocabulary": list(subwords.vocabulary),
            "lowercase": subwords.lower,
            "strip_accents": subwords.strip_accents,
        }, None
    if subwords.kind == "bpe":
        return {
            "vocabulary": {piece: i for i, piece in enumerate(subwords.vocabulary)},
            "merges": [" ".join(pair) for pair in subwords.merges],
            "add_prefix_space": subwords.prefix_space,
        }, None
    proto = base64.b64decode(subwords.proto)
    places = None
    if family == "xlm_roberta" and subwords.vocabulary[: len(FAIRSEQ)] != FAIRSEQ:
        proto, places = _of_fairseq(proto, subwords)
    elif family == "deberta" and "[PAD]" not in subwords.vocabulary:
        proto, _ = with_special(proto, tuple(WORDPIECE.values()))
    return {"proto": proto}, places


def _of_fairseq(proto: bytes, subwords: Subwords) -> tuple[bytes, np.ndarray]:
    """Return a model as XLM-RoBERTa's class takes it, and the class's id of each of the run's.

    The class has ``<s>``, ``<pad>``, ``</s>`` and ``<unk>`` in front and ``<mask>`` at the end,
    whatever the model says.
    """
    special = subwords.special
    proto, rest = in_order_of_fairseq(proto, [subwords.vocabulary[i] for i in special.values()])
    ids = {piece: i for i, piece in enumerate(subwords.vocabulary)}
    front = [special[name] for name in ("start", "pad", "end", "unknown")]
    order = [*front, *(ids[piece] for piece in rest), special["mask"]]
    return proto, np.argsort(order).astype("int32")


def _reopened(tokenizer: Any) -> Any:
    """Return a tokenizer as a preset holds it: its options, and its pieces in files."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_assets(folder)
        opened = type(tokenizer).from_config(tokenizer.get_config())
        opened.load_assets(folder)
        return opened


def _fault(fitted: Fitted, subwords: Subwords) -> str | None:
    """Return in what a tokenizer is not the run's; None where it is."""
    theirs = fitted.theirs(np.arange(len(subwords))).tolist()
    size = fitted.tokenizer.vocabulary_size()
    if size != len(subwords):
        return f"has {size:,} tokens, and the run {len(subwords):,}"
    for name, i in subwords.special.items():
        if getattr(fitted.tokenizer, f"{name}_token_id", theirs[i]) != theirs[i]:
            return f"has another id for {subwords.vocabulary[i]}"
    for i in set(range(size)) - set(subwords.special.values()):  # special ones may be called anew
        if fitted.tokenizer.id_to_token(theirs[i]) != subwords.vocabulary[i]:
            return f"has another id for {subwords.vocabulary[i]!r}"
    other = next((text for text in PLAIN if not _same(fitted, subwords, text)), None)
    return None if other is None else f"splits {other!r} otherwise than the run"


def _same(fitted: Fitted, subwords: Subwords, text: str) -> bool:
    theirs = np.asarray(fitted.tokenizer(text)).tolist()
    return theirs == fitted.theirs(subwords.ids([text])[0]).tolist()
