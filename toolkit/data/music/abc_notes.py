"""Music in ABC notation as tokens: notes with all that belongs to them, bar lines, and so on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from toolkit.data.music.abc_tunes import FIELD, FIRST
from toolkit.data.texts.vocabulary import PAD, UNKNOWN, Vocabulary, count

LENGTH = r"\d*/*\d*"
BAR = r"(?::*\.?\|[|\]:]*|::+|\[\|:*\]?)(?:\[?\d[\d,.\-]*)?|\[\d[\d,.\-]*"
TOKEN = re.compile(
    "|".join(
        (
            BAR,  # | || |] :| |: :: with the number of an ending, |1 :|2 [1
            r"\[[A-Za-z]:[^\]\n]*\]",  # [K:D]
            rf"\[[^\]\n|:]*\]{LENGTH}",  # [CEG]2: notes at once
            r'"[^"\n]*"',  # "Am"
            r"![^!\s][^!\n]*!",  # !trill!
            r"\(\d(?::\d?){0,2}",  # (3 and (3:2:2
            rf"(?:\^\^?|__?|=)?[A-Ga-g][,']*{LENGTH}",  # ^c'3/2
            rf"[xyzXZ]{LENGTH}",  # rests
            r"[<>]+",  # A>B
            r"\{/?",  # grace notes
            r"\S",
        )
    )
)
"""One token of a line of music; every character but blanks is in one."""
BARS = re.compile(BAR)
BEAMS = str.maketrans("", "", "`\\")
"""Marks of how notes are drawn, and of lines that go on: they change nothing that is played."""


@dataclass(frozen=True)
class NoteRules:
    """How tunes become tokens, and tokens a tune.

    A note is one token with its accidental, octave and length, a chord another; so are bar lines,
    rests, chord symbols, decorations and tuplets, and each line of information. Blanks and line
    ends between notes, which say how they are drawn, are not kept.
    """

    def clean(self, text: str) -> str:
        """Return a text with one sort of line end."""
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def tokens(self, text: str) -> list[str]:
        """Split tunes, or a part of one."""
        return [*chain.from_iterable(self._lines(text))]

    def _lines(self, text: str) -> Iterator[list[str]]:
        for line in text.split("\n"):
            line = line.strip()
            if found := FIELD.match(line):
                whole = f"{found[1]}:{' '.join(found[2].split())}"
                yield [FIRST if found[1] == "X" else whole]
            elif line:
                yield TOKEN.findall(line.translate(BEAMS))

    def count(self, text: str) -> dict[str, int]:
        """Return how often each token occurs, in the order of appearance."""
        return count(self._lines(text))

    def encode(self, text: str, vocabulary: Vocabulary, absent: int) -> np.ndarray:
        """Return the ids of a text's tokens, int32; ``absent`` for those not known."""
        return vocabulary.encode(chain.from_iterable(self._lines(text)), absent=absent)

    def join(self, tokens: Iterable[str]) -> str:
        """Return tokens as ABC: lines of information by themselves, an empty line before a tune.

        What stands between two tokens depends on these alone, so that a text can be shown while it
        is written.
        """
        text, before = [], ""
        for token in tokens:
            if token in (PAD, UNKNOWN):
                continue
            text += [_between(before, token) if before else "", token]
            before = token
        return "".join(text)


def _between(before: str, after: str) -> str:
    """Return what stands between two tokens."""
    if after == FIRST:
        return "\n\n"
    if FIELD.match(before) or FIELD.match(after):
        return "\n"
    return " " if BARS.fullmatch(before) or BARS.fullmatch(after) else ""
