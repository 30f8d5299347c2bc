"""The comparison as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from toolkit.training.compare.columns import Columns

MARK = '<meta name="generator" content="toolkit compare">'
"""What tells a page of ours from another."""

STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; display: block; overflow-x: auto; }
th, td { padding: .3rem .7rem; text-align: left; white-space: nowrap; }
td { border-bottom: 1px solid #8884; }
th { border-bottom: 2px solid #888; }
td.figure, th.figure { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: min(100%, 42rem); height: auto; background: white; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.faults { color: #a40000; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } }
"""


def page(
    title: str,
    tables: Sequence[tuple[str, Columns]],
    pictures: Sequence[Path],
    faults: Sequence[str] = (),
) -> str:
    """Return the page: tables, pictures within it, and what could not be read."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        MARK,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
    ]
    if faults:
        parts.append('<ul class="faults">')
        parts += [f"<li>{escape(fault)}</li>" for fault in faults]
        parts.append("</ul>")
    for head, columns in tables:
        parts += [f"<h2>{escape(head)}</h2>", _table(columns)]
    if pictures:
        parts.append('<h2>Pictures</h2><div class="pictures">')
        parts += [_picture(path) for path in pictures]
        parts.append("</div>")
    return "\n".join([*parts, "</body></html>", ""])


def _table(columns: Columns) -> str:
    def cells(row: Sequence[str], tag: str) -> str:
        marks = [' class="figure"' if i in columns.figures else "" for i in range(len(row))]
        return "".join(
            f"<{tag}{mark}>{escape(text)}</{tag}>" for mark, text in zip(marks, row, strict=True)
        )

    rows = "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in columns.rows)
    head = cells(columns.heads, "th")
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{data}">'
