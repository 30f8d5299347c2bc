"""Texts and their summaries, from the columns of a table."""

from __future__ import annotations

from pathlib import Path

from toolkit.data.tables.reading import BETWEEN, read_table
from toolkit.data.texts.sentences import sentences
from toolkit.data.translated.text_pairs import TextPairs


def read_summaries(
    path: Path,
    text_column: str | int,
    summary_column: str | int,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    quoting: bool = True,
    encoding: str = "utf-8",
) -> TextPairs:
    """Read texts and summaries.

    Args:
        path: A csv, tsv or jsonl file. In jsonl a text may be a list of its sentences, and a
            summary a list of several versions.
        text_column: Column of the texts.
        summary_column: Column of the summaries.
        header: Whether the first line names the columns; None: if one is asked for by name.
        delimiter: What stands between cells; None goes by the file's name.
        quoting: Whether cells may stand in double quotes.
        encoding: Name of the text encoding.

    Raises:
        Refused: If the file does not hold these columns; with its line.
    """
    read = read_table(
        path,
        columns={"data.text_column": text_column, "data.summary_column": summary_column},
        header=header,
        delimiter=delimiter,
        quoting=quoting,
        encoding=encoding,
    )
    sentences = [row[0].split(BETWEEN) for row in read.rows]
    texts = [" ".join(parts).strip() for parts in sentences]
    return TextPairs(
        str(path),
        texts,
        [[version.strip() for version in row[1].split(BETWEEN)] for row in read.rows],
        [
            first_sentence(parts[0] if len(parts) > 1 else text)
            for parts, text in zip(sentences, texts, strict=True)
        ],
        "first sentence",
        text_column,
    )


def first_sentence(text: str) -> str:
    """Return a text up to the first mark that ends a sentence; all of it where there is none."""
    return next(iter(sentences(text)), "")
