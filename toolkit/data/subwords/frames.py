"""Special tokens around texts and pairs of texts, and what is cut where they are too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from toolkit.data.labelled.pairs import cut_lengths
from toolkit.data.spec import Ragged
from toolkit.errors import Refused


def frame(
    special: Mapping[str, int],
    pair_ends: int,
    first: Ragged,
    second: Ragged | None,
    max_length: int | None,
) -> Ragged:
    """Return rows with their special tokens; see ``Subwords.frame``.

    Args:
        special: Ids by name; ``start`` and ``end`` are left out where there are none.
        pair_ends: How many ``end`` stand between the texts of a pair.
        first: Rows of ids.
        second: The other text of each pair; None for none.
        max_length: Most ids of a row; None for no limit.

    Raises:
        Refused: If ``max_length`` has no room for anything but special tokens.
    """
    start = [special["start"]] if "start" in special else []
    end = [special["end"]] if "end" in special else []
    between = end * pair_ends if second is not None else []
    if max_length is not None:
        room = max_length - len(start) - len(between) - len(end)
        if room < 1:
            raise Refused(
                f"data.max_length: {max_length} leaves no room for text beside the special tokens; "
                f"expected at least {max_length - room + 1}."
            )
        if second is None:
            first = cut(first, np.minimum(first.lengths, room))
        else:
            kept, also = cut_lengths(first.lengths, second.lengths, room)
            first, second = cut(first, kept), cut(second, also)
    rows = len(first)
    parts = [_constant(start, rows), first]
    if second is not None:
        parts += [_constant(between, rows), second]
    return beside([*parts, _constant(end, rows)])


def cut(rows: Ragged, lengths: np.ndarray) -> Ragged:
    """Return the first ``lengths`` elements of each row."""
    place = np.arange(len(rows.values)) - np.repeat(rows.starts[:-1], rows.lengths)
    kept = rows.values[place < np.repeat(lengths, rows.lengths)]
    return Ragged(kept, np.concatenate([[0], np.cumsum(lengths)]).astype("int64"))


def beside(parts: Sequence[Ragged]) -> Ragged:
    """Return rows that hold the rows of several one after the other."""
    lengths = [part.lengths for part in parts]
    starts = np.concatenate([[0], np.cumsum(sum(lengths))]).astype("int64")
    values = np.zeros(int(starts[-1]), parts[0].values.dtype)
    at = starts[:-1].copy()
    for part, length in zip(parts, lengths, strict=True):
        moved = np.repeat(at - part.starts[:-1], length)
        values[np.arange(len(part.values)) + moved] = part.values
        at += length
    return Ragged(values, starts)


def _constant(ids: Sequence[int], rows: int) -> Ragged:
    return Ragged(np.tile(np.array(ids, "int32"), rows), np.arange(rows + 1) * len(ids))
