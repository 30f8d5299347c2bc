"""Sentences whose words a user wants tagged."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.data.labelled.raw_texts import raw_texts
from toolkit.data.tagged.tagged_words import read_tagged, read_words
from toolkit.data.texts.tokenization import WORD
from toolkit.errors import Refused

COLUMNS = (".conll", ".bio", ".iob", ".iob2", ".iobes")
"""Ends of the names of files that hold a word a line, whether or not with a tag."""


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


def raw_words(
    given: str, data: Mapping[str, Any], classes: Collection[str] = ()
) -> list[RawSentence]:
    """Return the sentences that ``input`` means.

    Args:
        given: A file with a word a line, as those that were trained on: ``.conll``, ``.bio``, …,
            where tags may be left out, or one of any name whose lines all have a tag of the run; or
            anything that holds texts, whose words are cut out: see
            :func:`toolkit.data.labelled.raw_texts.raw_texts`.
        data: Config group ``data`` of the run.
        classes: The run's tags, by which columns are known.

    Raises:
        Refused: If there is no such file, or nothing is in it.
    """
    named = given.removesuffix(".gz").lower().endswith(COLUMNS)
    if named and not os.path.exists(given) and len(given.split()) == 1:
        raise Refused(f"input: no file {given}.")
    if os.path.isfile(given) and (named or _has_tags(given, data, classes)):
        how = _chosen(data, "word_column", "delimiter", "comment", "encoding")
        return [RawSentence.given(words) for words in read_words(given, **how)]
    return [RawSentence.of(text) for text in raw_texts(given, data)]


def _has_tags(path: str, data: Mapping[str, Any], classes: Collection[str]) -> bool:
    """Return whether a file is columns, each line with a tag of the run.

    Lines that end in punctuation alone are sentences, though tags of words may be called so.
    """
    columns = ("word_column", "tag_column", "delimiter", "comment", "encoding")
    try:
        tags = read_tagged(path, **_chosen(data, *columns)).tags
    except Refused:
        return False
    return tags <= set(classes) and any(map(str.isalnum, "".join(tags)))


def _chosen(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: data[key] for key in keys if key in data}
