"""Long texts in overlapping parts."""

from __future__ import annotations

import numpy as np


def windows(total: int, room: int, step: int) -> list[tuple[int, int]]:
    """Return the parts of a text that are read one by one.

    Args:
        total: Tokens of the text.
        room: Most tokens of a part.
        step: Tokens from the start of one part to the start of the next; parts overlap where it is
            less than ``room``. No token is left out where it is more: ``room`` is taken then.

    Returns:
        First token and number of tokens of each part, the last one ending with the text. A text
        without tokens is one empty part.
    """
    if room < 1 or step < 1:
        raise ValueError("a part has at least one token, and so has a step")
    found, first = [], 0
    while True:
        count = min(room, total - first)
        found.append((first, count))
        if first + count >= total:
            return found
        first += min(room, step)


def fullest(parts: list[tuple[int, int]], total: int) -> np.ndarray:
    """Return the part in which each token has the most on both sides, shape ``(total,)``.

    That is the smaller number of tokens before and behind it, and of equal ones the longer part
    (Devlin et al. 2018, arXiv:1810.04805, in their code for SQuAD).
    """
    best = np.full(total, -1.0)
    chosen = np.zeros(total, "int64")
    for i, (first, count) in enumerate(parts):
        place = np.arange(count)
        score = np.minimum(place, count - 1 - place) + 0.01 * count
        better = score > best[first : first + count]
        chosen[first : first + count][better] = i
        best[first : first + count][better] = score[better]
    return chosen
