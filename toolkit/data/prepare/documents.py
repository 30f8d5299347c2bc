"""The documents of a stretch of text, in parts that are tokenized one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from toolkit.data.texts.piece_streams import DOCUMENT
from toolkit.data.texts.text_folder import BREAKS

Documents = Literal["file", "blank_line", "line", "none"]
"""What a document is: see ``text_folder``; ``none`` where a text is one whole."""
PART = 1 << 20
"""Characters of a part; one that nowhere may be cut is longer."""
Parts = Iterator[tuple[bool, str]]
"""Parts, and whether a document begins with each."""


def documents(blocks: Iterable[str], kind: Documents, *, begins: bool, ends: bool) -> Parts:
    """Yield a stretch's documents in parts, those that hold nothing left out.

    Args:
        blocks: The text.
        kind: What a document is.
        begins: Whether the stretch begins with its file.
        ends: Whether it ends with it.
    """
    if kind == "none":
        return ((False, part) for part in parts(blocks))
    blocks = (block.replace(DOCUMENT, " ") for block in blocks)
    if kind == "file":
        return _stripped(parts(blocks), begins, ends)
    return _broken(blocks, BREAKS[kind])


def _stripped(found: Iterable[str], begins: bool, ends: bool) -> Parts:
    """Yield a file as one document, without the line ends before and behind it."""
    new, held = begins, ""
    for part in found:
        part = held + part
        if new:
            part = part.lstrip("\n")
            if not part.strip():  # a document of blanks alone is none
                held = part
                continue
        text = part.rstrip("\n")
        held = part[len(text) :]
        if text:
            yield new, text
            new = False
    if held and not ends and not new:
        yield False, held


def _broken(blocks: Iterable[str], break_: str) -> Parts:
    """Yield what lies between breaks."""
    held, new = "", True
    for block in blocks:
        *whole, held = re.split(break_, held + block)
        for text in whole:
            if text.strip():
                yield new, text.strip("\n")
            new = True
        if (cut := _cut(held)) and break_ != BREAKS["line"] and held[:cut].strip():
            yield new, held[:cut].lstrip("\n") if new else held[:cut]
            held, new = held[cut:], False
    if held.strip():
        yield new, held.strip("\n") if new else held.rstrip("\n")


def parts(blocks: Iterable[str]) -> Iterator[str]:
    """Yield a text in parts that tokenizers read as they read the whole."""
    held = ""
    for block in blocks:
        held += block
        if cut := _cut(held):
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def _cut(text: str) -> int:
    """Return the last place where a long text may be cut, 0 if it is short or there is none.

    It is before a line feed that something other than a blank follows, else before such a blank.
    """
    if len(text) < PART:
        return 0
    for mark in "\n", " ":
        place = text.rfind(mark, 0, len(text) - 1)
        while place > 0:
            if not text[place + 1].isspace():
                return place
            place = text.rfind(mark, 0, place)
    return PART if len(text) > 16 * PART else 0
