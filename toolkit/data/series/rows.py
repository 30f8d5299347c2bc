"""A time series from a csv file, cut by time into training, validation and test rows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from toolkit.data.series.gaps import Missing, interpolate
from toolkit.data.series.series_encoder import SeriesEncoder
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split
from toolkit.data.tables.columns import Columns, locate_file, read_columns
from toolkit.errors import Refused
from toolkit.types import Fraction, PositiveInt

Borders = tuple[PositiveInt, PositiveInt, PositiveInt]
Scale = Literal["standard", "minmax", "none"]
NUMBERS_FIRST = r"^(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}\b"
"""Dates of which the first number may be the month or the day."""


def series(
    *,
    root: str | None = None,
    file: str,
    time_column: str | None = None,
    columns: list[str] | None = None,
    train_fraction: Fraction = 0.7,
    valid_fraction: Fraction = 0.1,
    borders: Borders | None = None,
    scale: Scale = "standard",
    missing: Missing = "refuse",
    delimiter: str = ",",
    encoding: str = "utf-8",
    seed: int = 0,
) -> Dataset:
    """Load a time series of one or several variables from a csv file.

    The file's first line names the columns; each further line is one time, in order. The rows are
    cut by time, never by chance: first the training rows, then validation, then test. Windows
    that forecast the first validation or test rows look back at the rows before them.

    The arrays hold the values as they are in the file. What standardises them, fitted on the
    training rows only, is in the field's ``offset`` and ``scale``, and is applied inside the
    network: so a saved model takes and gives original units, as one for images takes raw pixels.

    Args:
        root: Folder that ``file`` is relative to; None for the current one.
        file: The csv file, plain or ``.gz``.
        time_column: Column with the time of each row, which must not go back; None where there is
            none. It is checked and not learned from. 03/04/2020 is the fourth of March, unless
            other rows or their order show that the day comes first.
        columns: Columns that are learned from, in this order; None for all that hold numbers.
        train_fraction: Share of the rows that is trained on, the earliest ones.
        valid_fraction: Share of the rows that follow them and choose the best epoch; what remains
            is the test.
        borders: Row numbers where training, validation and test end, counted from 0, instead of
            shares: ``[8640, 11520, 14400]``. Rows after the last are not used.
        scale: ``standard`` gives the training rows mean 0 and standard deviation 1, ``minmax``
            brings them between 0 and 1, ``none`` leaves them.
        missing: Empty cells (also NA, NaN, null) are an error (``refuse``), or lie on a line
            between their neighbours in time (``interpolate``).
        delimiter: What stands between cells; ``tab`` for tabs.
        encoding: The file's text encoding.
        seed: Without effect: nothing is left to chance here.

    Returns:
        Input ``series`` and target ``future``; each split holds the whole series, shape
        ``(time, variables)`` float32, and the range of rows that it forecasts.

    Raises:
        Refused: With file and line, where the file does not hold what is said here.
    """
    path = locate_file(file, root, "data.file")
    read = read_columns(path, delimiter=delimiter, encoding=encoding)
    notes: list[str] = []
    if columns is None:
        columns = [n for n in read.names if n != time_column and read.starts_numeric(n)]
        left = [n for n in read.names if n not in columns and n != time_column]
        if not columns:
            raise Refused(f"{path}: no column holds numbers; there is: {', '.join(read.names)}.")
        if left:
            notes.append(f"{path}: columns without numbers are left out: {', '.join(left)}.")
    if time_column is not None:
        notes += check_times(read, time_column)
    values = read.numbers(columns, "data.columns", missing=missing)
    empty = int(np.isnan(values).sum())
    if empty:
        values = interpolate(values, columns, read.path)
        notes.append(f"{path}: {empty} empty cells lie on a line between their neighbours.")
    ends = _ends(len(values), train_fraction, valid_fraction, borders, read.path)
    encoder = SeriesEncoder(tuple(columns), delimiter, encoding)
    return from_values(values, columns, ends, scale, where=read.path, encoder=encoder, notes=notes)


def from_values(
    values: np.ndarray,
    names: list[str],
    ends: tuple[int, int, int],
    scale: Scale,
    *,
    where: str,
    encoder: SeriesEncoder | None = None,
    notes: list[str] | None = None,
) -> Dataset:
    """Return the data set of a series that has been read.

    Args:
        values: Shape ``(time, variables)``.
        names: Names of the variables.
        ends: Rows where training, validation and test end.
        scale: As for :func:`series`.
        where: The file's name, for messages.
        encoder: Reads files for ``predict``; None reads plain csv files.
        notes: Sentences for the user.

    Raises:
        Refused: If a variable does not vary in the training rows, so that it has no scale.
    """
    offset, spread = fit_scale(values[: ends[0]], scale)
    flat = [n for n, s in zip(names, np.ptp(values[: ends[0]], axis=0), strict=True) if s == 0]
    if flat and scale != "none":
        raise Refused(
            *(
                f"{where}: column '{name}' has the same value in all {ends[0]} training rows, so "
                "it cannot be scaled: leave it out of data.columns, or set data.scale=none."
                for name in flat
            )
        )
    facts: dict[str, Any] = {"shape": (None, len(names)), "names": tuple(names)}
    if scale != "none":
        facts |= {"offset": tuple(offset.tolist()), "scale": tuple(spread.tolist())}
    spec = Spec({"series": Field("series", **facts)}, {"future": Field("future", **facts)})
    whole: dict[str, np.ndarray | Ragged] = {"series": values.astype("float32")}
    train, valid, test = (Split(whole, rows=rows) for rows in ((0, ends[0]), ends[:2], ends[1:]))
    return Dataset(
        spec,
        train,
        valid,
        test if ends[2] > ends[1] else None,
        encoder=encoder or SeriesEncoder(tuple(names)),
        notes=tuple(notes or ()),
    )


def fit_scale(values: np.ndarray, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Return what to subtract from each variable and what to divide it by afterwards."""
    if scale == "standard":
        return values.mean(0), values.std(0)
    if scale == "minmax":
        return values.min(0), values.max(0) - values.min(0)
    return np.zeros(values.shape[1]), np.ones(values.shape[1])


def check_times(read: Columns, name: str) -> list[str]:
    """Return notes on the times of the rows.

    Raises:
        Refused: If a cell is no time, or a row is earlier than the one before it.
    """
    import pandas as pd

    cells = read.text(name, "data.time_column")
    numeric = pd.to_numeric(pd.Series(cells), errors="coerce")
    notes: list[str] = []
    if numeric.notna().all():
        times = numeric.to_numpy("float64")
    else:
        times, notes = _dates(read, name, cells)
    steps = np.diff(times)
    if (steps < 0).any():
        i = int(np.flatnonzero(steps < 0)[0]) + 1
        raise Refused(
            f"{read.path}, line {read.lines[i]}: time '{cells[i]}' is before that of the row above "
            f"('{cells[i - 1]}'); sort the rows by time."
        )
    if len(steps) and (steps != steps[0]).any():
        notes.append(
            f"{read.path}: the steps of time are not all equal; windows count rows, not time."
        )
    return notes


def _dates(read: Columns, name: str, cells: list[str]) -> tuple[np.ndarray, list[str]]:
    """Return dates as whole numbers, in the unit that their finest one needs, and a note.

    All dates such as 03/04/2020 are read alike: with the month first, unless a cell has no such
    month or the rows are in order only with the day first.

    Raises:
        Refused: If a cell is no time, or none in the way that the others are.
    """
    readings = {day_first: _stamps(cells, day_first) for day_first in (False, True)}
    whole = {how: stamps for how, stamps in readings.items() if stamps.notna().all()}
    if not whole:
        month, day = (stamps.isna().to_numpy() for stamps in readings.values())
        wrong = month & day if (month & day).any() else month
        i = int(np.flatnonzero(wrong)[0])
        hint = "" if day[i] else ", and other rows have the month before the day: write all alike"
        raise Refused(
            f"{read.path}, line {read.lines[i]}: time column '{name}' holds '{cells[i]}'{hint}; "
            "expected a number or a time such as 2016-07-01 00:00:00."
        )
    ordered = [how for how, stamps in whole.items() if stamps.is_monotonic_increasing]
    day_first = (ordered or [*whole])[0]
    stamps = whole[day_first]
    note = f"{read.path}: the times of column '{name}' are read with the day before the month."
    times = stamps.dt.tz_localize(None).to_numpy().astype("int64")
    return times, [note] if day_first else []


def _stamps(cells: list[str], day_first: bool) -> Any:
    """Return cells as a pandas series of times, NaT where one cannot be read in this way."""
    import pandas as pd

    text = pd.Series(cells)
    leading = text.str.extract(NUMBERS_FIRST).astype("float64")
    stamps = pd.to_datetime(text, errors="coerce", utc=True, format="mixed")
    if day_first:
        swapped = pd.to_datetime(text, errors="coerce", utc=True, format="mixed", dayfirst=True)
        stamps = stamps.mask(leading[0].notna(), swapped)  # 2020-03-04 is never read otherwise
    months = leading[1 if day_first else 0]
    return stamps.mask(months > 12)  # pandas would read the other way round, this cell alone


def _ends(
    rows: int, train: float, valid: float, borders: Borders | None, where: str
) -> tuple[int, int, int]:
    """Return the rows where training, validation and test end.

    Raises:
        Refused: If they are not in order, or there are not so many rows.
    """
    if borders is None:
        if not train > 0 or not valid > 0 or train + valid > 1:
            raise Refused(
                f"data.train_fraction {train} and data.valid_fraction {valid}: both above 0 and "
                "together at most 1."
            )
        first = round(rows * train)
        borders = (first, min(max(round(rows * (train + valid)), first + 1), rows), rows)
    first, second, third = borders
    if not 1 < first < second <= third <= rows:
        raise Refused(
            f"data.borders {list(borders)}: expected three row numbers that grow, the last at most "
            f"{rows}, the rows of {where}."
        )
    return first, second, third
