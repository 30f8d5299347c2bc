"""Texts and their summaries, from csv, tsv or jsonl files of one's own."""

from __future__ import annotations

from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import locate_parts
from toolkit.data.translated.summary_rows import read_summaries
from toolkit.data.translated.text_pairs import Reading, text_pairs
from toolkit.types import Count, Fraction, PositiveInt


def summaries(
    *,
    root: str | None = None,
    train: str,
    valid: str | None = None,
    test: str | None = None,
    text_column: Count | str = "text",
    summary_column: Count | str = "summary",
    header: bool | None = None,
    delimiter: str | None = None,
    quoting: bool = True,
    encoding: str = "utf-8",
    tokenizer: str = "words",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = 20_000,
    minimum_count: PositiveInt = 1,
    max_length: PositiveInt | None = 400,
    max_target_length: PositiveInt | None = 100,
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load texts and their summaries from csv, tsv or jsonl files, plain or ``.gz``.

    Both sides share a vocabulary. In a jsonl file a text may be a list of its sentences, and a
    summary a list of versions, the best matching of which is scored.

    Args:
        root: Folder that the files are relative to; None for the current one.
        train: The file that is learned from.
        valid: The file that chooses the best epoch; None carves it from ``train``.
        test: The file that is reported; None for none.
        text_column: Column of the texts, by name or by number from 0.
        summary_column: Column of the summaries, likewise.
        header: Whether the first line names the columns; None: if a column is given by name.
        delimiter: What stands between cells, ``tab`` for tabs; None goes by the file's name.
        quoting: Whether cells may stand in double quotes.
        encoding: The files' text encoding.
        tokenizer: ``words`` (punctuation apart), ``whitespace``, a kind of subwords to train
            (``bpe``, ``wordpiece``, ``sentencepiece``), or a preset, folder or run to take them
            from.
        lower: Whether capital letters become small.
        vocabulary_size: Most tokens that are known; None for all words, or 8,000 subwords.
        minimum_count: Words that occur less often in training are read as ``<unk>``; of no effect
            on subwords.
        max_length: Tokens after which a text is cut off; None for no limit.
        max_target_length: Tokens after which a summary is cut off in training; None for no limit.
        validation_fraction: Share of the training rows carved for validation where ``valid`` is
            None.
        seed: Chooses the rows that are carved.

    Raises:
        Refused: With file and line, where a file does not hold what is said here.
    """
    files = {"train": train, "valid": valid, "test": test}
    parts = {
        part: read_summaries(
            path,
            text_column,
            summary_column,
            header=header,
            delimiter=delimiter,
            quoting=quoting,
            encoding=encoding,
        )
        for part, path in locate_parts(files, root).items()
    }
    reading = Reading(
        tokenizer, vocabulary_size, minimum_count, lower, True, max_length, max_target_length
    )
    return text_pairs(parts, reading, validation_fraction=validation_fraction, seed=seed)
