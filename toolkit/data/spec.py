"""What a data set is: named inputs and targets, each with a kind, and the splits that hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

Kind = Literal["tokens", "image", "series", "table", "code", "code_sequence", "code_grid"]
Target = Literal[
    "next", "label", "value", "future", "tags", "span", "text", "picture", "style", "none"
]
"""Kinds of target; ``none`` is said of data that has nothing to learn but its inputs."""

NOT_SCORED = -1
"""In place of a tag, where a token has none that counts."""


@dataclass(frozen=True)
class Field:
    """One named input or target.

    Attributes:
        kind: For inputs of data ``tokens``, ``image``, ``series`` or ``table``; for what one
            network gives another ``code``, ``code_sequence`` or ``code_grid``; for targets ``next``
            (the token that follows), ``label``, ``value``, ``future``, ``tags`` (a label for each
            token, -1 where none is scored), ``span`` (first and last token of an answer, both 0
            where there is none), ``text`` (token ids that are to be written), ``picture`` (an image
            that is to be made of the one that is read) or ``style`` (an image whose style is to be
            taken over).
        shape: Shape of one example; None where it varies (``(None,)`` for token ids).
        dtype: NumPy name of the type of one element.
        vocabulary: The words, in the order of their ids, where elements are token ids.
        special: Ids of the tokens that are no words: ``pad``, ``unknown``, ``start``, ``end`` and
            ``mask``, those that there are. None: id 0 is padding for texts of varying length, and
            streams, which have no padding, have a word there.
        classes: The labels' names, in the order of their ids.
        multi_label: Whether several classes can hold at once (a row of zeros and ones).
        names: Names of the columns or variables, in order.
        offset: What standardises raw values: subtracted, one a variable. Arrays hold raw values;
            the task scales inside the network, so a saved model takes and gives original units.
        scale: Divided by afterwards.
        palette: For images that are label maps, the colour of each class, in the order of
            ``classes``. Such images are never blended: they are resized by the nearest pixel.
        unpaired: For pictures: whether one has nothing to do with the input beside it and is just
            another of what is to be made. Each epoch puts other ones together.
    """

    kind: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    vocabulary: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    multi_label: bool = False
    names: tuple[str, ...] | None = None
    offset: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    special: dict[str, int] | None = None
    palette: tuple[tuple[int, ...], ...] | None = None
    unpaired: bool = False

    @property
    def pad(self) -> int:
        """What rows of differing length are filled up with."""
        if self.kind == "tags":
            return NOT_SCORED
        return (self.special or {}).get("pad", 0)


@dataclass(frozen=True)
class Spec:
    """The inputs and targets of a data set, by name."""

    inputs: dict[str, Field]
    targets: dict[str, Field]

    @property
    def input(self) -> Field:
        """The only input, or the one that comes first."""
        return next(iter(self.inputs.values()))

    @property
    def target(self) -> Field:
        """The only target."""
        (only,) = self.targets.values()
        return only


@dataclass(frozen=True)
class Ragged:
    """Rows of differing length, end to end in one array.

    Attributes:
        values: All elements, shape ``(total,)``.
        starts: Where each row starts, shape ``(rows + 1,)``; the last entry is the total.
    """

    values: np.ndarray
    starts: np.ndarray

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[int]], dtype: str = "int32") -> Ragged:
        """Pack a list of rows."""
        starts = np.zeros(len(rows) + 1, "int64")
        np.cumsum([len(row) for row in rows], out=starts[1:])
        values = np.fromiter((x for row in rows for x in row), dtype, int(starts[-1]))
        return cls(values, starts)

    @classmethod
    def packed(cls, rows: Sequence[np.ndarray], dtype: str = "int32") -> Ragged:
        """Pack a list of arrays, many at once."""
        starts = np.zeros(len(rows) + 1, "int64")
        np.cumsum([len(row) for row in rows], out=starts[1:])
        return cls(np.concatenate([np.zeros(0, dtype), *rows]).astype(dtype), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: Any) -> Any:
        """Return one row as an array, or, for an array of indices or a slice, a new Ragged."""
        if isinstance(rows, int | np.integer):
            return self.values[self.starts[rows] : self.starts[rows + 1]]
        picked = np.arange(len(self))[rows]
        return Ragged.packed([self[int(i)] for i in picked], str(self.values.dtype))

    @property
    def lengths(self) -> np.ndarray:
        """Length of each row."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class Split:
    """One part of a data set, unbatched.

    Attributes:
        arrays: An array (or Ragged) per input and target, by name, first axis the examples.
            A token stream (target ``next``) is one array ``(tokens,)`` under its input's name; a
            series (target ``future``) one array ``(time, variables)`` of the *whole* series. On
            disk, likewise, ``StoredTokens`` or ``StoredColumn`` of ``toolkit.data.records``.
        decode: Turns one example (a dict of tensors) into another with TensorFlow operations, where
            arrays hold references (file names) and not the thing itself; None where they hold it.
        rows: For a series, first and one past the last row that may be forecast in this split. The
            context of a window may reach back before the first.
        source: What the examples were cut from, where arrays do not tell it all: the contexts and
            answers of questions, the words of sentences, which whole examples are scored by. An
            array of the split says which part of it an example is.
    """

    arrays: dict[str, np.ndarray | Ragged]
    decode: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    rows: tuple[int, int] | None = None
    source: Any = None

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    @property
    def lengths(self) -> list[np.ndarray]:
        """The lengths of the examples, ``(examples,)``, by each array where they differ."""
        each = (getattr(array, "lengths", None) for array in self.arrays.values())
        return [lengths for lengths in each if lengths is not None]

    def take(self, indices: np.ndarray | slice) -> Split:
        """Return the examples at ``indices``."""
        arrays = {name: array[indices] for name, array in self.arrays.items()}
        return replace(self, arrays=arrays)


@dataclass(frozen=True)
class Dataset:
    """Splits, what they hold, and how raw input of the same sort becomes examples.

    Attributes:
        spec: Inputs and targets.
        train: What is learned from.
        valid: What the best epoch is chosen on; never None: a loader carves it from ``train`` where
            none is given, and says so in ``notes``.
        test: What is reported; None where there is none. Further labelled splits lie in ``more``.
        encoder: Turns raw input (texts, paths, rows) into a Split for ``predict``; a run keeps it.
        notes: Sentences for the user: what was carved, skipped, repaired or counted.
        more: Further splits by name.
    """

    spec: Spec
    train: Split
    valid: Split
    test: Split | None
    encoder: Any = None
    notes: tuple[str, ...] = ()
    more: dict[str, Split] = field(default_factory=dict)

    @property
    def splits(self) -> dict[str, Split]:
        """Every split there is, by name."""
        named = {"train": self.train, "valid": self.valid, "test": self.test, **self.more}
        return {name: split for name, split in named.items() if split is not None}


def carve(split: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """Cut a validation part out of a split, by seed.

    Args:
        split: What to cut from.
        fraction: Share of the examples that the second part gets, between 0 and 1.
        seed: The same seed gives the same parts.

    Returns:
        The rest and the part, each with at least one example, in the order of the original.
    """
    count = min(max(1, round(len(split) * fraction)), len(split) - 1)
    order = np.random.default_rng(seed).permutation(len(split))
    return split.take(np.sort(order[count:])), split.take(np.sort(order[:count]))
