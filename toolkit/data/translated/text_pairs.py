"""Texts and what is to be written of them, as rows of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from toolkit.data.spec import Dataset, Ragged, Spec, Split, carve
from toolkit.data.texts.vocabulary import unknown_note
from toolkit.data.texts.words import Words
from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.errors import Refused

WORDS = ("words", "whitespace")
KINDS = ("wordpiece", "bpe", "sentencepiece")
Baseline = Literal["copy", "first sentence"]
"""What a network is compared with: the text as it is, or its first sentence."""


@dataclass(frozen=True)
class TextPairs:
    """Texts and their translations or summaries.

    Attributes:
        path: Where they are from, for messages.
        texts: What is read.
        references: What may be written of each text: one or several versions.
        baselines: What each text is without a network: itself, or its first sentence.
        baseline: What that is.
        column: Column of the texts, in tables.
    """

    path: str
    texts: Sequence[str]
    references: Sequence[Sequence[str]]
    baselines: Sequence[str]
    baseline: Baseline
    column: str | int = "text"

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> TextPairs:
        """Return some of the pairs."""
        return replace(
            self,
            texts=[self.texts[i] for i in rows],
            references=[self.references[i] for i in rows],
            baselines=[self.baselines[i] for i in rows],
        )


@dataclass(frozen=True)
class Reading:
    """How texts become rows of ids.

    Attributes:
        tokenizer: ``words``, ``whitespace``, the kind of a subword tokenizer that is trained
            (``wordpiece``, ``bpe``, ``sentencepiece``), or one that is there: a preset, a folder or
            a run.
        vocabulary_size: Most tokens that are known; None for all, or 8,000 subwords.
        minimum_count: Words that occur less often in training are not known.
        lower: Whether letters become small.
        shared: Whether both sides have one tokenizer.
        max_length: Most tokens of a text that is read, marks included.
        max_target_length: Most tokens of a text to be written, in training.
    """

    tokenizer: str = "words"
    vocabulary_size: int | None = None
    minimum_count: int = 1
    lower: bool = False
    shared: bool = False
    max_length: int | None = None
    max_target_length: int | None = None

    def tokenizers(self, pairs: TextPairs, notes: list[str]) -> tuple[Any, Any]:
        """Return the tokenizers of what is read and of what is written, made from pairs.

        Args:
            pairs: What they are made from.
            notes: Sentences for the user, to which theirs are added.
        """
        written = [text for versions in pairs.references for text in versions]
        if self.shared:
            both = self._tokenizer([*pairs.texts, *written], pairs.path, notes)
            return both, both
        sides = (pairs.texts, written)
        source, target = (self._tokenizer(texts, pairs.path, notes) for texts in sides)
        return source, target

    def _tokenizer(self, texts: Sequence[str], where: str, notes: list[str]) -> Any:
        if self.tokenizer in WORDS:
            return Words.train(
                self.tokenizer,  # type: ignore[arg-type]
                texts,
                self.vocabulary_size,
                minimum_count=self.minimum_count,
                lower=self.lower,
                where=where,
            )
        from toolkit.data.subwords import Subwords

        if self.tokenizer in KINDS:
            size = self.vocabulary_size or SUBWORDS
            made, told = Subwords.train(self.tokenizer, texts, size, lower=self.lower)  # type: ignore[arg-type]
            notes += told
            return made
        return Subwords.open(self.tokenizer)


SUBWORDS = 8000
"""Subwords that are known unless told otherwise."""


def text_pairs(
    parts: Mapping[str, TextPairs],
    reading: Reading,
    *,
    validation_fraction: float = 0.1,
    seed: int = 0,
    notes: Sequence[str] = (),
) -> Dataset:
    """Return the data set of pairs that have been read.

    Training pairs without a text on either side are left out, and counted in the notes; in
    validation and test every pair is scored. Of several versions in validation and test the first
    is what the loss is of; in training each is an example.

    Args:
        parts: ``train``, and ``valid`` and ``test`` where there are any.
        reading: How texts become ids.
        validation_fraction: Share of the training pairs carved for validation where there is none.
        seed: Chooses the pairs that are carved.
        notes: Sentences for the user that come first.

    Raises:
        Refused: If nothing is left to train on, or a part for scoring has no reference.
    """
    parts, notes = dict(parts), list(notes)
    parts["train"] = _usable(parts["train"], notes)
    if "valid" not in parts:
        _carve(parts, validation_fraction, seed, notes)
    source, target = reading.tokenizers(parts["train"], notes)
    encoder = WritingEncoder(source, target, reading.max_length, parts["train"].column)
    splits = {part: _split(pairs, encoder, reading) for part, pairs in parts.items()}
    for part, split in splits.items():
        _notes(part, parts[part], split, encoder, reading, notes)
    read, written = encoder.fields()
    spec = Spec({encoder.input: read}, {"text": written})
    return Dataset(
        spec, splits["train"], splits["valid"], splits.get("test"), encoder, tuple(notes)
    )


def _usable(pairs: TextPairs, notes: list[str]) -> TextPairs:
    """Return the training pairs, each version by itself, without those that lack a side."""
    texts, references, baselines = [], [], []
    empty = 0
    for text, versions, baseline in zip(
        pairs.texts, pairs.references, pairs.baselines, strict=True
    ):
        there = [version for version in versions if version.strip()]
        if not text.strip() or not there:
            empty += 1
            continue
        texts += [text] * len(there)
        references += [[version] for version in there]
        baselines += [baseline] * len(there)
    if not texts:
        raise Refused(f"{pairs.path}: no pair has text on both sides; there is nothing to learn.")
    if empty:
        notes.append(
            f"{pairs.path}: {empty:,} of {len(pairs):,} pairs have no text on one side, and are "
            "left out of training."
        )
    return replace(pairs, texts=texts, references=references, baselines=baselines)


def _carve(parts: dict[str, TextPairs], fraction: float, seed: int, notes: list[str]) -> None:
    """Cut a validation part out of the training pairs."""
    pairs = parts["train"]
    if not fraction or len(pairs) < 2:
        why = "data.validation_fraction is 0" if not fraction else f"there is {len(pairs)} pair"
        raise Refused(
            f"{pairs.path}: the best epoch is chosen on validation pairs, data.valid names none, "
            f"and {why}: give a file for data.valid, or more pairs and a fraction."
        )
    rest, part = carve(Split({"row": np.arange(len(pairs))}), fraction, seed)
    for name, split in (("train", rest), ("valid", part)):
        parts[name] = pairs.take(np.asarray(split.arrays["row"]).tolist())
    notes.append(
        f"{pairs.path}: {len(parts['valid']):,} pairs chosen by seed {seed} are the validation "
        "part; data.valid names none."
    )


def _split(pairs: TextPairs, encoder: WritingEncoder, reading: Reading) -> Split:
    written = encoder.target.ids([versions[0] if versions else "" for versions in pairs.references])
    arrays = {
        **encoder.encode(pairs.texts).arrays,
        "text": encoder.target.frame(written, None, reading.max_target_length),
        "example": np.arange(len(pairs), dtype="int32"),
    }
    return Split(arrays, source=pairs)


def _notes(
    part: str,
    pairs: TextPairs,
    split: Split,
    encoder: WritingEncoder,
    reading: Reading,
    notes: list[str],
) -> None:
    """Say what of a part is not read as it stands."""
    for name, tokenizer, longest in (
        ("tokens", encoder.source, reading.max_length),
        ("text", encoder.target, reading.max_target_length),
    ):
        rows = split.arrays[name]
        assert isinstance(rows, Ragged)
        side = "texts that are read" if name == "tokens" else "texts to be written"
        if longest is not None and (cut := int((rows.lengths >= longest).sum())):
            notes.append(
                f"{pairs.path}: {cut:,} of {len(rows):,} {part} {side} have {longest} tokens or "
                "more, and are cut there."
            )
        unknown = tokenizer.special.get("unknown")
        count = 0 if unknown is None else int((rows.values == unknown).sum())
        if count and name == "tokens" and part != "train":
            notes.append(unknown_note(f"{pairs.path}, {part}", count, len(rows.values)))
