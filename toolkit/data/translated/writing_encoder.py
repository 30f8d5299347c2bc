"""From texts to what is read, and from ids that a network wrote to text."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.data.labelled.raw_texts import raw_texts
from toolkit.data.spec import Field, Split
from toolkit.data.tables.reading import BETWEEN

TOKENIZERS = {"Words": "toolkit.data.texts.words", "Subwords": "toolkit.data.subwords"}
"""Where the tokenizers that an encoder can hold are found."""


@dataclass(frozen=True)
class WritingEncoder:
    """Turns texts that are read into ids, and ids that were written into texts.

    Attributes:
        source: Tokenizer of what is read: ``Words`` or ``Subwords``.
        target: Tokenizer of what is written; often the same.
        max_length: Most tokens that are read of a text, marks included; None for no limit.
        column: Column of the texts in tables, where ``predict`` reads one.
        input: Name of the array.
    """

    source: Any
    target: Any
    max_length: int | None = None
    column: str | int = "text"
    input: str = "tokens"

    @property
    def lower(self) -> bool:
        """Whether only small letters are written."""
        return self.target.lower

    def encode(self, raw: Sequence[str]) -> Split:
        """Return each text as a row of ids between ``start`` and ``end``."""
        rows = self.source.frame(self.source.ids(raw), None, self.max_length)
        return Split({self.input: rows})

    def read(self, given: str, data: Mapping[str, Any]) -> tuple[list[str], Split]:
        """Return the texts that a user's ``input`` means, and these as rows of ids.

        Args:
            given: See ``toolkit.data.labelled.raw_texts``; of a table the column of the training
                files is read.
            data: Config group ``data`` of the run.
        """
        column = data.get("text_column", self.column)
        texts = raw_texts(given, {**data, "text_column": column})
        texts = [text.replace(BETWEEN, " ") for text in texts]
        return texts, self.encode(texts)

    def decode(self, ids: Iterable[int]) -> str:
        """Return what was written as a text."""
        return self.target.decode(ids)

    def fields(self) -> tuple[Field, Field]:
        """Return what is known of the input and of the target."""
        return (
            Field("tokens", (None,), "int32", self.source.vocabulary, special=self.source.special),
            Field("text", (None,), "int32", self.target.vocabulary, special=self.target.special),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        return {
            "source": _named(self.source),
            "target": None if self.target is self.source else _named(self.target),
            "max_length": self.max_length,
            "column": self.column,
            "input": self.input,
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> WritingEncoder:
        """Return the encoder that :meth:`to_json` described."""
        source = _tokenizer(saved["source"])
        target = source if saved["target"] is None else _tokenizer(saved["target"])
        return cls(source, target, saved["max_length"], saved["column"], saved["input"])


def _named(tokenizer: Any) -> dict[str, Any]:
    return {"name": type(tokenizer).__name__, **tokenizer.to_json()}


def _tokenizer(saved: dict[str, Any]) -> Any:
    saved = dict(saved)
    name = saved.pop("name")
    return getattr(importlib.import_module(TOKENIZERS[name]), name).from_json(saved)
