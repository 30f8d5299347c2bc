"""From words and punctuation marks back to plain text, as a training text has them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Literal

from toolkit.data.texts.extending import EXTENDING
from toolkit.data.texts.tokenization import PLAIN_WORD

Join = Literal["left", "right", "both", "none", "pair"]
"""Which neighbours a mark stands close to: that on its left, on its right, both or none; ``pair``:
every other one opens, and stands close to its right, and every other one closes."""

PLAIN = re.compile(PLAIN_WORD)
EXTENDS = re.compile(EXTENDING)
OFTEN = 0.25
"""Share of its occurrences from which on a mark is one of a pair."""


def learn_joins(texts: Iterable[tuple[str, Sequence[str]]]) -> dict[str, Join]:
    """Return how each mark that is not a plain word is most often written.

    Where marks stand side by side, each is judged by the words or blanks on its other side.

    Args:
        texts: Each text and the tokens it was taken apart into, in its order; what is between them
            in the text is blank.
    """
    seen: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for text, tokens in texts:
        place = 0
        for token in tokens:
            start = text.index(token, place)
            place = start + len(token)
            if not PLAIN.fullmatch(token):
                sides = _last(text, start), text[place : place + 1]
                seen[token][_neighbour(sides[0]), _neighbour(sides[1])] += 1
    return {token: _usual(counts) for token, counts in seen.items()}


def _last(text: str, stop: int) -> str:
    """Return the last character before a place, what extends it aside; empty for none."""
    while stop and EXTENDS.fullmatch(text, stop - 1, stop):
        stop -= 1
    return text[stop - 1 : stop] if stop else ""


def _neighbour(character: str) -> str:
    """Return what stands beside a mark: a ``word``, ``blank`` (or nothing) or another ``mark``."""
    if not character.strip():
        return "blank"
    return "word" if PLAIN.fullmatch(character) else "mark"


def _usual(counts: Counter[tuple[str, str]]) -> Join:
    def number(left: tuple[str, ...], right: tuple[str, ...]) -> int:
        return sum(counts[pair] for pair in product(left, right))

    every = ("word", "blank", "mark")
    opening = number(("blank", "mark"), ("word",))
    closing = number(("word",), ("blank", "mark"))
    if min(opening, closing) >= OFTEN * counts.total():
        return "pair"
    before = number(("word",), every) > number(("blank",), every)
    after = number(every, ("word",)) > number(every, ("blank",))
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
