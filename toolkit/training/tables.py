"""Tables on the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    right: Iterable[int] = (),
) -> None:
    """Print a table, as wide as it needs; a terminal bounds its last column only.

    Args:
        columns: Their heads.
        rows: Cells as text, taken as they stand.
        title: What stands above; empty for nothing.
        right: Columns of figures, by number, which end at the same place.
    """
    table = Table(box=box.SIMPLE_HEAD)
    places = {place % len(columns) for place in right}
    for place, name in enumerate(columns):
        head = Text(_folded(name))
        table.add_column(head, justify="right" if place in places else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(highlight=False)
    wide = Console(width=10_000).measure(table).maximum
    if console.is_terminal:
        last = max((len(row[-1]) for row in rows), default=0)
        wide = max(min(wide, console.width), wide - max(last - 12, 0))
    if title:  # a table's own would be folded to its width
        print(title)
    console.width = wide
    console.print(table)


def _folded(name: str) -> str:
    """Return a long head in two lines: its group above its name."""
    if len(name) < 12:
        return name
    return re.sub(r"^([^./]+[./])", r"\1\n", name)
