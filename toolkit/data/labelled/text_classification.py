"""Texts, or pairs of texts, with labels or values, from csv, tsv or jsonl files of one's own."""

from __future__ import annotations

from typing import Literal

from toolkit.data.labelled.labelled_texts import carved, labelled_texts
from toolkit.data.labelled.text_input import WORDS, Texts
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import locate_parts
from toolkit.data.tables.reading import read_table
from toolkit.data.texts.tokenization import Unit
from toolkit.errors import Refused
from toolkit.types import Count, Fraction, PositiveInt


def text_classification(
    *,
    root: str | None = None,
    train: str,
    valid: str | None = None,
    test: str | None = None,
    text_column: Count | str = "text",
    text_pair_column: Count | str | None = None,
    label_column: Count | str = "label",
    target_kind: Literal["label", "value"] | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    quoting: bool = True,
    encoding: str = "utf-8",
    multi_label: str | None = None,
    unit: Unit = "word",
    tokenizer: str = "auto",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = 20_000,
    minimum_count: PositiveInt = 1,
    max_length: PositiveInt | None = 400,
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load texts with labels or values from csv, tsv or jsonl files, plain or ``.gz``.

    The classes are the labels of the training file, in order; values are numbers. The vocabulary is
    made from its texts, words by how often they occur; words that it lacks are read as ``<unk>``.
    The two texts of a pair (a question and an answer, a premise and a claim) are one row with a
    special token between.

    Args:
        root: Folder that the files are relative to; None for the current one.
        train: The file that is learned from.
        valid: The file that chooses the best epoch; None carves it from ``train``.
        test: The file that is reported; None for none.
        text_column: Column of the texts, by name or by number from 0.
        text_pair_column: Column of the texts that go with them; None for single texts.
        label_column: Column of the labels or values, likewise.
        target_kind: Whether a ``label`` is learned (classification) or a ``value`` (regression);
            None takes what the task asks for, from Python labels.
        header: Whether the first line names the columns; None: if a column is given by name.
        delimiter: What stands between cells, ``tab`` for tabs; None goes by the file's name.
        quoting: Whether cells may stand in double quotes; false takes quotes as plain text, as
            GLUE's files have them.
        encoding: The files' text encoding.
        multi_label: What stands between the labels of a row that may have several, or none
            (``"|"``); None where each row has one.
        unit: Whether tokens are words or characters.
        tokenizer: What words are: what stands between blanks (``whitespace``), or also each
            punctuation mark by itself (``words``), of no effect on characters; or pieces of words:
            ``wordpiece``, ``bpe`` or ``sentencepiece``, learned from the training texts, or the
            name of a tokenizer that there is (see ``toolkit.data.labelled.text_input``). ``auto``
            takes the model's, and words where it has none.
        lower: Whether capital letters become small; a tokenizer that there is does as it was made.
        vocabulary_size: Most words or pieces that are known; None for all words, or 8,000 pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        max_length: Tokens after which a text is cut off; None for no limit. Of a pair, those of
            both together, the longer being cut first.
        validation_fraction: Share of the training rows carved for validation where ``valid`` is
            None.
        seed: Chooses the rows that are carved.

    Returns:
        Input ``tokens``, rows of ids of differing length, and target ``label`` or ``value``.

    Raises:
        Refused: With file and line, where a file does not hold what is said here.
    """
    if target_kind == "value" and multi_label is not None:
        raise Refused("data.multi_label: values have no labels; expected null.")
    if tokenizer not in WORDS and unit == "character":
        raise Refused(
            f"data.unit: characters, but data.tokenizer={tokenizer} makes pieces of words."
        )
    columns = {"data.text_column": text_column, "data.label_column": label_column}
    if text_pair_column is not None:
        columns = {
            "data.text_column": text_column,
            "data.text_pair_column": text_pair_column,
            "data.label_column": label_column,
        }
    files = {"train": train, "valid": valid, "test": test}
    parts = {
        part: read_table(
            path,
            columns=columns,
            header=header,
            delimiter=delimiter,
            quoting=quoting,
            encoding=encoding,
        )
        for part, path in locate_parts(files, root).items()
    }
    notes = []
    if "valid" not in parts:
        parts |= carved(parts["train"], validation_fraction, seed)
        notes.append(
            f"{parts['valid'].path}: {len(parts['valid'].rows):,} rows chosen by seed {seed} are "
            "the validation part; data.valid names none."
        )
    texts = Texts(tokenizer, unit, lower, vocabulary_size, minimum_count, max_length)
    return labelled_texts(
        parts, texts, values=target_kind == "value", multi_label=multi_label, notes=notes
    )
