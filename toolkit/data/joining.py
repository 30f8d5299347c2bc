"""From words and punctuation marks back to plain text, as a training text has them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

Join = Literal["left", "right", "both", "none", "pair"]
"""Which neighbours a mark stands close to: that on its left, on its right, both or none; ``pair``:
every other one opens, and stands close to its right, and every other one closes."""

PLAIN = re.compile(r"\w+")
OFTEN = 0.25
"""Share of its occurrences from which on a mark is one of a pair."""


def learn_joins(texts: Iterable[tuple[str, Sequence[str]]]) -> dict[str, Join]:
    """Return how each mark that is not a plain word is most often written.

    Args:
        texts: Each text and the tokens it was taken apart into, in its order; what is between them
            in the text is blank.
    """
    seen: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    for text, tokens in texts:
        place = 0
        for token in tokens:
            start = text.index(token, place)
            place = start + len(token)
            if PLAIN.fullmatch(token):
                continue
            before = start > 0 and not text[start - 1].isspace()
            after = place < len(text) and not text[place].isspace()
            seen[token][before, after] += 1
    return {token: _usual(counts) for token, counts in seen.items()}


def _usual(counts: Counter[tuple[bool, bool]]) -> Join:
    total = counts.total()
    opening, closing = counts[False, True], counts[True, False]
    if min(opening, closing) >= OFTEN * total:
        return "pair"
    (before, after), _ = counts.most_common(1)[0]
    names: dict[tuple[bool, bool], Join] = {
        (True, True): "both",
        (True, False): "left",
        (False, True): "right",
        (False, False): "none",
    }
    return names[before, after]


def join(tokens: Iterable[str], joins: Mapping[str, Join]) -> str:
    """Return tokens as a text, blanks where they are usual.

    Args:
        tokens: Words and marks.
        joins: What :func:`learn_joins` gave; what is not in it stands between blanks.
    """
    text, close = "", True  # whether what comes next stands close to what is there
    open_now: dict[str, bool] = {}
    for token in tokens:
        how = joins.get(token, "none")
        if how == "pair":
            open_now[token] = not open_now.get(token, False)
            how = "right" if open_now[token] else "left"
        text += token if close or how in ("left", "both") else f" {token}"
        close = how in ("right", "both")
    return text
