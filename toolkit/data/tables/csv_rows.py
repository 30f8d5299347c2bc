"""The rows of a csv file, and the line of the file that each is from."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from toolkit.data.files.finding import read_text
from toolkit.errors import Refused

SHOWN = 5
"""Faults that a message lists before it only counts them."""
LONGEST = 2**31 - 1
"""Characters of a cell; the csv module would stop at 131,072, which a long text exceeds."""
SIGNS = {"tab": "\t", "\\t": "\t", "semicolon": ";", "comma": ",", "bar": "|"}
"""Delimiters by names, as signs need quotes on a command line."""


def csv_rows(
    path: str | Path,
    *,
    header: bool,
    delimiter: str = ",",
    quoting: bool = True,
    encoding: str = "utf-8",
) -> tuple[list[list[str]], list[int]]:
    """Read a csv file whose rows all have the same number of cells; empty lines are left out.

    Args:
        path: The file; ``.gz`` is unpacked.
        header: Whether the first row names the columns, for messages.
        delimiter: What stands between cells: a character, or a name of :data:`SIGNS`.
        quoting: Whether cells may stand in double quotes, and then hold delimiters and line ends.
        encoding: Name of the text encoding.

    Returns:
        The cells of each row, and the line that each row ends in, counted from 1.

    Raises:
        Refused: If the file is missing, not text, or has a row with too many or too few cells.
    """
    delimiter = SIGNS.get(delimiter, delimiter)
    if len(delimiter) != 1:
        known = ", ".join(name for name in SIGNS if name.isalpha())
        raise Refused(
            f"data.delimiter: expected one character, or its name: {known}; got '{delimiter}'."
        )
    reader = csv.reader(
        io.StringIO(read_text(path, encoding), newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=True,
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    limit, end = csv.field_size_limit(LONGEST), 0
    try:
        for row in reader:
            end = reader.line_num
            if row:
                rows.append(row)
                lines.append(end)
    except csv.Error as error:
        hint = f" The row begins in line {end + 1}; where quotes are plain text, turn quoting off."
        place = f"{path}, line {reader.line_num}"
        raise Refused(f"{place}: {error}.{hint if quoting else ''}") from error
    finally:
        csv.field_size_limit(limit)
    _refuse_ragged(str(path), rows, lines, header)
    return rows, lines


def _refuse_ragged(
    path: str, rows: Sequence[Sequence[str]], lines: Sequence[int], header: bool
) -> None:
    """Raise if a row has not as many cells as the first."""
    wrong = [i for i, row in enumerate(rows) if len(row) != len(rows[0])]
    if not wrong:
        return
    width = len(rows[0])
    if header:
        names = [cell.strip() for cell in rows[0]]
        expected = f"names {width} columns ({', '.join(names[:8])}{', …' * (width > 8)})"
    else:
        expected = f"has {width}"
    faults = [
        f"{path}, line {lines[i]}: {len(rows[i])} cells, but the first line {expected}."
        for i in wrong[:SHOWN]
    ]
    if len(wrong) > SHOWN:
        faults.append(f"{path}: {len(wrong) - SHOWN} more such rows.")
    raise Refused(*faults)


def other_delimiter(names: Sequence[str]) -> str:
    """Return a hint where one single column's name looks like several, divided by another sign."""
    found = [name for name, sign in SIGNS.items() if len(names) == 1 and sign in names[0]]
    return f" Perhaps data.delimiter={found[0]} is meant?" if found else ""
