"""Pairs of texts to predict for: given as they are, in a file, or on standard input."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.data.files.finding import lines_of, read_text
from toolkit.data.labelled.raw_texts import (
    NAME_OF_A_FILE,
    TABLES,
    encoding_of,
    rows_of,
    standard_input,
)
from toolkit.data.tables.reading import BETWEEN
from toolkit.errors import Refused

COLUMNS = (("sentence1", "sentence2"), ("text", "text_pair"))
"""What the columns of a pair are called where they are not called as in training."""


def raw_pairs(given: str, names: Sequence[str], data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs of texts that ``input`` means.

    Args:
        given: ``-`` for standard input, a pair a line with a tab between; a text file likewise; a
            csv, tsv or jsonl file with a column for each text; or a pair itself, with a tab (or
            the two signs that stand for one, a backslash and t) between.
        names: Columns of the training files.
        data: Config group ``data`` of the run, which may name ``text_column`` and
            ``text_pair_column`` and how its files are written.

    Raises:
        Refused: If there is no such file, it is not text, lacks a column, or a line has no tab.
    """
    if os.path.isdir(given):
        raise Refused(f"input: {given} is a folder; expected a file of pairs ({', '.join(names)}).")
    if os.path.isfile(given) and given.removesuffix(".gz").lower().endswith(TABLES):
        how = {k: data[k] for k in ("header", "delimiter", "quoting", "encoding") if k in data}
        own = (data.get("text_column", names[0]), data.get("text_pair_column") or names[1])
        keys = ("data.text_column", "data.text_pair_column")
        rows = rows_of(given, [dict(zip(keys, pair, strict=True)) for pair in (own, *COLUMNS)], how)
        return [
            (first.replace(BETWEEN, " "), second.replace(BETWEEN, " ")) for first, second in rows
        ]
    if os.path.isfile(given):
        lines = lines_of(read_text(given, encoding_of(data)))
    elif given == "-":
        lines = lines_of(standard_input())
    elif re.fullmatch(NAME_OF_A_FILE, given):
        raise Refused(f"input: no file {given}.")
    else:
        lines = [given.replace("\\t", "\t")]
    filled = [(i, line.split("\t")) for i, line in enumerate(lines, 1) if line.strip()]
    wrong = next((i for i, parts in filled if len(parts) != 2), None)
    if wrong is not None:
        where = f"input, line {wrong}" if len(lines) > 1 else "input"
        raise Refused(
            f"{where}: this run reads pairs of texts ({', '.join(names)}); expected two texts with "
            "a tab between them, or a csv, tsv or jsonl file with these columns."
        )
    if not filled:
        raise Refused(f"input: nothing to read in {given!r}.")
    return [(parts[0], parts[1]) for _, parts in filled]
