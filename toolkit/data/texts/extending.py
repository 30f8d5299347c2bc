"""Characters that are no letters and belong to the character before them."""

from __future__ import annotations

import unicodedata
from itertools import chain, count, groupby

JOINER = "\u200d"
"""Makes one picture of the symbols on both its sides (a family of three people)."""
BESIDE_MARKS = f"\u200c{JOINER}\U0001f3fb-\U0001f3ff"
"""Non-joiner (within words of Persian), joiner and skin tones, as within a class of ``re``."""


def _marks() -> str:
    """Return Unicode's combining marks, as within a class of ``re``.

    Vowel signs, accents and variation selectors are among them.
    """
    planes = chain(range(0x20000), range(0xE0000, 0xE1000))  # the others hold none
    marks = (i for i in planes if unicodedata.category(chr(i)).startswith("M"))
    steps = count()
    runs = (list(run) for _, run in groupby(marks, key=lambda i: i - next(steps)))
    return "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)


EXTENDING = rf"(?![\0-\u02ff])[{_marks()}{BESIDE_MARKS}]"
"""One such character; most that are none are told at once, as the class is slow to search."""
