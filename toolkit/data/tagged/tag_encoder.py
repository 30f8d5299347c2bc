"""From sentences of words to rows of ids, and from rows back to the words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.questions.windows import fullest, windows
from toolkit.data.spec import NOT_SCORED, Ragged, Split
from toolkit.data.subwords import SubwordEncoder
from toolkit.data.tagged.raw_words import RawSentence, raw_words
from toolkit.data.tagged.tagged_words import Sentence
from toolkit.data.tagged.word_pieces import PiecesOfWords, WholeWords, reader_from_json
from toolkit.errors import Refused


@dataclass(frozen=True)
class Sentences:
    """What rows were cut from; a split's ``source``.

    Its array ``word`` says of each token which word's first piece it is, the words of all
    sentences counted on from 0, or -1.

    Attributes:
        words: The words of each sentence.
        tags: Their true tags; empty where they are not known.
        classes: Names of the tags, in the order of their ids.
        raw: The texts that the words are from, where they are from texts.
        left_out: None: a long sentence is several rows, which leave nothing out.
    """

    words: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    classes: tuple[str, ...]
    raw: tuple[RawSentence, ...] = ()
    left_out: None = None

    @property
    def starts(self) -> np.ndarray:
        """The number of each sentence's first word, and that of all words."""
        return np.cumsum([0, *map(len, self.words)])


@dataclass(frozen=True)
class TagEncoder:
    """Turns sentences into rows of ids; a long one into several, which overlap.

    Attributes:
        reader: Turns words into ids.
        classes: Names of the tags.
        max_length: Most tokens of a row.
        stride: Tokens from the start of one row of a long sentence to the start of the next.
        input: Name of the array of ids.
    """

    reader: WholeWords | PiecesOfWords
    classes: tuple[str, ...]
    max_length: int = 256
    stride: int = 128
    input: str = "tokens"

    def read(self, given: str, data: Mapping[str, Any]) -> tuple[list[str], Split]:
        """Return the sentences that ``input`` of predict means, and their rows."""
        raw = raw_words(given, data, self.classes)
        return [sentence.text for sentence in raw], self.cut(
            [Sentence(sentence.words, ()) for sentence in raw], tuple(raw)
        )

    def encode(self, raw: Sequence[Sequence[str]]) -> Split:
        """Return the rows of sentences, each given as its words."""
        return self.cut([Sentence(tuple(words), ()) for words in raw])

    def cut(self, sentences: Sequence[Sentence], raw: tuple[RawSentence, ...] = ()) -> Split:
        """Return the rows of sentences.

        Returns:
            Rows of ids; ``tags``, the id of the tag of each word at its first piece and -1
            elsewhere, and where training had no such tag; and ``word``, as :class:`Sentences` has
            it. A word in several rows counts in the one with most around it.

        Raises:
            Refused: If ``max_length`` leaves no room for a piece.
        """
        before, behind = (np.array(part, "int32") for part in self.reader.frame)
        room = self.max_length - len(before) - len(behind)
        if room < 1:
            raise Refused(
                f"data.max_length={self.max_length} leaves no room for words; expected more."
            )
        known = {name: i for i, name in enumerate(self.classes)}
        rows: list[np.ndarray] = []
        tags: list[np.ndarray] = []
        numbers: list[np.ndarray] = []
        done = 0
        for sentence in sentences:
            ids, owner = self.reader.read(sentence.words)
            if not len(ids) + len(before):  # a row of padding alone says nothing to a network
                ids, owner = np.array([self.reader.special["unknown"]], "int32"), np.array([-1])
            word = np.where(_first(owner), owner + done, -1)
            labels = np.array([known.get(tag, NOT_SCORED) for tag in sentence.tags], "int32")
            truth = np.full(len(ids), NOT_SCORED, "int32")
            if len(labels):
                truth = np.where(word >= 0, labels[owner], NOT_SCORED)
            parts = windows(len(ids), room, self.stride)
            chosen = fullest(parts, len(ids))
            for i, (first, count) in enumerate(parts):
                part = slice(first, first + count)
                own = chosen[part] == i
                rows.append(np.concatenate([before, ids[part], behind]))
                for found, values in ((tags, truth), (numbers, word)):
                    row = np.full(len(rows[-1]), -1, "int32")
                    row[len(before) : len(before) + count] = np.where(own, values[part], -1)
                    found.append(row)
            done += len(sentence.words)
        source = Sentences(
            tuple(s.words for s in sentences), tuple(s.tags for s in sentences), self.classes, raw
        )
        arrays = {self.input: rows, "tags": tags, "word": numbers}
        return Split({name: Ragged.packed(part) for name, part in arrays.items()}, source=source)

    def decode(self, ids: Iterable[int]) -> str:
        """Return ids as text."""
        if isinstance(self.reader, PiecesOfWords):
            return self.reader.tokenizer.decode(ids)
        return " ".join(self.reader.vocabulary[int(i)] for i in ids if int(i))

    @property
    def as_texts(self) -> SubwordEncoder | TextEncoder:
        """What turns a text into such a row, in one piece."""
        reader, most = self.reader, self.max_length
        if isinstance(reader, PiecesOfWords):
            return SubwordEncoder(reader.tokenizer, most, input=self.input)
        rules = ("word", "words", reader.lower, False)
        return TextEncoder(reader.vocabulary, *rules, most, self.input)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "classes": list(self.classes), "reader": self.reader.to_json()}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> TagEncoder:
        """Return the encoder that :meth:`to_json` described."""
        reader, classes = reader_from_json(saved["reader"]), tuple(saved["classes"])
        return cls(**{**saved, "reader": reader, "classes": classes})


def _first(owner: np.ndarray) -> np.ndarray:
    """Return which pieces are the first of their word; blanks between do not count."""
    first = np.zeros(len(owner), bool)
    if len(owner):
        _, places = np.unique(owner, return_index=True)
        first[places] = True
    return first & (owner >= 0)
