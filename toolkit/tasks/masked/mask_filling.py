"""What stands where a text has a mask, for a user."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.labelled.raw_texts import raw_texts
from toolkit.data.spec import Ragged, Split
from toolkit.errors import Refused

MARKS = ("[MASK]", "<mask>")
"""What a user writes for a hidden token, whatever the tokenizer's own mask is called."""
BEST = 5
"""Guesses told for each mask."""


@dataclass(frozen=True)
class Gaps:
    """Rows of ids with masks in them; a split's ``source``.

    Attributes:
        encoder: Turns ids into text.
        vocabulary: The tokens by id.
        special: Ids of tokens that are no words.
    """

    encoder: Any
    vocabulary: tuple[str, ...]
    special: Mapping[str, int]


def read_gaps(
    given: str, data: Mapping[str, Any], encoder: Any, field: Any, *, gaps: bool = True
) -> tuple[list[str], Split]:
    """Return the texts that ``input`` of predict means, and their ids.

    Args:
        given: A text, a file or a folder, see ``toolkit.data.labelled.raw_texts``.
        data: Config group ``data`` of the run.
        encoder: Turns texts into ids.
        field: The input, with its mask.
        gaps: Whether each text must have one.

    Raises:
        Refused: If a text has no mask.
    """
    texts = [text for text in raw_texts(given, data) if text.strip()]
    for text in texts:
        if gaps and not any(mark in text for mark in MARKS):
            raise Refused(
                f"input: {text[:60]!r} has nothing to fill in; expected {' or '.join(MARKS)} where "
                "a token is hidden, in every text."
            )
    mask = field.special["mask"]
    rows = [with_gaps(text, encoder, mask) for text in texts]
    packed = Ragged.from_rows(rows)
    tokenizer: Any = getattr(encoder, "tokenizer", None)
    if hasattr(tokenizer, "frame"):  # one of pieces of words
        packed = tokenizer.frame(packed, None, getattr(encoder, "max_length", None))
    source = Gaps(encoder, field.vocabulary, field.special)
    return texts, Split({encoder.input: packed}, source=source)


def with_gaps(text: str, encoder: Any, mask: int) -> list[int]:
    """Return the ids of a text without special tokens but the masks."""
    parts = re.split("|".join(map(re.escape, MARKS)), text)
    # A blank in front of a mask belongs to the hidden token, as byte-level BPE has it.
    parts = [*(part.rstrip() for part in parts[:-1]), parts[-1]]
    tokenizer: Any = getattr(encoder, "tokenizer", None)
    if hasattr(tokenizer, "ids"):
        found = tokenizer.ids(parts)
    else:
        found = encoder.encode(parts).arrays[encoder.input]
    row: list[int] = []
    for i, part in enumerate(parts):
        row += [mask] * (i > 0) + (found[i].tolist() if part.strip() else [])
    return row


def filled(split: Split, outputs: Iterable[np.ndarray]) -> list[dict[str, Any]]:
    """Return what stands in the gaps of texts.

    Args:
        split: From :func:`read_gaps`.
        outputs: Logits, shape ``(texts, length, vocabulary)``, batch by batch.

    Returns:
        For each text ``text``, with the likeliest tokens in its gaps, and ``masks``: for each gap
        its likeliest ``token``, the ``probability`` of it, and ``tokens``, the five likeliest with
        their probabilities.
    """
    (rows,) = split.arrays.values()
    gaps: Gaps = split.source
    left_out = [i for name, i in gaps.special.items() if name != "unknown"]
    found = []
    for number, logits in enumerate(logits for part in outputs for logits in part):
        ids = np.array(rows[number])
        masks = []
        for place in np.flatnonzero(ids == gaps.special["mask"]):
            scores = np.array(logits[place], "float64")
            scores[left_out] = -np.inf  # nothing but words stands in a text
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            best = np.argsort(-shares)[:BEST]
            tokens = {gaps.vocabulary[i]: float(shares[i]) for i in best}
            token = gaps.vocabulary[best[0]]
            masks.append({"token": token, "probability": tokens[token], "tokens": tokens})
            ids[place] = best[0]
        found.append({"text": _decoded(gaps, ids), "masks": masks})
    return found


def _decoded(gaps: Gaps, ids: np.ndarray) -> str:
    """Return ids as text; what the task has added to the vocabulary is unknown to the encoder."""
    return gaps.encoder.decode([i for i in ids if i not in gaps.special.values()])
