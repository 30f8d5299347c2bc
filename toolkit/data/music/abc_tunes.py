"""Tunes from files in ABC notation: comments, titles and words taken out, one form for all."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.data.files.finding import read_text

FIRST = "X:1"
"""The first line of every tune. Its number is that of a collection, and nothing to be learned."""
FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")
"""A line that says something of the tune. ``d:|`` is music."""
COMMENT = re.compile(r"(?<!\\)%.*|\[r:[^\]]*\]")
BLOCK = re.compile(r"%%begin(\w+)")
"""Begins a stretch that is no music, up to ``%%end`` and the same word."""


@dataclass
class _Tune:
    """A tune while it is read."""

    line: int
    header: dict[str, list[str]] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    keyed: bool = False
    music: bool = False

    @property
    def fault(self) -> str | None:
        """What it lacks to be a tune."""
        if not self.keyed:
            return "has no K: line, which says the key"
        return None if self.music else "has no notes"

    def text(self, defaults: dict[str, list[str]]) -> str:
        """Return it as it is learned, lines of the file's header among it."""
        missing = [
            line for key, kept in defaults.items() if key not in self.header for line in kept
        ]
        header = [line for kept in self.header.values() for line in kept]
        return "\n".join([FIRST, *missing, *header, *self.body])


def read_tunes(
    path: Path, fields: Collection[str], encoding: str = "utf-8"
) -> tuple[list[str], list[str]]:
    """Read the tunes of a file (Walshaw, "The abc music standard 2.1", 2011).

    A tune begins with a line ``X:`` and ends before an empty line or the next one; what stands
    between tunes is passed over. Lines about all tunes at the head of the file are put into each.

    Args:
        path: The file, plain or ``.gz``.
        fields: Letters of the lines of information that are kept, ``M``, ``L``, ``K``, … Others,
            titles and words that are sung among them, are left out, as are comments.
        encoding: The file's text encoding.

    Returns:
        The tunes, lines of music as they stand; and for each that was left out, as it has no key or
        no notes, file, line and reason.

    Raises:
        Refused: If the file is no text in ``encoding``; with its line.
    """
    defaults: dict[str, list[str]] = {}
    tunes: list[str] = []
    faults: list[str] = []
    for tune in _tunes(read_text(path, encoding), fields, defaults):
        if (fault := tune.fault) is not None:
            faults.append(f"{path}, line {tune.line}: the tune {fault}.")
        else:
            tunes.append(tune.text(defaults))
    return tunes, faults


def _tunes(text: str, fields: Collection[str], defaults: dict[str, list[str]]) -> Iterator[_Tune]:
    """Give the tunes of a file, and put its header's lines into ``defaults``."""
    tune: _Tune | None = None
    seen = False
    for number, line in _lines(text):
        found = FIELD.match(line)
        if tune is not None and (not line or (found and found[1] == "X")):
            yield tune
            tune = None
        if found and found[1] == "X":
            tune, seen = _Tune(number), True
        elif found and tune is None and not seen and found[1] in fields:
            defaults.setdefault(found[1], []).append(_line(found))
        elif tune is None or not line:
            continue
        elif found is None:
            tune.body.append(line)
            tune.music = tune.music or tune.keyed
        else:
            if found[1] in fields and tune.keyed:
                tune.body.append(_line(found))
            elif found[1] in fields:
                tune.header.setdefault(found[1], []).append(_line(found))
            tune.keyed = tune.keyed or found[1] == "K"
    if tune is not None:
        yield tune


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines of a file with their numbers, without comments and what is no music."""
    until = None
    for number, raw in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        line = raw.strip()
        if until is not None:
            until = None if line.startswith(until) else until
        elif block := BLOCK.match(line):
            until = f"%%end{block[1]}"
        elif not line.startswith("%"):  # a line of comment does not end a tune, an empty one does
            yield number, COMMENT.sub("", line).replace("\\%", "%").strip()


def _line(found: re.Match[str]) -> str:
    """Return a line of information in one form: no blank behind the colon, and single ones."""
    return f"{found[1]}:{' '.join(found[2].split())}"
