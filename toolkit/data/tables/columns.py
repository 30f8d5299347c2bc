"""A csv file as named columns of text, and its cells as numbers, each cell's line known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.files.finding import find, root_folder
from toolkit.data.files.part_folders import refuse_twice
from toolkit.data.tables.csv_rows import SHOWN, csv_rows, other_delimiter
from toolkit.errors import Refused, did_you_mean

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""What an empty cell may hold, in lower case."""
SLIPS = 0.1
"""Share of words below which a column is one of numbers with slips in it."""


@dataclass(frozen=True)
class Columns:
    """The cells of a csv file.

    Attributes:
        path: The file, for messages.
        names: Names of the columns, from the first line.
        rows: The cells of each row, as text, as many as there are names.
        lines: Line of the file that each row ends in, counted from 1.
    """

    path: str
    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Columns:
        """Return rows given as mappings from column to value; None is an empty cell.

        Raises:
            Refused: If there are none, or they do not have the same columns.
        """
        if not rows:
            raise Refused("input: no rows.")
        names = tuple(map(str, rows[0]))
        wrong = [i for i, row in enumerate(rows) if set(map(str, row)) != set(names)]
        if wrong:
            raise Refused(f"input, row {wrong[0] + 1}: expected the columns {', '.join(names)}.")
        cells = [["" if v is None else str(v) for v in map(row.get, names)] for row in rows]
        return cls("input", names, cells, list(range(1, len(rows) + 1)))

    def take(self, rows: Iterable[int]) -> Columns:
        """Return some of the rows."""
        rows = list(rows)
        cells, lines = [self.rows[i] for i in rows], [self.lines[i] for i in rows]
        return Columns(self.path, self.names, cells, lines)

    def place(self, name: str, key: str) -> int:
        """Return where column ``name`` stands.

        Args:
            name: A column's name.
            key: The config key that asks for it, for the message.

        Raises:
            Refused: If there is no such column.
        """
        if name not in self.names:
            hint = did_you_mean(name, self.names)
            raise Refused(f"{key}: {self.path} has no column '{name}'.{hint}")
        return self.names.index(name)

    def text(self, name: str, key: str) -> list[str]:
        """Return the cells of one column without blanks around them."""
        place = self.place(name, key)
        return [row[place].strip() for row in self.rows]

    def starts_numeric(self, name: str) -> bool:
        """Say whether the first cell of a column that is not empty holds a number."""
        filled = (cell for cell in self.text(name, "columns") if cell.lower() not in MISSING)
        first = next(filled, None)
        return first is not None and number(first) is not None

    def is_numeric(self, name: str) -> bool:
        """Say whether a column holds numbers, empty cells aside.

        Raises:
            Refused: If it does but for a few cells: a slip must not turn numbers into categories.
        """
        cells = self.text(name, "columns")
        filled = [i for i, cell in enumerate(cells) if cell.lower() not in MISSING]
        words = [i for i in filled if number(cells[i]) is None]
        if words and len(words) < SLIPS * len(filled):
            i = words[0]
            raise Refused(
                f"{self.path}, line {self.lines[i]}: column '{name}' holds '{cells[i]}', but "
                f"numbers in {len(filled) - len(words)} of {len(filled)} rows. Correct it, or say "
                "what the column is with data.categorical_columns or data.ignore_columns."
            )
        return bool(filled) and not words

    def numbers(self, names: Sequence[str], key: str, *, missing: str | None = None) -> np.ndarray:
        """Return columns as numbers.

        Args:
            names: The columns, in the order wanted.
            key: The config key that asks for them, for messages.
            missing: What to do about empty cells, as the option ``missing`` has it. None refuses
                them and says that nothing else can be done; ``refuse`` refuses them; anything else
                leaves NaN in their place.

        Returns:
            Shape ``(rows, columns)``, float64.

        Raises:
            Refused: With file and line of every cell that is no finite number.
        """
        values = np.empty((len(self.rows), len(names)))
        faults: list[tuple[int, str]] = []
        for j, name in enumerate(names):
            cells = self.text(name, key)
            for i, cell in enumerate(cells):
                value = number(cell)
                if value is None and cell.lower() in MISSING:
                    value = np.nan
                    if missing in (None, "refuse"):
                        faults.append((self.lines[i], f"column '{name}' is empty ('{cell}')"))
                elif value is None:
                    faults.append((self.lines[i], f"column '{name}' holds '{cell}', not a number"))
                values[i, j] = np.nan if value is None else value
        if faults:
            raise Refused(*self._shown(faults, missing))
        return values

    def _shown(self, faults: list[tuple[int, str]], missing: str | None) -> Iterable[str]:
        for line, fault in sorted(faults)[:SHOWN]:
            yield f"{self.path}, line {line}: {fault}."
        if len(faults) > SHOWN:
            yield f"{self.path}: {len(faults) - SHOWN} more such cells."


def number(cell: str) -> float | None:
    """Return the finite number that a cell holds, or None for any other text."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def read_columns(
    path: str | PathLike[str],
    *,
    delimiter: str = ",",
    quoting: bool = True,
    encoding: str = "utf-8",
) -> Columns:
    """Read a csv file whose first line names the columns.

    Args:
        path: The file; ``.gz`` is unpacked.
        delimiter: What stands between cells; ``tab`` for tabs.
        quoting: Whether cells may stand in double quotes.
        encoding: Name of the text encoding.

    Raises:
        Refused: If the file is missing, empty, not text, or has a row with too many or too few
            cells; with the line.
    """
    rows, lines = csv_rows(
        Path(path), header=True, delimiter=delimiter, quoting=quoting, encoding=encoding
    )
    names = tuple(cell.strip() for cell in rows[0]) if rows else ()
    rows, lines = rows[1:], lines[1:]
    if not names:
        raise Refused(f"{path}: is empty; expected a first line that names the columns.")
    if hint := other_delimiter(names):
        raise Refused(f"{path}, line 1: one column only, '{names[0]}'.{hint}")
    if not rows:
        raise Refused(f"{path}: holds no rows below its first line, which names the columns.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise Refused(f"{path}, line 1: more than one column is named {', '.join(repeated)}.")
    return Columns(str(path), names, rows, lines)


def locate_file(file: str, root: str | None, key: str, folder: str | None = None) -> Path:
    """Return a user's file, below ``root`` or else below the current folder, plain or ``.gz``.

    Args:
        file: Its path.
        root: A folder; None for the current one only.
        key: The config key that names it, for the message.
        folder: A folder of ``root`` that is searched first.

    Raises:
        Refused: If it is in no such place.
    """
    places = [Path(".")]
    if root is not None:
        places = [root_folder(root), *places]
        if folder is not None and (places[0] / folder).is_dir():
            places = [places[0] / folder, *places]
    near: set[str] = set()
    for place in places:
        path = place / Path(file).expanduser()
        found = path if path.is_file() else find(path.name, path.parent)
        if found is not None:
            return found
        if path.is_dir():
            raise Refused(f"{key}: '{path}' is a folder; expected a file.")
        if path.parent.is_dir():
            beside = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
            near.update(difflib.get_close_matches(path.name, beside, n=2, cutoff=0.75))
    looked = " or ".join(f"'{path}'" for path in dict.fromkeys(p / file for p in places))
    hint = f" Did you mean {' or '.join(sorted(near))}?" if near else ""
    raise Refused(f"{key}: there is no {looked} (plain or .gz).{hint}")


def locate_parts(
    files: Mapping[str, str | None], root: str | None, folder: str | None = None
) -> dict[str, Path]:
    """Return the user's file of each part that has one; see :func:`locate_file`.

    Args:
        files: Its path by part, and None where there is none.
        root: A folder; None for the current one only.
        folder: A folder of ``root`` that is searched first.

    Raises:
        Refused: If one is in no such place, or is named for two parts.
    """
    found = {
        part: locate_file(file, root, f"data.{part}", folder)
        for part, file in files.items()
        if file is not None
    }
    refuse_twice({f"data.{part}": path for part, path in found.items()})
    return found
