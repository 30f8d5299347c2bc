"""From the scores of first and last tokens to answers, over all windows of a context."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from toolkit.data.windows import fullest

QUESTION, FIRST, PLACE, COUNT = range(4)
"""Columns of a split's ``window``: see ``toolkit.data.question_encoder.Cut``."""


@dataclass(frozen=True, order=True)
class Span:
    """A passage of a context.

    Attributes:
        score: Logits of its first and last token, added.
        first: Its first token, counted in the context.
        last: Its last token.
    """

    score: float
    first: int
    last: int


@dataclass
class Candidates:
    """What the windows of one question have to offer.

    Attributes:
        spans: The best passages, the best one first.
        mass: Logarithm of the sum of the exponentials of all passages' scores.
        nothing: Score of having no answer, the lowest of all windows; infinite before the first.
    """

    spans: list[Span] = field(default_factory=list)
    mass: float = -np.inf
    nothing: float = np.inf

    def add(self, other: Candidates, most: int) -> None:
        """Take up what another window has to offer."""
        self.spans = heapq.nlargest(most, self.spans + other.spans)
        self.mass = float(np.logaddexp(self.mass, other.mass))
        self.nothing = min(self.nothing, other.nothing)


def read_window(
    logits: np.ndarray, place: int, first: int, begins: np.ndarray, longest: int, most: int
) -> Candidates:
    """Return the best passages of a window.

    Args:
        logits: Scores of being the first and the last token, shape ``(time, 2)``.
        place: Where in the row the context begins.
        first: The context's token that stands there.
        begins: Which of the context's tokens in this window a passage may begin with, shape
            ``(tokens,)``; it may end with any of them.
        longest: Most tokens of a passage.
        most: Passages wanted, at most.
    """
    logits = np.asarray(logits, "float64")
    nothing = float(logits[0].sum())
    inside = logits[place : place + len(begins)]
    starts = np.where(begins, inside[:, 0], -np.inf)
    if not len(starts) or not np.isfinite(starts).any():
        return Candidates(nothing=nothing)
    ends = np.concatenate([inside[:, 1], np.full(longest - 1, -np.inf)])
    # scores[i, d] is that of the passage from token i to token i + d.
    scores = starts[:, None] + np.lib.stride_tricks.sliding_window_view(ends, longest)
    flat = scores.ravel()
    chosen = np.argpartition(-flat, min(most, flat.size) - 1)[:most]
    spans = [
        Span(
            float(flat[i]), first + int(i) // longest, first + int(i) // longest + int(i) % longest
        )
        for i in chosen
        if np.isfinite(flat[i])
    ]
    return Candidates(sorted(spans, reverse=True), float(np.logaddexp.reduce(flat)), nothing)


class Decoder:
    """Reads the outputs of a split's windows, in order, into candidates for each question.

    A passage may begin only in the window that holds its first token with the most context around
    it, so that none is counted twice.

    Args:
        split: Windows and what they were cut from.
        longest: Most tokens of an answer.
        most: Passages kept for a question.
    """

    def __init__(self, split: Any, longest: int, most: int):
        self.windows = np.asarray(split.arrays["window"])
        self.longest = longest
        self.most = most
        self.begins = list(_begins(self.windows))
        self.found: dict[int, Candidates] = {}
        self.read = 0

    def add(self, outputs: np.ndarray) -> None:
        """Read the next windows' logits, shape ``(batch, time, 2)``."""
        for logits in outputs:
            question, first, place, _ = map(int, self.windows[self.read])
            offer = read_window(
                logits, place, first, self.begins[self.read], self.longest, self.most
            )
            self.found.setdefault(question, Candidates()).add(offer, self.most)
            self.read += 1


def _begins(windows: np.ndarray) -> Iterator[np.ndarray]:
    """Give for each window which of its tokens have no more context in another window."""
    ends = np.flatnonzero(np.diff(windows[:, QUESTION])) + 1
    for group in np.split(windows, ends) if len(windows) else ():
        shift = int(group[0, FIRST])
        parts = [(int(row[FIRST]) - shift, int(row[COUNT])) for row in group]
        chosen = fullest(parts, max(first + count for first, count in parts))
        for i, (first, count) in enumerate(parts):
            yield chosen[first : first + count] == i


def passages(cut: Any, question: int, spans: Iterable[Span]) -> list[tuple[str, int, int, Span]]:
    """Return spans as text of the context, each text once.

    Args:
        cut: What the windows were cut from.
        question: Its number.
        spans: The best first.

    Returns:
        Text, first character, one past the last, and the span.
    """
    context = cut.reading.questions[question].context
    text, offsets = cut.reading.contexts[context], cut.offsets[context]
    found: dict[str, tuple[str, int, int, Span]] = {}
    for span in spans:
        start, stop = int(offsets[span.first, 0]), int(offsets[span.last, 1])
        found.setdefault(text[start:stop], (text[start:stop], start, stop, span))
    return list(found.values())
