"""How the texts of a data set become rows of ids: a vocabulary is made, or a tokenizer taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolkit.data.labelled.pairs import Text, sides
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Field, Ragged
from toolkit.data.texts.tokenization import Tokenizer, Unit
from toolkit.data.texts.vocabulary import PAD, SEPARATOR, UNKNOWN, Vocabulary, count, unknown_note
from toolkit.errors import Refused

WORDS = ("auto", "words", "whitespace")
"""Tokenizers that take whole words; ``auto`` stands for ``words`` where no model says otherwise."""
KINDS = ("wordpiece", "bpe", "sentencepiece")
"""Tokenizers that are learned from the training texts."""
SUBWORDS = 8_000
"""Size of a subword vocabulary where none is given: enough for some ten thousand sentences."""


@dataclass(frozen=True)
class Fitted:
    """Texts as rows of ids.

    Attributes:
        encoder: Turns further texts into such rows.
        field: What the rows are.
        rows: The ids by part.
        notes: Sentences for the user: what is not known, or was cut off.
    """

    encoder: Any
    field: Field
    rows: dict[str, Ragged]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Texts:
    """How texts become rows of ids.

    Attributes:
        tokenizer: ``words`` (or ``auto``) takes punctuation apart, ``whitespace`` does not;
            ``wordpiece``, ``bpe`` and ``sentencepiece`` learn pieces of words from the training
            texts; anything else is the name of a tokenizer that there is: a KerasHub preset, a
            Hugging Face repository, a folder of either kind or a run.
        unit: Whether tokens are words or characters, where the tokenizer is one of words.
        lower: Whether letters become small; a tokenizer that there is does as it was made.
        vocabulary_size: Most tokens that are known; None for all words, or 8,000 pieces.
        minimum_count: Words that occur less often in training are not known; pieces all are.
        max_length: Most tokens of a text, or of both texts of a pair with all special tokens; None
            for no limit.
    """

    tokenizer: str = "words"
    unit: Unit = "word"
    lower: bool = True
    vocabulary_size: int | None = None
    minimum_count: int = 1
    max_length: int | None = None

    def fit(self, parts: Mapping[str, Sequence[Text]], where: Mapping[str, str]) -> Fitted:
        """Return all texts as ids, and what turns others into ids likewise.

        Args:
            parts: Texts or pairs by part; ``train`` makes the vocabulary.
            where: The file of each part, for messages.

        Raises:
            Refused: If there is no such tokenizer, or no word is left for the vocabulary.
        """
        return self._words(parts, where) if self.tokenizer in WORDS else self._pieces(parts, where)

    def _words(self, parts: Mapping[str, Sequence[Text]], where: Mapping[str, str]) -> Fitted:
        first: tuple[str, ...] = (PAD, UNKNOWN)
        if pairs := sides(parts["train"])[1] is not None:
            first = (*first, SEPARATOR)
        rules: Tokenizer = "whitespace" if self.tokenizer == "whitespace" else "words"
        blank = TextEncoder(first, self.unit, rules, self.lower, False, self.max_length)
        split = {part: [blank.split(text) for text in texts] for part, texts in parts.items()}
        counts = count(split["train"])
        if pairs:
            del counts[SEPARATOR]
        vocabulary = Vocabulary.build(
            counts, size=self.vocabulary_size, minimum_count=self.minimum_count, first=first
        )
        known, notes = sum(word in vocabulary for word in counts), []
        if known == 0:
            raise Refused(
                f"{where['train']}: no word is left for the vocabulary (data.vocabulary_size="
                f"{self.vocabulary_size or 'null'}, data.minimum_count={self.minimum_count}); "
                "raise the first or lower the second."
            )
        if known < len(counts):
            notes.append(f"Of {len(counts):,} different tokens in training {known:,} are known.")
        for part, rows in split.items():
            total = sum(map(len, rows))
            unknown = sum(word not in vocabulary for row in rows for word in row)
            if unknown and part != "train":
                notes.append(unknown_note(where[part], unknown, total))
        encoder = TextEncoder(
            vocabulary.words, self.unit, rules, self.lower, False, self.max_length
        )
        ids = {
            part: cast(Ragged, encoder.encode_tokens(rows).arrays["tokens"])
            for part, rows in split.items()
        }
        special = {"pad": 0, "unknown": 1, "end": 2} if pairs else None
        field = Field("tokens", (None,), "int32", vocabulary.words, special=special)
        return Fitted(encoder, field, ids, tuple(notes))

    def _pieces(self, parts: Mapping[str, Sequence[Text]], where: Mapping[str, str]) -> Fitted:
        from toolkit.data.subwords import Kind, SubwordEncoder, Subwords

        notes: list[str] = []
        if self.tokenizer in KINDS:
            ones, others = sides(parts["train"])
            tokenizer, told = Subwords.train(
                cast(Kind, self.tokenizer),
                [*ones, *(others or [])],
                self.vocabulary_size or SUBWORDS,
                lower=self.lower,
            )
            notes += told
        else:
            tokenizer = Subwords.open(self.tokenizer)
        ids = {}
        for part, texts in parts.items():
            ones, others = sides(texts)
            first = tokenizer.ids(ones)
            second = None if others is None else tokenizer.ids(others)
            ids[part] = tokenizer.frame(first, second, self.max_length)
            whole = first.lengths + (0 if second is None else second.lengths)
            notes += self._told(tokenizer, ids[part], whole, second is not None, where[part])
        encoder = SubwordEncoder(tokenizer, self.max_length)
        field = Field(
            "tokens", (None,), "int32", tokenizer.vocabulary, special=dict(tokenizer.special)
        )
        return Fitted(encoder, field, ids, tuple(notes))

    def _told(
        self, tokenizer: Any, framed: Ragged, whole: Any, pairs: bool, where: str
    ) -> list[str]:
        """Return what is to be said of a part: texts that were cut, pieces that are not known."""
        notes = []
        ends = 1 + tokenizer.pair_ends * pairs
        extra = ("start" in tokenizer.special) + ("end" in tokenizer.special) * ends
        if cut := int((whole + extra > framed.lengths).sum()):
            notes.append(
                f"{where}: {cut:,} of {len(framed):,} texts are longer than data.max_length="
                f"{self.max_length} tokens and are cut off."
            )
        unknown = int((framed.values == tokenizer.special.get("unknown", -1)).sum())
        if unknown:
            notes.append(unknown_note(where, unknown, int(whole.sum())))
        return notes
