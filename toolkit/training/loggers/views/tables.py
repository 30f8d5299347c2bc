"""Tables and texts in Markdown, as TensorBoard shows it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

LONGEST = 240
"""Characters of a cell."""


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, its cells taken as they stand."""
    lines = [heads, ["---"] * len(heads), *([cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Return a text that Markdown leaves alone, in one line and cut where it is long."""
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    text = re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", html.escape(text, quote=False))
    return " ".join(text.split()).replace("\\|", "&#124;")
