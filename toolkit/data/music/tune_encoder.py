"""From tunes to rows of tokens, and from tokens to a tune."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.data.music.abc_notes import NoteRules
from toolkit.data.music.abc_tunes import FIRST
from toolkit.data.spec import Ragged, Split
from toolkit.data.texts.vocabulary import ABSENT, Vocabulary


@dataclass(frozen=True)
class TuneEncoder:
    """Turns tunes in ABC notation into ids of notes and other tokens, and ids into ABC.

    Attributes:
        vocabulary: The tokens, in the order of their ids.
        input: Name of the array.
    """

    vocabulary: tuple[str, ...]
    input: str = "tokens"

    @property
    def begin(self) -> int:
        """The id after which a tune begins."""
        return self.vocabulary.index(FIRST) if FIRST in self.vocabulary else 0

    def encode(self, raw: Sequence[str]) -> Split:
        """Return each text as a row of ids.

        Tokens that are not known become ``<unk>``, or are left out where there is none.

        Args:
            raw: Tunes, or beginnings of them.
        """
        known, rules = Vocabulary(self.vocabulary), NoteRules()
        absent = ABSENT if known.unknown is None else known.unknown
        rows = [rules.encode(rules.clean(text), known, absent) for text in raw]
        return Split({self.input: Ragged.packed([row[row != ABSENT] for row in rows])})

    def decode(self, ids: Iterable[int]) -> str:
        """Return ids as ABC."""
        return NoteRules().join(self.vocabulary[int(i)] for i in ids)

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        return {"vocabulary": list(self.vocabulary), "input": self.input}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> TuneEncoder:
        """Return the encoder that :meth:`to_json` described."""
        return cls(tuple(saved["vocabulary"]), saved["input"])
