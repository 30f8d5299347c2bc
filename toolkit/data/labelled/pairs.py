"""Two texts that are read as one row: what is cut where both together are too long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Text = str | tuple[str, str]
"""A text, or two that belong together."""


def sides(texts: Sequence[Text]) -> tuple[list[str], list[str] | None]:
    """Return the first texts and, where they are pairs, the second ones.

    Args:
        texts: All single texts, or all pairs.
    """
    pairs = [text for text in texts if not isinstance(text, str)]
    if not pairs:
        return [text for text in texts if isinstance(text, str)], None
    return [first for first, _ in pairs], [second for _, second in pairs]


def cut_lengths(first: np.ndarray, second: np.ndarray, room: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of two texts is kept where both together must fit into ``room``.

    The longer one is cut until both are of the same length, and then both alike, so that a short
    question before a long paragraph stays whole.

    Args:
        first: Lengths, whole numbers.
        second: Lengths of the texts beside them.
        room: Most elements of both together.

    Example:
        >>> cut_lengths(np.array([2, 9]), np.array([9, 9]), 7)
        (array([2, 4]), array([5, 3]))
    """
    room = max(room, 0)
    fits = first + second <= room
    kept = np.maximum(np.minimum(first, room - room // 2), room - second)
    kept = np.where(fits, first, np.minimum(kept, first))
    return kept, np.where(fits, second, room - kept)
