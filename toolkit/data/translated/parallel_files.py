"""Sentences and their translations: two text files, line by line, or two columns of a table."""

from __future__ import annotations

from pathlib import Path

from toolkit.data.files.finding import lines_of, read_text
from toolkit.data.tables.columns import locate_file
from toolkit.data.tables.reading import DELIMITERS, JSON_LINES, read_table
from toolkit.data.translated.text_pairs import TextPairs
from toolkit.errors import Refused

TABLES = (*DELIMITERS, *JSON_LINES)


def is_table(file: str) -> bool:
    """Say whether a name is that of a csv, tsv or jsonl file."""
    return file.lower().removesuffix(".gz").endswith(TABLES)


def locate_pairs(file: str, source: str, target: str, root: str | None, key: str) -> list[Path]:
    """Return the files that hold a part: one table, or ``FILE.SOURCE`` and ``FILE.TARGET``.

    Raises:
        Refused: If one is missing.
    """
    names = [file] if is_table(file) else [f"{file}.{source}", f"{file}.{target}"]
    return [locate_file(name, root, key) for name in names]


def read_pairs(paths: list[Path], source: str, target: str, encoding: str = "utf-8") -> TextPairs:
    """Read sentences and their translations.

    Args:
        paths: One table, whose columns ``source`` and ``target`` are read, or two text files.
        source: The side that is read.
        target: The side that is written.
        encoding: The files' text encoding.

    Raises:
        Refused: If the files are empty, are not text, or have not as many lines; with the line.
    """
    if len(paths) == 1:
        read = read_table(
            paths[0],
            columns={"data.source": source, "data.target": target},
            quoting=not str(paths[0]).removesuffix(".gz").endswith(".tsv"),
            encoding=encoding,
        )
        texts, translations = ([row[side] for row in read.rows] for side in (0, 1))
        return _pairs(str(paths[0]), texts, translations, source)
    texts, translations = (lines_of(read_text(path, encoding)) for path in paths)
    if len(texts) != len(translations):
        raise Refused(
            f"{paths[0]} has {len(texts):,} lines and {paths[1]} {len(translations):,}; expected "
            "as many, each line the translation of the other's."
        )
    if not any(map(str.strip, texts)):
        raise Refused(f"{paths[0]}: is empty; expected one sentence a line.")
    path = str(paths[0].parent / paths[0].name.removesuffix(".gz"))
    return _pairs(path, texts, translations, source)


def _pairs(path: str, texts: list[str], translations: list[str], column: str) -> TextPairs:
    texts = [text.strip() for text in texts]
    return TextPairs(path, texts, [[t.strip()] for t in translations], texts, "copy", column)
