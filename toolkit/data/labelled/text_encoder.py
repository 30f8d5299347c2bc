"""From texts to rows of token ids, and from ids to text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import numpy as np

from toolkit.data.labelled.pairs import Text, cut_lengths
from toolkit.data.spec import Ragged, Split
from toolkit.data.texts.tokenization import Rules, Tokenizer, Unit
from toolkit.data.texts.vocabulary import ABSENT, PAD, SEPARATOR, UNKNOWN, Vocabulary


@dataclass(frozen=True)
class TextEncoder:
    """Turns texts that a user gives into token ids, and ids into text.

    Attributes:
        vocabulary: The words, in the order of their ids.
        unit: Whether tokens are words or characters.
        tokenizer: ``whitespace`` splits words at blanks only; ``words`` takes punctuation apart.
        lower: Whether letters become small.
        end_of_line: Whether line ends within a text are tokens; else they are blanks.
        max_length: Most tokens of a text, the rest is cut off; None for no limit. Of a pair, most
            tokens of both with what stands between them.
        input: Name of the array.
    """

    vocabulary: tuple[str, ...]
    unit: Unit = "word"
    tokenizer: Tokenizer = "whitespace"
    lower: bool = False
    end_of_line: bool = True
    max_length: int | None = None
    input: str = "tokens"

    def __post_init__(self) -> None:
        object.__setattr__(self, "_vocabulary", Vocabulary(tuple(self.vocabulary)))

    @property
    def rules(self) -> Rules:
        """How a text becomes tokens."""
        return Rules(self.unit, self.tokenizer, self.lower, self.end_of_line)

    def split(self, text: Text) -> list[str]:
        """Return the tokens of a text, or of two with ``<sep>`` between, cut at ``max_length``."""
        rules = self.rules
        if isinstance(text, str):
            return rules.tokens(rules.clean(text))[: self.max_length]
        first, second = (
            [UNKNOWN if token == SEPARATOR else token for token in rules.tokens(rules.clean(side))]
            for side in text
        )
        if self.max_length is not None:
            lengths = np.array([len(first)]), np.array([len(second)])
            one, two = cut_lengths(*lengths, self.max_length - 1)
            first, second = first[: int(one[0])], second[: int(two[0])]
        return [*first, SEPARATOR, *second]

    def encode(self, raw: Sequence[Text]) -> Split:
        """Return each text, or each pair of texts, as a row of ids.

        Words that are not known become ``<unk>``, or are left out where there is none. Where the
        vocabulary has padding, a text without a word becomes one ``<unk>``, as a row of padding
        alone says nothing to a network.

        Args:
            raw: The texts.
        """
        return self.encode_tokens([self.split(text) for text in raw])

    def encode_tokens(self, texts: Sequence[Sequence[str]]) -> Split:
        """Return texts that have been split already as rows of ids."""
        known: Vocabulary = self._vocabulary  # type: ignore[attr-defined]
        if self.vocabulary[:1] == (PAD,):
            texts = [text or [UNKNOWN] for text in texts]
        # All texts at once: a row at a time would take several times as long.
        starts = np.zeros(len(texts) + 1, "int64")
        np.cumsum([len(text) for text in texts], out=starts[1:])
        absent = ABSENT if known.unknown is None else known.unknown
        ids = known.encode(chain.from_iterable(texts), absent=absent)
        if known.unknown is None:
            starts = np.concatenate([[0], np.cumsum(ids != ABSENT)])[starts]
            ids = ids[ids != ABSENT]
        return Split({self.input: Ragged(ids, starts)})

    def decode(self, ids: Iterable[int]) -> str:
        """Return ids as text: words between blanks, ``<eos>`` as a line end, no padding."""
        return self.rules.join(self.vocabulary[int(i)] for i in ids)

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        return {**asdict(self), "vocabulary": list(self.vocabulary)}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> TextEncoder:
        """Return the encoder that :meth:`to_json` described."""
        return cls(**{**saved, "vocabulary": tuple(saved["vocabulary"])})
