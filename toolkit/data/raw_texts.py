"""Texts to predict for: given as they are, in a file, in a folder, or on standard input."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.data.files import read_text
from toolkit.data.reading import read_table
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
        texts = _standard_input().splitlines()
    elif os.path.isdir(given):
        texts = [read_text(path) for path in sorted(Path(given).rglob("*.txt"))]
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
        return read_text(path).splitlines()
    how = {key: data[key] for key in ("header", "delimiter", "quoting", "encoding") if key in data}
    column = data.get("text_column", "text")
    return [row[0] for row in read_table(path, columns={"data.text_column": column}, **how).rows]


def _standard_input() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise Refused(f"input: standard input is not UTF-8 ({error.reason}).") from None
