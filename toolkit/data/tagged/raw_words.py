"""Sentences whose words a user wants tagged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.data.labelled.raw_texts import raw_texts
from toolkit.data.tagged.tagged_words import read_words
from toolkit.data.texts.tokenization import WORD

COLUMNS = (".conll", ".bio", ".iob", ".iob2", ".iobes")
"""Ends of the names of files that hold a word a line."""


@dataclass(frozen=True)
class RawSentence:
    """A text and its words.

    Attributes:
        text: As it was given; words with blanks between them where they were given one a line.
        words: Punctuation marks are words of their own.
        places: First character of each word, and one past its last, in the text.
    """

    text: str
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str) -> RawSentence:
        """Return a text cut into its words."""
        found = list(WORD.finditer(text))
        return cls(text, tuple(m.group() for m in found), tuple(m.span() for m in found))

    @classmethod
    def given(cls, words: tuple[str, ...]) -> RawSentence:
        """Return a sentence of words that are known."""
        places, at = [], 0
        for word in words:
            places.append((at, at + len(word)))
            at += len(word) + 1
        return cls(" ".join(words), words, tuple(places))


def raw_words(given: str, data: Mapping[str, Any]) -> list[RawSentence]:
    """Return the sentences that ``input`` means.

    Args:
        given: A file with a word a line (``.conll``, ``.bio``, …), as those that were trained on,
            tags aside; or anything that holds texts, whose words are cut out: see
            :func:`toolkit.data.labelled.raw_texts.raw_texts`.
        data: Config group ``data`` of the run.

    Raises:
        Refused: If there is no such file, or nothing is in it.
    """
    if os.path.isfile(given) and given.removesuffix(".gz").lower().endswith(COLUMNS):
        how = {key: data[key] for key in ("word_column", "delimiter", "comment", "encoding")}
        return [RawSentence.given(words) for words in read_words(given, **how)]
    return [RawSentence.of(text) for text in raw_texts(given, data)]
