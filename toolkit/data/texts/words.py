"""Words as the tokens of texts that are read and written: a vocabulary with its own marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any, Literal

import numpy as np

from toolkit.data.spec import Ragged
from toolkit.data.texts.joining import Join, join, learn_joins
from toolkit.data.texts.tokenization import Rules, Unit
from toolkit.data.texts.vocabulary import PAD, UNKNOWN, Vocabulary, count
from toolkit.errors import Refused

START, END = "<start>", "<end>"
SPECIAL = {"pad": PAD, "unknown": UNKNOWN, "start": START, "end": END}
MARKS = re.compile(r"<(unk|eos)>")
"""What a text may hold of the vocabulary's marks, which becomes the word between the brackets."""


@dataclass(frozen=True)
class Words:
    """Splits texts into words (or characters) of a vocabulary, and writes them as text again.

    It is used as a subword tokenizer is: ``ids``, ``frame`` and ``decode``. The first four ids are
    ``<pad>``, ``<unk>``, ``<start>`` and ``<end>``, which never come out of a text.

    Attributes:
        vocabulary: The words, in the order of their ids, the four marks first.
        kind: ``words`` takes punctuation apart; ``whitespace`` splits at blanks only.
        unit: Whether tokens are words or characters.
        lower: Whether letters become small.
        joins: How marks stand to their neighbours in the training text.
    """

    vocabulary: tuple[str, ...]
    kind: Literal["words", "whitespace"] = "words"
    unit: Unit = "word"
    lower: bool = False
    joins: dict[str, Join] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", Vocabulary(tuple(self.vocabulary)))

    @classmethod
    def train(
        cls,
        kind: Literal["words", "whitespace"],
        texts: Sequence[str],
        size: int | None = None,
        *,
        minimum_count: int = 1,
        lower: bool = False,
        unit: Unit = "word",
        where: str = "data.train",
    ) -> Words:
        """Choose the words that are known and see how texts are written.

        Args:
            kind: ``words`` or ``whitespace``.
            texts: What is learned from.
            size: Most words that are known, the marks among them; None for all.
            minimum_count: Words that occur less often are read as ``<unk>``.
            lower: Whether letters become small.
            unit: Whether tokens are words or characters.
            where: What the texts are, for the message.

        Raises:
            Refused: If no word is left.
        """
        rules = Rules(unit, kind, lower, False)
        clean = [_clean(text, rules) for text in texts]
        split = [rules.tokens(text) for text in clean]
        counts = count(split)
        first = tuple(SPECIAL.values())
        known = Vocabulary.build(counts, size=size, minimum_count=minimum_count, first=first)
        if len(known) == len(first):
            raise Refused(
                f"{where}: no word is left for the vocabulary (data.vocabulary_size="
                f"{size or 'null'}, data.minimum_count={minimum_count}, and the most frequent of "
                f"{len(counts):,} words occurs {max(counts.values(), default=0)} times)."
            )
        joins = learn_joins(zip(clean, split, strict=True)) if unit == "word" else {}
        joins = {mark: how for mark, how in joins.items() if mark in known}
        return cls(known.words, kind, unit, lower, joins)

    @property
    def special(self) -> dict[str, int]:
        """Ids of the marks by what they are for."""
        return {name: self.vocabulary.index(mark) for name, mark in SPECIAL.items()}

    @property
    def rules(self) -> Rules:
        """How a text becomes tokens."""
        return Rules(self.unit, self.kind, self.lower, False)

    def tokens(self, text: str) -> list[str]:
        """Return the words of a text, known or not."""
        return self.rules.tokens(_clean(text, self.rules))

    def ids(self, texts: Sequence[str]) -> Ragged:
        """Return each text as a row of ids, unknown words as ``<unk>``, without other marks."""
        known: Vocabulary = self._known  # type: ignore[attr-defined]
        rows = [self.tokens(text) for text in texts]
        starts = np.zeros(len(rows) + 1, "int64")
        np.cumsum([len(row) for row in rows], out=starts[1:])
        return Ragged(known.encode(chain.from_iterable(rows), absent=known.ids[UNKNOWN]), starts)

    def frame(
        self, first: Ragged, second: Ragged | None = None, max_length: int | None = None
    ) -> Ragged:
        """Return rows with ``<start>`` before and ``<end>`` behind them.

        Args:
            first: Rows of ids.
            second: Rows that come behind them, each with an ``<end>`` of its own.
            max_length: Most ids of a row, marks included; the longer part is cut first.
        """
        start, end = self.special["start"], self.special["end"]
        room = None if max_length is None else max_length - (2 if second is None else 3)
        rows = []
        for i in range(len(first)):
            parts = [first[i]] if second is None else [first[i], second[i]]
            over = 0 if room is None else sum(map(len, parts)) - room
            while over > 0:
                longest = max(range(len(parts)), key=lambda k: len(parts[k]))
                others = max((len(p) for k, p in enumerate(parts) if k != longest), default=0)
                cut = max(min(over, len(parts[longest]) - others), 1)
                parts[longest] = parts[longest][:-cut]
                over -= cut
            rows.append([start, *chain.from_iterable((*part, end) for part in parts)])
        return Ragged.from_rows(rows)

    def decode(self, ids: Iterable[int]) -> str:
        """Return ids as a text, written as the training text is; marks but ``<unk>`` left out."""
        hidden = {i for name, i in self.special.items() if name != "unknown"}
        words = [self.vocabulary[int(i)] for i in ids if int(i) not in hidden]
        if self.unit == "character":
            return "".join(words)
        return join(words, self.joins)

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        return {**asdict(self), "vocabulary": list(self.vocabulary)}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Words:
        """Return the words that :meth:`to_json` described."""
        return cls(**{**saved, "vocabulary": tuple(saved["vocabulary"])})


def _clean(text: str, rules: Rules) -> str:
    """Return a text in which no mark of the vocabulary stands."""
    return rules.clean(MARKS.sub(r"\1", text))
