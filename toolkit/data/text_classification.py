"""Texts with labels, from csv, tsv or jsonl files of one's own."""

from __future__ import annotations

import numpy as np

from toolkit.data.columns import Columns, locate_file
from toolkit.data.labelled_texts import Texts, labelled_texts
from toolkit.data.reading import read_table
from toolkit.data.spec import Dataset, Split, carve
from toolkit.data.tokenization import Rules, Tokenizer, Unit
from toolkit.errors import Refused
from toolkit.types import Count, Fraction, PositiveInt


def text_classification(
    *,
    root: str | None = None,
    train: str,
    valid: str | None = None,
    test: str | None = None,
    text_column: Count | str = "text",
    label_column: Count | str = "label",
    header: bool | None = None,
    delimiter: str | None = None,
    quoting: bool = True,
    encoding: str = "utf-8",
    multi_label: str | None = None,
    unit: Unit = "word",
    tokenizer: Tokenizer = "words",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = 20_000,
    minimum_count: PositiveInt = 1,
    max_length: PositiveInt | None = 400,
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load texts with labels from csv, tsv or jsonl files, plain or ``.gz``.

    The classes are the labels of the training file, in order. The vocabulary is made from its
    texts, words by how often they occur; words that it lacks are read as ``<unk>``.

    Args:
        root: Folder that the files are relative to; None for the current one.
        train: The file that is learned from.
        valid: The file that chooses the best epoch; None carves it from ``train``.
        test: The file that is reported; None for none.
        text_column: Column of the texts, by name or by number from 0.
        label_column: Column of the labels, likewise.
        header: Whether the first line names the columns; None: if a column is given by name.
        delimiter: What stands between cells, ``tab`` for tabs; None goes by the file's name.
        quoting: Whether cells may stand in double quotes; false takes quotes as plain text, as
            GLUE's files have them.
        encoding: The files' text encoding.
        multi_label: What stands between the labels of a row that may have several, or none
            (``"|"``); None where each row has one.
        unit: Whether tokens are words or characters.
        tokenizer: What words are: what stands between blanks (``whitespace``), or also each
            punctuation mark by itself (``words``). Of no effect on characters.
        lower: Whether capital letters become small.
        vocabulary_size: Most words that are known, the most frequent ones; None for all.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        max_length: Tokens after which a text is cut off; None for no limit.
        validation_fraction: Share of the training rows carved for validation where ``valid`` is
            None.
        seed: Chooses the rows that are carved.

    Returns:
        Input ``tokens``, rows of ids of differing length, id 0 being padding, and target ``label``.

    Raises:
        Refused: With file and line, where a file does not hold what is said here.
    """
    files = {"train": train, "valid": valid, "test": test}
    parts = {
        part: read_table(
            locate_file(file, root, f"data.{part}"),
            columns={"data.text_column": text_column, "data.label_column": label_column},
            header=header,
            delimiter=delimiter,
            quoting=quoting,
            encoding=encoding,
        )
        for part, file in files.items()
        if file is not None
    }
    notes = []
    if "valid" not in parts:
        parts |= _carved(parts["train"], validation_fraction, seed)
        notes.append(
            f"{parts['valid'].path}: {len(parts['valid'].rows):,} rows chosen by seed {seed} are "
            "the validation part; data.valid names none."
        )
    texts = Texts(Rules(unit, tokenizer, lower, False), vocabulary_size, minimum_count, max_length)
    return labelled_texts(parts, texts, multi_label=multi_label, notes=notes)


def _carved(read: Columns, fraction: float, seed: int) -> dict[str, Columns]:
    """Return training and validation rows."""
    if not fraction:
        raise Refused(
            "data.validation_fraction: 0, and data.valid names no file; the best epoch is chosen "
            "on validation rows: give either."
        )
    if len(read.rows) < 2:
        raise Refused(
            f"{read.path}: has one row only, so no validation row can be carved from it; expected "
            "at least two rows, or a file for data.valid."
        )
    rest, part = carve(Split({"row": np.arange(len(read.rows))}), fraction, seed)
    train, valid = (np.asarray(split.arrays["row"]).tolist() for split in (rest, part))
    return {"train": read.take(train), "valid": read.take(valid)}
