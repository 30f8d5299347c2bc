"""Tables in Markdown, as TensorBoard shows them."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable, Sequence

LONGEST, WIDEST = 360, 90
"""Characters of a cell, and of a line in it: narrow columns get no room beside longer lines."""


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, its cells taken as they stand."""
    lines = [heads, ["---"] * len(heads), *([cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Return a text that Markdown leaves alone, broken where it is long and cut where too long."""
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "<br>".join(map(_plain, textwrap.wrap(text, WIDEST)))


def _plain(line: str) -> str:
    line = re.sub(r"([\\`*_{}\[\]#~])", r"\\\1", html.escape(line, quote=False))
    return line.replace("|", "&#124;")
