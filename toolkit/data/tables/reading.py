"""Columns of a csv, tsv or jsonl file, with or without a line that names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.data.files.finding import read_text
from toolkit.data.tables.columns import Columns
from toolkit.data.tables.csv_rows import SHOWN, csv_rows, other_delimiter
from toolkit.errors import Refused, did_you_mean

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
BETWEEN = "\x1f"
"""Stands between the items of a JSON list in a cell (ASCII's unit separator)."""


def read_table(
    path: str | Path,
    *,
    columns: Mapping[str, str | int],
    header: bool | None = None,
    delimiter: str | None = None,
    quoting: bool = True,
    encoding: str = "utf-8",
) -> Columns:
    """Read some columns of a ``.csv``, ``.tsv`` or ``.jsonl`` file, plain or ``.gz``.

    Args:
        path: The file.
        columns: Name, or number from 0, of each column wanted, by the config key that asks for it.
        header: Whether the first line names the columns; None: if any is asked for by name.
        delimiter: What stands between cells, ``tab`` for tabs; None goes by the file's name.
        quoting: Whether cells may stand in double quotes.
        encoding: Name of the text encoding.

    Returns:
        The columns in the order they are asked for. A JSON list is one cell, :data:`BETWEEN`
        between its items.

    Raises:
        Refused: If the file is missing, empty, no text, or does not hold these columns; with its
            line.
    """
    suffix = Path(str(path).removesuffix(".gz")).suffix.lower()
    if delimiter is None and suffix in JSON_LINES:
        return json_lines(read_text(path, encoding), str(path), columns)
    delimiter = delimiter or DELIMITERS.get(suffix)
    if delimiter is None:
        raise Refused(
            f"{path}: cannot tell what is between its cells; expected a name that ends in .csv, "
            ".tsv or .jsonl (or .gz), or data.delimiter (',', ';', tab, …)."
        )
    if header is None:
        header = any(isinstance(column, str) for column in columns.values())
    rows, lines = csv_rows(
        path, header=header, delimiter=delimiter, quoting=quoting, encoding=encoding
    )
    names = tuple(cell.strip() for cell in rows[0]) if header and rows else ()
    places = [
        _place(str(path), column, key, names, len(rows[0]) if rows else 0)
        for key, column in columns.items()
        if rows
    ]
    if header:
        rows, lines = rows[1:], lines[1:]
    if not rows:
        below = " below its first line, which names the columns" if places else ""
        raise Refused(f"{path}: {'holds no rows' if places else 'is empty; expected rows'}{below}.")
    wanted = tuple(names[place] if header else str(place) for place in places)
    return Columns(str(path), wanted, [[row[place] for place in places] for row in rows], lines)


def _place(path: str, column: str | int, key: str, names: tuple[str, ...], width: int) -> int:
    """Return where a column stands."""
    if isinstance(column, int):
        if not 0 <= column < width:
            raise Refused(
                f"{key}: {path} has no column {column}; it has {width}, the first being 0."
            )
        return column
    if not names:
        raise Refused(
            f"{key}: '{column}', but without a header columns have numbers: expected 0 to "
            f"{width - 1}, or data.header=true."
        )
    if column not in names:
        raise Refused(
            f"{key}: {path} has no column '{column}'.{did_you_mean(column, names)}"
            + (
                other_delimiter(names)
                or " If its first line names no columns, give numbers instead, from 0."
            )
        )
    if names.count(column) > 1:
        raise Refused(
            f"{key}: {path} has {names.count(column)} columns named '{column}'; give a number."
        )
    return names.index(column)


def json_lines(text: str, path: str, columns: Mapping[str, str | int]) -> Columns:
    """Read some columns of a text with one JSON object a line.

    Args:
        text: What is read.
        path: Where it is from, for messages.
        columns: Name of each column wanted, by the config key that asks for it.

    Raises:
        Refused: If a line is no object, or lacks a column; with its number.
    """
    for key, column in columns.items():
        if isinstance(column, int):
            raise Refused(f"{key}: {column}, but {path} has names instead of numbers.")
    rows: list[list[str]] = []
    lines: list[int] = []
    faults: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                rows.append(_json_cells(json.loads(line), columns))
                lines.append(number)
            except json.JSONDecodeError as error:
                faults.append(
                    f"{path}, line {number}: no JSON ({error.msg} at character {error.colno}); "
                    "expected one object a line."
                )
            except ValueError as error:
                faults.append(f"{path}, line {number}: {error}")
    if faults:
        more = [f"{path}: {len(faults) - SHOWN} more such lines."] if len(faults) > SHOWN else []
        raise Refused(*faults[:SHOWN], *more)
    if not rows:
        raise Refused(f"{path}: is empty; expected one JSON object a line.")
    return Columns(path, tuple(map(str, columns.values())), rows, lines)


def _json_cells(entry: Any, columns: Mapping[str, str | int]) -> list[str]:
    """Return the cells of one object.

    Raises:
        ValueError: If it is none, or lacks a column; the message says so.
    """
    if not isinstance(entry, dict):
        raise ValueError(f"expected a JSON object, got {json.dumps(entry)[:40]}.")
    cells = []
    for key, column in columns.items():
        if column not in entry:
            raise ValueError(f"has no '{column}' ({key}).{did_you_mean(str(column), entry)}")
        value = entry[column]
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, dict | list) for item in items):
            raise ValueError(f"'{column}' holds {json.dumps(value)[:40]}; expected text ({key}).")
        cells.append(BETWEEN.join(_json_text(item) for item in items))
    return cells


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
