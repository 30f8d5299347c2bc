"""From texts, or pairs of texts, to rows of ids of pieces of words, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.labelled.pairs import Text
from toolkit.data.spec import Ragged, Split
from toolkit.data.subwords.frames import cut
from toolkit.data.subwords.streaming import LINE, line_marks, stream_ids
from toolkit.data.subwords.subwords import Subwords


@dataclass(frozen=True)
class SubwordEncoder:
    """Turns texts that a user gives into token ids, and ids into text.

    Attributes:
        tokenizer: Splits them.
        max_length: Most tokens of a row, special ones among them, the rest is cut off; None for no
            limit.
        framed: Whether rows have special tokens: ``[start] text [end]``, and ``[start] text [end]
            text [end]`` for pairs. Else they are a text's tokens alone, as streams have them.
        end_of_line: Whether the end of a line within a text is the token ``end``, in rows that are
            not framed; a tokenizer that keeps blanks (BPE) needs none.
        begin: Id after which a text of a stream begins; None where rows are framed.
        input: Name of the array.
    """

    tokenizer: Subwords
    max_length: int | None = None
    framed: bool = True
    end_of_line: bool = False
    begin: int | None = None
    input: str = "tokens"

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The pieces, in the order of their ids."""
        return self.tokenizer.vocabulary

    @property
    def special(self) -> dict[str, int]:
        """Ids of the special tokens."""
        return self.tokenizer.special

    def encode(self, raw: Sequence[Text]) -> Split:
        """Return each text, or pair of texts, as a row of ids.

        Args:
            raw: Texts, or pairs of texts; not both.
        """
        pairs = [text for text in raw if not isinstance(text, str)]
        first = [text if isinstance(text, str) else text[0] for text in raw]
        if not self.framed:
            return Split({self.input: self._plain(first)})
        ones = self.tokenizer.ids(first)
        others = self.tokenizer.ids([text[1] for text in pairs]) if pairs else None
        return Split({self.input: self.tokenizer.frame(ones, others, self.max_length)})

    def _plain(self, texts: Sequence[str]) -> Ragged:
        marks = line_marks(self.tokenizer, self.end_of_line)
        texts = [text.replace("\r\n", LINE).replace("\r", LINE) for text in texts]
        if marks:
            rows = Ragged.from_rows(
                [stream_ids(self.tokenizer, text, marks).tolist() for text in texts]
            )
        else:
            rows = self.tokenizer.ids(texts)
        if self.max_length is None:
            return rows
        return cut(rows, np.minimum(rows.lengths, self.max_length))

    def decode(self, ids: Iterable[int]) -> str:
        """Return ids as text; special tokens are left out, but in a stream ``end`` ends a line."""
        if self.framed or "end" not in self.special:
            return self.tokenizer.decode(ids)
        lines: list[list[int]] = [[]]
        for token in ids:
            if token == self.special["end"]:
                lines.append([])
            else:
                lines[-1].append(int(token))
        return LINE.join(self.tokenizer.decode(line) for line in lines)

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        return {
            "tokenizer": self.tokenizer.to_json(),
            "max_length": self.max_length,
            "framed": self.framed,
            "end_of_line": self.end_of_line,
            "begin": self.begin,
            "input": self.input,
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> SubwordEncoder:
        """Return the encoder that :meth:`to_json` described."""
        return cls(**{**saved, "tokenizer": Subwords.from_json(saved["tokenizer"])})
