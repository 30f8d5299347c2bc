"""From a csv file to the end of a series that is to be continued."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.series.gaps import Missing, interpolate
from toolkit.data.spec import Split
from toolkit.data.tables.columns import Columns, read_columns


@dataclass(frozen=True)
class SeriesEncoder:
    """Turns rows that a user gives into a series, for ``predict``.

    Values stay in their original units; the network scales them.

    Attributes:
        names: The variables, in the order that the network was trained on.
        delimiter: What stands between cells.
        encoding: The text encoding of files.
    """

    names: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"

    def encode(
        self,
        raw: str | os.PathLike[str] | Columns | Sequence[Sequence[float]],
        missing: Missing = "refuse",
    ) -> Split:
        """Return the series, its range to forecast being what follows the last row.

        Args:
            raw: Path of a csv file that holds the variables' columns among others, in any order;
                or a table of numbers with one column for each variable.
            missing: Whether empty cells are an error (``refuse``), or lie on a line between their
                neighbours in time (``interpolate``).

        Returns:
            Shape ``(time, variables)``, float32.

        Raises:
            Refused: If the file lacks a column or holds a cell that is no number; with its line.
        """
        if isinstance(raw, str | os.PathLike):
            raw = read_columns(raw, delimiter=self.delimiter, encoding=self.encoding)
        if isinstance(raw, Columns):
            values = raw.numbers(self.names, "input", missing=missing)
            if missing == "interpolate":
                values = interpolate(values, self.names, raw.path)
        else:
            values = np.asarray(raw, "float64").reshape(-1, len(self.names))
        return Split({"series": values.astype("float32")}, rows=(len(values), len(values)))

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        names = list(self.names)
        return {"names": names, "delimiter": self.delimiter, "encoding": self.encoding}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> SeriesEncoder:
        """Return the encoder that :meth:`to_json` described."""
        return cls(tuple(saved["names"]), saved["delimiter"], saved["encoding"])
