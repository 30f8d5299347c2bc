"""From rows of texts, or of pairs of texts, to the arrays that are learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from toolkit.data.labelled.pairs import Text
from toolkit.data.labelled.text_input import Texts
from toolkit.data.labelled.text_labels import label_target, value_target
from toolkit.data.spec import Dataset, Spec, Split, carve
from toolkit.data.tables.columns import Columns
from toolkit.data.tables.reading import BETWEEN
from toolkit.errors import Refused


def labelled_texts(
    parts: Mapping[str, Columns],
    texts: Texts,
    *,
    values: bool = False,
    multi_label: str | None = None,
    classes: Mapping[str, str] | None = None,
    notes: list[str] | None = None,
) -> Dataset:
    """Return the data set of rows that have been read.

    Args:
        parts: ``train``, ``valid`` and, where there is one, ``test``; each row holds a text, or the
            two texts of a pair, and last what is to be learned.
        texts: How texts become ids.
        values: Whether numbers are learned, and not labels.
        multi_label: What stands between the labels of a row; None where each has one.
        classes: Names for the labels; None for the labels themselves.
        notes: Sentences for the user that come first.

    Returns:
        Input ``tokens``; target ``label`` or ``value``. The input's ``names`` are the columns of a
        pair, and None for single texts.

    Raises:
        Refused: If a label is missing or not known, a value is no number, or all texts are empty.
    """
    notes = list(notes or ())
    raw: dict[str, list[Text]] = {}
    for part, read in parts.items():
        raw[part] = [_text(row) for row in read.rows]
        notes += _empty(read, part)
    if values:
        target, arrays = value_target(parts)
    else:
        target, arrays = label_target(parts, multi_label, classes)
    fitted = texts.fit(raw, {part: read.path for part, read in parts.items()})
    field = fitted.field
    if len(parts["train"].names) > 2:
        field = replace(field, names=parts["train"].names[:-1])
    splits = {
        part: Split({"tokens": rows, target.kind: arrays[part]})
        for part, rows in fitted.rows.items()
    }
    return Dataset(
        Spec({"tokens": field}, {target.kind: target}),
        splits["train"],
        splits["valid"],
        splits.get("test"),
        fitted.encoder,
        (*notes, *fitted.notes),
    )


def _text(row: list[str]) -> Text:
    """Return the text of a row, or its two texts; items of a list are one text."""
    first, *second = (cell.replace(BETWEEN, " ") for cell in row[:-1])
    return (first, second[0]) if second else first


def _empty(read: Columns, part: str) -> list[str]:
    """Return what is to be said of texts without a word.

    Raises:
        Refused: If a column has no others.
    """
    notes = []
    for place, name in enumerate(read.names[:-1]):
        empty = sum(not row[place].strip() for row in read.rows)
        if empty == len(read.rows):
            key = ("data.text_column", "data.text_pair_column")[place]
            raise Refused(
                f"{read.path}: column '{name}' has no text in any of its {empty} rows; is {key} "
                "the right one?"
            )
        if empty:
            which = "texts" if len(read.names) == 2 else f"texts of column '{name}'"
            notes.append(f"{read.path}: {empty:,} of {len(read.rows):,} {part} {which} are empty.")
    return notes


def carved(read: Columns, fraction: float, seed: int) -> dict[str, Columns]:
    """Return training and validation rows, cut out of one file by seed.

    Args:
        read: The rows.
        fraction: Share that is for validation.
        seed: The same seed gives the same parts.

    Raises:
        Refused: If the share is 0, or there is one row only.
    """
    if not fraction:
        raise Refused(
            "data.validation_fraction: 0, and data.valid names no file; the best epoch is chosen "
            "on validation rows: give either."
        )
    if len(read.rows) < 2:
        raise Refused(
            f"{read.path}: has one row only, so no validation row can be carved from it; expected "
            "at least two rows, or a file for data.valid."
        )
    rest, part = carve(Split({"row": np.arange(len(read.rows))}), fraction, seed)
    train, valid = (np.asarray(split.arrays["row"]).tolist() for split in (rest, part))
    return {"train": read.take(train), "valid": read.take(valid)}
