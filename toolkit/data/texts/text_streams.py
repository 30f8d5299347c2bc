"""Streams of words, characters or pieces of words, as ``data.tokenizer`` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from toolkit.data.spec import Dataset
from toolkit.data.texts.piece_streams import DOCUMENT, piece_streams
from toolkit.data.texts.streams import streams
from toolkit.data.texts.tokenization import Rules, Tokenizer, Unit
from toolkit.data.texts.vocabulary import END_OF_LINE
from toolkit.errors import Refused

AUTO = "auto"


def text_streams(
    texts: Mapping[str, str],
    tokenizer: str,
    *,
    usual: Tokenizer,
    where: Mapping[str, str],
    unit: Unit = "word",
    lower: bool = False,
    end_of_line: bool = True,
    vocabulary_size: int | None = None,
    minimum_count: int = 1,
    validation_fraction: float = 0.1,
    marked: bool = False,
    notes: Sequence[str] = (),
) -> Dataset:
    """Return the data set of texts that have been read.

    Args:
        texts: ``train``, and ``valid`` and ``test`` where there are any;
            ``toolkit.data.texts.piece_streams.DOCUMENT`` between the documents of a part.
        tokenizer: ``whitespace`` or ``words``; ``wordpiece``, ``bpe`` or ``sentencepiece``; or the
            name of a tokenizer that there is.
        usual: What ``auto`` stands for where no model says otherwise.
        where: The file of each part, for messages.
        unit: Whether tokens are words or characters, where they are no pieces.
        lower: Whether letters become small.
        end_of_line: Whether line ends are tokens; else they are blanks.
        vocabulary_size: Most tokens that are known; None for all words, or 8,000 pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        validation_fraction: Share of the training tokens that is cut off for validation where
            there is no such part.
        marked: Whether ``<unk>`` in the text stands for a word that nobody knows.
        notes: Sentences for the user that come first.

    Raises:
        Refused: If a part is too short, no word is left for the vocabulary, or there is no such
            tokenizer.
    """
    words = usual if tokenizer == AUTO else tokenizer
    if words in get_args(Tokenizer):
        return streams(
            {part: _joined(text, unit, end_of_line) for part, text in texts.items()},
            Rules(unit, words, lower, end_of_line),  # type: ignore[arg-type]
            where=where,
            vocabulary_size=vocabulary_size,
            minimum_count=minimum_count,
            validation_fraction=validation_fraction,
            notes=notes,
        )
    if unit == "character":
        raise Refused(
            f"data.unit: character, but data.tokenizer={tokenizer} splits words into pieces; give "
            "one of the two."
        )
    return piece_streams(
        texts,
        words,
        where=where,
        vocabulary_size=vocabulary_size,
        lower=lower,
        end_of_line=end_of_line,
        validation_fraction=validation_fraction,
        marked=marked,
        notes=notes,
    )


def _joined(text: str, unit: Unit, end_of_line: bool) -> str:
    """Return a text of documents with an ordinary end of a line between them."""
    between = "\n" if end_of_line or unit == "character" else f" {END_OF_LINE} "
    return text.replace(DOCUMENT, between)
