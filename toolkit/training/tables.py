"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    right: Iterable[int] = (),
) -> None:
    """Print a table, as wide as it needs where no terminal bounds it.

    Args:
        columns: Their heads.
        rows: Cells as text, taken as they stand.
        title: What stands above; empty for nothing.
        right: Columns of figures, by number, which end at the same place.
    """
    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="")
    places = {place % len(columns) for place in right}
    for place, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if place in places else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.measure(table).maximum, 20)
    console.print(table)
