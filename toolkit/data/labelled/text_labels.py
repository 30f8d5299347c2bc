"""Labels and values as they stand in files, and what is learned of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from toolkit.data.spec import Field
from toolkit.data.tables.columns import Columns
from toolkit.data.tables.csv_rows import SHOWN
from toolkit.data.tables.reading import BETWEEN
from toolkit.errors import Refused, did_you_mean


def label_target(
    parts: Mapping[str, Columns],
    separator: str | None = None,
    shown: Mapping[str, str] | None = None,
) -> tuple[Field, dict[str, np.ndarray]]:
    """Return what a classifier learns, and the labels of each part.

    Args:
        parts: Rows whose last cell is the label; ``train``, together with what is carved from the
            same file, has all classes.
        separator: What stands between several labels; None where each row has just one.
        shown: Names for the labels; None for the labels themselves.

    Raises:
        Refused: If a label is missing or does not occur in the training file, with its line.
    """
    labels = {part: read_labels(read, -1, separator) for part, read in parts.items()}
    first = parts["train"].path
    known = [row for part, read in parts.items() if read.path == first for row in labels[part]]
    classes, several = classes_of(known), separator is not None
    arrays = {
        part: label_array(read, labels[part], classes, several) for part, read in parts.items()
    }
    names = tuple((shown or {}).get(name, name) for name in classes)
    if several:
        return Field("label", (len(names),), classes=names, multi_label=True), arrays
    return Field("label", (), "int32", classes=names), arrays


def value_target(parts: Mapping[str, Columns]) -> tuple[Field, dict[str, np.ndarray]]:
    """Return what a regression learns, and the values of each part, shape ``(rows, 1)`` float32.

    Args:
        parts: Rows whose last cell is a number; ``train`` gives the mean and deviation by which
            values are standardised within the network.

    Raises:
        Refused: If a cell holds no number, with its line, or all training values are the same.
    """
    name = parts["train"].names[-1]
    key = "data.label_column"
    values = {part: read.numbers([read.names[-1]], key) for part, read in parts.items()}
    train = values["train"]
    if np.ptp(train) == 0:
        raise Refused(
            f"{parts['train'].path}: column '{name}' has the same value in all {len(train)} rows; "
            "there is nothing to learn."
        )
    field = Field(
        "value", (1,), names=(name,), offset=(float(train.mean()),), scale=(float(train.std()),)
    )
    return field, {part: array.astype("float32") for part, array in values.items()}


def read_labels(read: Columns, place: int, separator: str | None) -> list[list[str]]:
    """Return the labels of each row.

    Args:
        read: The rows.
        place: Where the column with labels stands.
        separator: What stands between several labels; None where each row has just one.

    Raises:
        Refused: If a row has none, or several, and must have one; with its line.
    """
    labels, faults = [], []
    for row, line in zip(read.rows, read.lines, strict=True):
        cell = row[place]
        if separator is not None:
            parts = cell.replace(BETWEEN, separator).split(separator)
            labels.append([part.strip() for part in parts if part.strip()])
            continue
        labels.append([cell.strip()])
        if not cell.strip():
            faults.append((line, "the label is empty; each row needs one."))
        elif BETWEEN in cell:
            shown = cell.replace(BETWEEN, ", ")
            faults.append((line, f"several labels ({shown}); set data.multi_label to allow that."))
    refuse(read.path, faults)
    return labels


def classes_of(labels: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return all labels in order: by value where all are numbers, else by the alphabet."""
    names = {name for row in labels for name in row}
    try:
        values = {name: float(name) for name in names}
    except ValueError:
        return tuple(sorted(names))
    if any(math.isnan(value) for value in values.values()):  # comes neither before nor after
        return tuple(sorted(names))
    return tuple(sorted(names, key=lambda name: (values[name], name)))


def label_array(
    read: Columns, labels: Sequence[Sequence[str]], classes: Sequence[str], multi_label: bool
) -> np.ndarray:
    """Return class ids, shape ``(rows,)`` int32, or zeros and ones ``(rows, classes)`` float32.

    Raises:
        Refused: If a label is not among the classes, with its line.
    """
    ids = {name: i for i, name in enumerate(classes)}
    refuse(
        read.path,
        [
            (
                line,
                f"label '{name}' does not occur in the training part."
                f"{did_you_mean(name, classes) if len(classes) <= 20 else ''}",
            )
            for row, line in zip(labels, read.lines, strict=True)
            for name in row
            if name not in ids
        ],
    )
    if not multi_label:
        return np.array([ids[row[0]] for row in labels], "int32")
    array = np.zeros((len(labels), len(classes)), "float32")
    for i, row in enumerate(labels):
        array[i, [ids[name] for name in row]] = 1
    return array


def refuse(path: str, faults: Sequence[tuple[int, str]]) -> None:
    """Raise if there are faults, given as line and sentence; the first few are shown."""
    if faults:
        shown = [f"{path}, line {line}: {fault}" for line, fault in faults[:SHOWN]]
        if len(faults) > SHOWN:
            shown.append(f"{path}: {len(faults) - SHOWN} more such rows.")
        raise Refused(*shown)
