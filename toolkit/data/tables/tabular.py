"""Rows of a csv file, each with a label or a value to be predicted."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from toolkit.data.spec import Dataset, Field, Spec, Split, carve
from toolkit.data.tables.columns import Columns, locate_parts, number, read_columns
from toolkit.data.tables.table_encoder import Missing, TableEncoder, filled, refuse_empty
from toolkit.errors import Refused, did_you_mean
from toolkit.types import Fraction, PositiveInt

TargetKind = Literal["label", "value"]


def tabular(
    *,
    root: str | None = None,
    train: str,
    valid: str | None = None,
    test: str | None = None,
    label_column: str | list[str] | None = None,
    target_kind: TargetKind | None = None,
    numeric_columns: list[str] | None = None,
    categorical_columns: list[str] | None = None,
    ignore_columns: list[str] | None = None,
    max_categories: PositiveInt = 100,
    missing: Missing = "refuse",
    validation_fraction: Fraction = 0.1,
    test_fraction: Fraction = 0.0,
    delimiter: str = ",",
    quoting: bool = True,
    encoding: str = "utf-8",
    seed: int = 0,
) -> Dataset:
    """Load a table from csv files whose first line names the columns.

    Columns of numbers are standardised and categories written out as zeros and a one; both are
    fitted on the training rows.

    Args:
        root: Folder that the files are relative to; None for the current one.
        train: The csv file that is trained on, plain or ``.gz``.
        valid: The one that chooses the best epoch; None carves it from ``train``.
        test: The one that is reported; None for none.
        label_column: Column that is predicted; None for the last one. Several columns are several
            values or, for labels, several yes-or-no labels written 0 and 1.
        target_kind: Whether it is a ``label`` (classification) or a ``value`` (regression); None
            takes what the task asks for.
        numeric_columns: Columns of numbers; None for all others that hold nothing else in training
            (one that holds a word here and there is refused, with the line).
        categorical_columns: Columns of categories; None for the remaining ones.
        ignore_columns: Columns that are not read, such as a row's number; None for none.
        max_categories: A column of words with more different ones is left out, unless
            ``categorical_columns`` names it: it is a name or free text, and no category.
        missing: Empty cells (also NA, NaN, null) are an error (``refuse``), or count as the
            training mean, and as no category (``mean``). Empty labels are always an error.
        validation_fraction: Share of the training rows carved for validation where there is no
            file for it.
        test_fraction: Share of the training rows carved for the test where there is no file; 0 for
            no test.
        delimiter: What stands between cells; ``tab`` for tabs.
        quoting: Whether cells may stand in double quotes.
        encoding: The files' text encoding.
        seed: Chooses the rows that are carved.

    Returns:
        Input ``features``, shape ``(columns,)`` float32, and target ``label`` or ``value``.

    Raises:
        Refused: With file and line, where a file does not hold what is said here.
    """
    reading: dict[str, Any] = {"delimiter": delimiter, "quoting": quoting, "encoding": encoding}
    files = {"train": train, "valid": valid, "test": test}
    read = {name: read_columns(path, **reading) for name, path in locate_parts(files, root).items()}
    first, notes = read["train"], []
    wanted = [label_column] if isinstance(label_column, str) else label_column
    if not wanted:
        wanted = [first.names[-1]]
        notes.append(f"{first.path}: the last column, '{wanted[0]}', is what is predicted.")
    for name in wanted:
        first.place(name, "data.label_column")
    numeric, categorical, left = choose_columns(
        first,
        [*wanted, *(ignore_columns or [])],
        numeric_columns,
        categorical_columns,
        max_categories,
    )
    if left:
        notes.append(
            f"{first.path}: left out, having more than {max_categories} different words: "
            f"{', '.join(left)}."
        )
    classes = None if target_kind == "value" else _classes(first, wanted)
    for name, share in (("test", test_fraction), ("valid", validation_fraction)):
        if name not in read and share > 0:
            read["train"], read[name] = _carve(read["train"], share, seed)
            notes.append(f"{first.path}: {len(read[name].rows)} rows are carved for {name}.")
    if "valid" not in read:
        raise Refused(
            "data.validation_fraction: 0, and data.valid names no file; the best epoch is chosen "
            "on validation rows: give either."
        )
    encoder = TableEncoder.fit(read["train"], numeric, categorical, missing, **reading)
    if classes is None:
        target, arrays = _values(read, wanted)
    elif len(wanted) > 1:
        target, arrays = _yes_or_no(read, wanted)
    else:
        target, arrays = _labels(read, wanted[0], classes)
    splits = {
        name: Split({**encoder.encode(columns).arrays, target.kind: arrays[name]})
        for name, columns in read.items()
    }
    notes += [
        f"{columns.path}: {count} cells of column '{column}' in the {name} rows hold words that "
        "the training rows do not have; they count as no category."
        for name, columns in read.items()
        for column, count in encoder.unseen(columns).items()
    ]
    names = encoder.names
    spec = Spec({"features": Field("table", (len(names),), names=names)}, {target.kind: target})
    return Dataset(
        spec, splits["train"], splits["valid"], splits.get("test"), encoder, tuple(notes)
    )


def choose_columns(
    read: Columns,
    taken: list[str],
    numeric: list[str] | None,
    categorical: list[str] | None,
    max_categories: int,
) -> tuple[list[str], list[str], list[str]]:
    """Return the columns of numbers, those of categories, and those of too many words.

    Args:
        read: The training rows.
        taken: Columns that are no features.
        numeric: As given by the user; None to find out.
        categorical: Likewise.
        max_categories: Most different words of a category that is found out.

    Raises:
        Refused: If a column is not there, is named twice, or none is left.
    """
    for key, names in (("numeric_columns", numeric), ("categorical_columns", categorical)):
        for name in names or []:
            read.place(name, f"data.{key}")
            if name in taken:
                raise Refused(f"data.{key}: '{name}' is what is predicted, or is ignored.")
    twice = set(numeric or []) & set(categorical or [])
    if twice:
        raise Refused(f"data.categorical_columns: {', '.join(sorted(twice))} named as numeric too.")
    for name in taken:
        read.place(name, "data.ignore_columns")
    free = [n for n in read.names if n not in {*taken, *(numeric or []), *(categorical or [])}]
    if numeric is None:
        numeric = [name for name in free if read.is_numeric(name)]
    left = []
    if categorical is None:
        words = {
            name: len(set(filter(filled, read.text(name, "data"))))
            for name in free
            if name not in numeric
        }
        categorical = [name for name, count in words.items() if 0 < count <= max_categories]
        left = [name for name in words if name not in categorical]
    if not numeric and not categorical:
        raise Refused(f"{read.path}: no column is left to learn from besides {', '.join(taken)}.")
    return numeric, categorical, left


def _values(read: dict[str, Columns], names: list[str]) -> tuple[Field, dict[str, np.ndarray]]:
    """Return the target and, by split, its values, shape ``(rows, targets)``."""
    values = {k: r.numbers(names, "data.label_column", missing=None) for k, r in read.items()}
    train = values["train"]
    flat = [n for n, spread in zip(names, np.ptp(train, axis=0), strict=True) if spread == 0]
    if flat:
        raise Refused(
            *(
                f"{read['train'].path}: column '{name}' has the same value in all {len(train)} "
                "rows; there is nothing to learn."
                for name in flat
            )
        )
    offset, scale = tuple(train.mean(axis=0).tolist()), tuple(train.std(axis=0).tolist())
    field = Field("value", (len(names),), names=tuple(names), offset=offset, scale=scale)
    return field, {name: array.astype("float32") for name, array in values.items()}


def _yes_or_no(read: dict[str, Columns], names: list[str]) -> tuple[Field, dict[str, np.ndarray]]:
    """Return the target and, by split, zeros and ones, shape ``(rows, classes)``."""
    arrays = {}
    for part, columns in read.items():
        values = columns.numbers(names, "data.label_column", missing=None)
        wrong = np.argwhere((values != 0) & (values != 1))
        if len(wrong):
            i, j = wrong[0]
            raise Refused(
                f"{columns.path}, line {columns.lines[i]}: column '{names[j]}' holds "
                f"{values[i, j]:g}; several data.label_column are yes-or-no labels, 0 or 1 (for "
                "numbers set data.target_kind=value)."
            )
        arrays[part] = values.astype("float32")
    field = Field("label", (len(names),), classes=tuple(names), multi_label=True)
    return field, arrays


def _classes(read: Columns, names: list[str]) -> tuple[str, ...]:
    """Return the labels that occur, numbers by size and words by the alphabet.

    Raises:
        Refused: If a label is empty, or they are numbers that hardly repeat.
    """
    if len(names) > 1:
        return tuple(names)
    cells = read.text(names[0], "data.label_column")
    refuse_empty(read, names[0], cells)
    numbers = {cell: number(cell) for cell in cells}
    sizes = {cell: size for cell, size in numbers.items() if size is not None}
    if len(sizes) < len(numbers):
        return tuple(sorted(numbers))
    if len(numbers) > max(20, len(cells) / 2):
        raise Refused(
            f"{read.path}: column '{names[0]}' has {len(numbers)} different numbers in "
            f"{len(cells)} rows, which are hardly classes; for numbers use task=regression "
            "data.target_kind=value."
        )
    return tuple(sorted(numbers, key=sizes.__getitem__))


def _labels(
    read: dict[str, Columns], name: str, classes: tuple[str, ...]
) -> tuple[Field, dict[str, np.ndarray]]:
    """Return the target and, by split, class ids, shape ``(rows,)``."""
    ids = {label: i for i, label in enumerate(classes)}
    arrays = {}
    for part, columns in read.items():
        cells = columns.text(name, "data.label_column")
        refuse_empty(columns, name, cells)
        new = [i for i, cell in enumerate(cells) if cell not in ids]
        if new:
            cell = cells[new[0]]
            raise Refused(
                f"{columns.path}, line {columns.lines[new[0]]}: label '{cell}' is not in the "
                f"training file ({len(new)} such rows).{did_you_mean(cell, classes)}"
            )
        arrays[part] = np.array([ids[cell] for cell in cells], "int32")
    return Field("label", (), "int32", classes=classes), arrays


def _carve(read: Columns, share: float, seed: int) -> tuple[Columns, Columns]:
    """Cut rows out by seed; return the rest and the part."""
    if len(read.rows) < 2:
        raise Refused(f"{read.path}: {len(read.rows)} row; no part can be carved from it.")
    rest, part = carve(Split({"row": np.arange(len(read.rows))}), share, seed)
    return read.take(np.asarray(rest.arrays["row"])), read.take(np.asarray(part.arrays["row"]))
