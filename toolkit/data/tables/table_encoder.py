"""From the columns of a csv file to the numbers that a network reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from toolkit.data.spec import Split
from toolkit.data.tables.columns import MISSING, SHOWN, Columns, read_columns
from toolkit.errors import Refused

Missing = Literal["refuse", "mean"]


@dataclass(frozen=True)
class TableEncoder:
    """Standardises columns of numbers and writes out categories as zeros and a one.

    What it needs is fitted on the training rows and is plain JSON, so that ``predict`` reads new
    rows just as training did, in another process and without the training data.

    Attributes:
        numeric: Names of the columns of numbers.
        mean: What is subtracted from each, its mean in training.
        deviation: What it is divided by afterwards.
        categorical: Names of the columns of categories.
        categories: The categories of each that occur in training, in order. Another one, at
            prediction, is a row of zeros.
        missing: What to do about empty cells: ``refuse``, or ``mean``: a number's mean, and no
            category at all.
        delimiter: What stands between cells of a file.
        quoting: Whether cells may stand in double quotes.
        encoding: The text encoding of files.
    """

    numeric: tuple[str, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    categorical: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    missing: Missing = "refuse"
    delimiter: str = ","
    quoting: bool = True
    encoding: str = "utf-8"

    @classmethod
    def fit(
        cls,
        read: Columns,
        numeric: Sequence[str],
        categorical: Sequence[str],
        missing: Missing = "refuse",
        **reading: Any,
    ) -> TableEncoder:
        """Fit to training rows.

        Args:
            read: The rows.
            numeric: Columns of numbers.
            categorical: Columns of categories.
            missing: What to do about empty cells.
            **reading: ``delimiter``, ``quoting`` and ``encoding``, for files at prediction.

        Raises:
            Refused: If a cell is empty and must not be, or is no number; with its line.
        """
        values = read.numbers(numeric, "data.numeric_columns", missing=missing)
        empty = [n for n, c in zip(numeric, values.T, strict=True) if np.isnan(c).all()]
        if empty:
            raise Refused(
                *(
                    f"{read.path}: column '{name}' is empty from the first line to the last; name "
                    "it in data.ignore_columns."
                    for name in empty
                )
            )
        mean, deviation = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        deviation[np.nanmax(values, axis=0) == np.nanmin(values, axis=0)] = 1.0
        categories = tuple(
            tuple(sorted({c for c in read.text(name, "data.categorical_columns") if filled(c)}))
            for name in categorical
        )
        return cls(
            tuple(numeric),
            tuple(mean.tolist()),
            tuple(deviation.tolist()),
            tuple(categorical),
            categories,
            missing,
            **reading,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features: columns of numbers, then ``column=category``."""
        pairs = zip(self.categorical, self.categories, strict=True)
        return (*self.numeric, *(f"{name}={c}" for name, known in pairs for c in known))

    def encode(self, raw: str | os.PathLike[str] | Columns | Sequence[Mapping[str, Any]]) -> Split:
        """Return rows as examples, in order.

        Args:
            raw: Path of a csv file that has the columns among others, in any order; or rows as
                mappings from column to value.

        Returns:
            Shape ``(rows, features)``, float32, under ``features``.

        Raises:
            Refused: If a column is missing, or a cell is empty or no number; with its line.
        """
        if isinstance(raw, str | os.PathLike):
            raw = read_columns(
                raw, delimiter=self.delimiter, quoting=self.quoting, encoding=self.encoding
            )
        elif not isinstance(raw, Columns):
            raw = Columns.from_rows(raw)
        values = raw.numbers(self.numeric, "input", missing=self.missing)
        values = np.where(np.isnan(values), self.mean, values)
        parts = [(values - np.array(self.mean)) / np.array(self.deviation)]
        for name, known in zip(self.categorical, self.categories, strict=True):
            cells = raw.text(name, "input")
            if self.missing == "refuse":
                refuse_empty(raw, name, cells)
            parts.append(np.array(cells, "U")[:, None] == np.array(known, "U")[None])
        return Split({"features": np.concatenate(parts, axis=1).astype("float32")})

    def unseen(self, read: Columns) -> dict[str, int]:
        """Return by column how many cells hold a category that training did not have."""
        found = {}
        for name, known in zip(self.categorical, self.categories, strict=True):
            count = sum(filled(c) and c not in known for c in read.text(name, "input"))
            if count:
                found[name] = count
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> TableEncoder:
        """Return the encoder that :meth:`to_json` described."""
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list | tuple) else v for k, v in saved.items()
        }
        fields["categories"] = tuple(map(tuple, saved["categories"]))
        return cls(**fields)


def filled(cell: str) -> bool:
    """Say whether a cell holds anything."""
    return cell.lower() not in MISSING


def refuse_empty(read: Columns, name: str, cells: Sequence[str]) -> None:
    """Refuse empty cells of a column of words, with their lines."""
    lines = [line for line, cell in zip(read.lines, cells, strict=True) if not filled(cell)]
    if lines:
        more = [f"{read.path}: {len(lines) - SHOWN} more such cells."] if len(lines) > SHOWN else []
        raise Refused(
            *(f"{read.path}, line {line}: column '{name}' is empty." for line in lines[:SHOWN]),
            *more,
        )
