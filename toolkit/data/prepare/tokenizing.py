"""From parts of a text to token ids, in any process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from toolkit.data.subwords import Subwords
from toolkit.data.subwords.streaming import stream_ids
from toolkit.data.texts.piece_streams import DOCUMENT
from toolkit.data.texts.tokenization import Rules
from toolkit.data.texts.vocabulary import END_OF_LINE, Vocabulary


class Tokenizing(Protocol):
    """What a job needs of a tokenizer.

    Attributes:
        size: Tokens of the vocabulary.
        last: What ends a text that does not end so itself.
    """

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""

    @property
    def last(self) -> str:
        """What ends a text that does not end so itself; empty for nothing."""

    def ids(self, text: str) -> np.ndarray:
        """Return a part's tokens, int32; it may hold ``DOCUMENT``."""


@dataclass(frozen=True)
class ByWords:
    """Words or characters.

    Attributes:
        rules: How texts are split.
        words: The vocabulary.
        absent: What stands for words that are not in it.
    """

    rules: Rules
    words: tuple[str, ...]
    absent: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", Vocabulary(self.words))

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""
        return len(self.words)

    @property
    def last(self) -> str:
        """The end of the last line."""
        return "\n" if self.rules.unit == "word" and self.rules.end_of_line else ""

    def ids(self, text: str) -> np.ndarray:
        """Return a part's tokens."""
        known: Vocabulary = self.known  # type: ignore[attr-defined]
        text = self.rules.clean(joined(text, self.rules))
        if self.rules.unit == "character":
            return self.rules.encode(text, known, self.absent)
        return known.encode(self.rules.tokens(text), absent=self.absent)


@dataclass(frozen=True)
class ByPieces:
    """Pieces of words.

    Attributes:
        tokenizer: Splits texts.
        marks: Strings that stand for special tokens.
        end_of_line: Whether line ends count; else they are blanks.
    """

    tokenizer: Subwords
    marks: Mapping[str, int]
    end_of_line: bool

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""
        return len(self.tokenizer)

    @property
    def last(self) -> str:
        """The end of the last line."""
        return "\n" if self.end_of_line else ""

    def ids(self, text: str) -> np.ndarray:
        """Return a part's tokens."""
        text = text if self.end_of_line else text.replace("\n", " ")
        return stream_ids(self.tokenizer, text, self.marks)


def joined(text: str, rules: Rules) -> str:
    """Return a text with an ordinary end of a line between its documents."""
    ordinary = rules.end_of_line or rules.unit == "character"
    return text.replace(DOCUMENT, "\n" if ordinary else f" {END_OF_LINE} ")
