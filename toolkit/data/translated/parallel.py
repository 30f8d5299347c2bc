"""Sentences and their translations, from files of one's own."""

from __future__ import annotations

from toolkit.data.files.part_folders import refuse_twice
from toolkit.data.spec import Dataset
from toolkit.data.translated.parallel_files import locate_pairs, read_pairs
from toolkit.data.translated.text_pairs import Reading, text_pairs
from toolkit.types import Fraction, PositiveInt


def parallel(
    *,
    root: str | None = None,
    train: str,
    valid: str | None = None,
    test: str | None = None,
    source: str = "source",
    target: str = "target",
    encoding: str = "utf-8",
    tokenizer: str = "words",
    lower: bool = False,
    vocabulary_size: PositiveInt | None = 20_000,
    minimum_count: PositiveInt = 1,
    shared_vocabulary: bool = False,
    max_length: PositiveInt | None = 200,
    validation_fraction: Fraction = 0.05,
    seed: int = 0,
) -> Dataset:
    """Load sentence pairs from text files, line by line, or from csv, tsv or jsonl files.

    A file that is no table is the beginning of two names: ``train=corpus`` with ``source=de`` and
    ``target=en`` reads ``corpus.de`` and ``corpus.en``, plain or ``.gz``. Of a table, these are its
    columns.

    Args:
        root: Folder that the files are relative to; None for the current one.
        train: The files that are learned from.
        valid: Those that choose the best epoch; None carves pairs from ``train``.
        test: Those that are reported; None for none.
        source: The side that is read: a language's ending of file names, or a column.
        target: The side that is written, likewise.
        encoding: The files' text encoding.
        tokenizer: ``words`` (punctuation apart), ``whitespace``, a kind of subwords to train
            (``bpe``, ``wordpiece``, ``sentencepiece``), or a preset, folder or run to take them
            from.
        lower: Whether capital letters become small, on both sides.
        vocabulary_size: Most tokens that are known on a side; None for all words, or 8,000
            subwords.
        minimum_count: Words that occur less often in training are read as ``<unk>``; of no effect
            on subwords.
        shared_vocabulary: Whether both sides have one vocabulary.
        max_length: Tokens after which a sentence is cut off; None for no limit.
        validation_fraction: Share of the training pairs carved for validation where ``valid`` is
            None.
        seed: Chooses the pairs that are carved.

    Raises:
        Refused: With file and line, where a file does not hold what is said here.
    """
    files = {"train": train, "valid": valid, "test": test}
    paths = {
        part: locate_pairs(file, source, target, root, f"data.{part}")
        for part, file in files.items()
        if file is not None
    }
    refuse_twice({f"data.{part}": found[0] for part, found in paths.items()})
    parts = {part: read_pairs(found, source, target, encoding) for part, found in paths.items()}
    reading = Reading(
        tokenizer,
        vocabulary_size,
        minimum_count,
        lower,
        shared_vocabulary,
        max_length,
        max_length,
    )
    return text_pairs(parts, reading, validation_fraction=validation_fraction, seed=seed)
