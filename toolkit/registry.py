"""One readable table per kind of part: names, where they live, and what is known of them."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from toolkit.errors import Refused, did_you_mean

Row = TypeVar("Row")


class Table(Mapping[str, Callable[..., Any]], Generic[Row]):
    """Names and the functions or classes behind them, imported when one is asked for.

    A table is written out by hand in the module that owns the kind, so that everything there is
    can be read in one place: no scanning, and no import for its side effects. Its functions'
    signatures are their schemas.

    Args:
        kind: What the names name, for messages (``"block"``).
        rows: For each name either ``"module:attribute"`` or a row object with such a ``path`` and
            further facts about the entry.

    Example:
        >>> table = Table("block", {"dense": "toolkit.blocks.dense:dense"})
        >>> table["dense"]  # doctest: +SKIP
        <function dense>
    """

    def __init__(self, kind: str, rows: Mapping[str, Row]):
        self.kind = kind
        self._rows: dict[str, Row] = dict(rows)
        self._loaded: dict[str, Callable[..., Any]] = {}

    def __getitem__(self, name: str) -> Callable[..., Any]:
        row = self.row(name)
        if name not in self._loaded:
            module, _, attribute = str(getattr(row, "path", row)).partition(":")
            self._loaded[name] = getattr(importlib.import_module(module), attribute)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def row(self, name: str) -> Row:
        """Return what is known of ``name`` without importing it.

        Raises:
            Refused: If there is no such name; the message has the nearest ones.
        """
        if name not in self._rows:
            raise Refused(f"{self.kind}: no '{name}'.{did_you_mean(name, self._rows)}")
        return self._rows[name]

    def register(self, name: str, function: Callable[..., Any], row: Row | None = None) -> None:
        """Add an entry from a plug-in, under a name that is still free.

        Args:
            name: The name that configs will use.
            function: The function or class; its keyword-only parameters become its options.
            row: Facts about it, where the table's rows hold any.

        Raises:
            Refused: If the name is taken by another function.
        """
        if name in self._rows and self._loaded.get(name) is not function:
            raise Refused(f"{self.kind}: '{name}' is taken; give the new one another name.")
        self._rows[name] = row if row is not None else f"{function.__module__}:{name}"  # type: ignore[assignment]
        self._loaded[name] = function

    def summary(self, name: str) -> str:
        """Return the first line of the entry's docstring."""
        return (inspect.getdoc(self[name]) or "").partition("\n")[0]
