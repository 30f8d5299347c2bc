"""Texts to predict for: given as they are, in a file, in a folder, or on standard input."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.data.files.finding import lines_of, read_text
from toolkit.data.tables.reading import read_table
from toolkit.errors import Refused

TABLES = (".csv", ".tsv", ".jsonl", ".json")
"""Ends of the names of files that hold texts in a column."""
NAME_OF_A_FILE = r"\S+\.(txt|csv|tsv|jsonl?)(\.gz)?"


def raw_texts(given: str, data: Mapping[str, Any]) -> list[str]:
    """Return the texts that ``input`` means.

    Args:
        given: ``-`` for standard input, one text a line; a text file, one a line; a csv, tsv or
            jsonl file, one in each row's text column; a folder of ``.txt`` files; or a text itself.
        data: Config group ``data`` of the run, which may name ``text_column`` and how its files
            are written.

    Raises:
        Refused: If there is no such file, it is not text, or nothing is in it.
    """
    if given == "-":
        texts = lines_of(standard_input())
    elif os.path.isdir(given):
        paths = sorted(Path(given).rglob("*.txt"))
        texts = [read_text(path, encoding_of(data)) for path in paths]
        if not texts:
            raise Refused(f"input: the folder {given} holds no .txt files.")
    elif os.path.isfile(given):
        texts = _file(given, data)
    elif re.fullmatch(NAME_OF_A_FILE, given):
        raise Refused(f"input: no file {given}.")
    else:
        texts = [given]
    if not any(text.strip() for text in texts):
        raise Refused(f"input: nothing to read in {given!r}.")
    return texts


def _file(path: str, data: Mapping[str, Any]) -> list[str]:
    if not path.removesuffix(".gz").lower().endswith(TABLES):
        return lines_of(read_text(path, encoding_of(data)))
    how = {key: data[key] for key in ("header", "delimiter", "quoting", "encoding") if key in data}
    known = [data["text_column"]] if "text_column" in data else ["text", "sentence"]
    return [row[0] for row in rows_of(path, [{"data.text_column": name} for name in known], how)]


def encoding_of(data: Mapping[str, Any]) -> str:
    """Return the text encoding of the files that a run was trained on, which new ones have too."""
    return data.get("encoding", "utf-8")


def rows_of(
    path: str, choices: Sequence[Mapping[str, str | int]], how: Mapping[str, Any]
) -> list[list[str]]:
    """Return the cells of some columns of a table, in its rows' order.

    Args:
        path: A csv, tsv or jsonl file.
        choices: Columns by the config key that asks for them, as ``read_table`` takes them; the
            first choice that the file has is read.
        how: ``header``, ``delimiter``, ``quoting`` and ``encoding``, those that are known.

    Raises:
        Refused: With what keeps the first choice from being read, if none can be.
    """
    refusal = None
    for columns in choices:
        try:
            return read_table(path, columns=columns, **how).rows
        except Refused as fault:
            refusal = refusal or fault
    assert refusal is not None
    raise refusal


def standard_input() -> str:
    """Return all of standard input.

    Raises:
        Refused: If it is not UTF-8.
    """
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise Refused(f"input: standard input is not UTF-8 ({error.reason}).") from None
