"""Words of a sentence as ids: pieces of each, or one id a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from toolkit.data.subwords import Subwords
from toolkit.data.texts.vocabulary import PAD, UNKNOWN, Vocabulary, count


class WordReader(Protocol):
    """Turns the words of a sentence into ids."""

    @property
    def frame(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What stands before and behind the ids of a row."""

    def read(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return ids, shape ``(n,)``, and the number of the word that each belongs to."""

    def to_json(self) -> dict[str, Any]:
        """Return what the reader is made from again."""


@dataclass(frozen=True)
class WholeWords:
    """One id a word.

    Attributes:
        vocabulary: The words that are known, ``<pad>`` and ``<unk>`` before them.
        lower: Whether letters become small first.
    """

    vocabulary: tuple[str, ...]
    lower: bool = False

    @classmethod
    def of(
        cls, sentences: Sequence[Sequence[str]], *, size: int | None, minimum: int, lower: bool
    ) -> WholeWords:
        """Return the reader whose vocabulary is that of some sentences.

        Args:
            sentences: Words.
            size: Most words that are known; None for all.
            minimum: How often a word must occur to be known.
            lower: Whether letters become small first.
        """
        counts = count([w.lower() if lower else w for w in words] for words in sentences)
        known = Vocabulary.build(counts, size=size, minimum_count=minimum, first=(PAD, UNKNOWN))
        return cls(known.words, lower)

    @property
    def special(self) -> dict[str, int]:
        """Ids of the tokens that are no words."""
        return {"pad": 0, "unknown": 1}

    @cached_property
    def _known(self) -> Vocabulary:
        return Vocabulary(self.vocabulary)

    @property
    def frame(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Nothing: rows are words alone."""
        return (), ()

    def read(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return an id for each word, ``<unk>`` for those not known, and their numbers."""
        found = [word.lower() if self.lower else word for word in words]
        return self._known.encode(found, absent=1), np.arange(len(words))

    def to_json(self) -> dict[str, Any]:
        """Return what :func:`reader_from_json` needs."""
        return {"name": "WholeWords", "vocabulary": list(self.vocabulary), "lower": self.lower}


@dataclass(frozen=True)
class PiecesOfWords:
    """Several ids a word.

    Attributes:
        tokenizer: Cuts words into pieces.
    """

    tokenizer: Subwords

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The pieces."""
        return self.tokenizer.vocabulary

    @property
    def special(self) -> dict[str, int]:
        """Ids of the tokens that are no words."""
        return dict(self.tokenizer.special)

    @property
    def frame(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The tokens that begin and end a row, none where the tokenizer has none."""
        marks = ([self.special[n]] if n in self.special else [] for n in ("start", "end"))
        start, end = map(tuple, marks)
        return start, end

    def read(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the pieces of a sentence, blanks between its words, and each one's word.

        A word may have no piece: one of characters that the tokenizer drops. A piece that belongs
        to no word, a blank alone, has -1.
        """
        ids, spans = self.tokenizer.spans(" ".join(words))
        ends = np.cumsum([len(word) + 1 for word in words]) - 1  # one past each word's last letter
        last = np.maximum(spans[:, 1] - 1, spans[:, 0])
        owner = np.searchsorted(ends, last, side="right")
        blank = (spans[:, 1] <= spans[:, 0]) | (owner >= len(words))
        return np.asarray(ids, "int32"), np.where(blank, -1, owner)

    def to_json(self) -> dict[str, Any]:
        """Return what :func:`reader_from_json` needs."""
        return {"name": "PiecesOfWords", "tokenizer": self.tokenizer.to_json()}


def reader_from_json(saved: dict[str, Any]) -> WholeWords | PiecesOfWords:
    """Return the reader that ``to_json`` described."""
    if saved["name"] == "WholeWords":
        return WholeWords(tuple(saved["vocabulary"]), saved["lower"])
    return PiecesOfWords(Subwords.from_json(saved["tokenizer"]))
