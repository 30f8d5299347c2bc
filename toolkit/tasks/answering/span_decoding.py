"""From the scores of first and last tokens to answers, over all windows of a context."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

QUESTION, FIRST, PLACE, COUNT = range(4)
"""Columns of a split's ``window``: see ``toolkit.data.questions.question_encoder.Cut``."""


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
    logits: np.ndarray, place: int, first: int, allowed: np.ndarray, most: int
) -> Candidates:
    """Return the best passages of a window.

    Args:
        logits: Scores of being the first and the last token, shape ``(time, 2)``.
        place: Where in the row the context begins.
        first: The context's token that stands there.
        allowed: Which passages may be told, as :func:`allowed_in` gives them.
        most: Passages wanted, at most.
    """
    count, longest = allowed.shape
    logits = np.asarray(logits, "float64")
    nothing = float(logits[0].sum())
    if not allowed.any():
        return Candidates(nothing=nothing)
    starts, ends = logits[place : place + count].T
    ends = np.concatenate([ends, np.full(longest - 1, -np.inf)])
    scores = starts[:, None] + np.lib.stride_tricks.sliding_window_view(ends, longest)
    flat = np.where(allowed, scores, -np.inf).ravel()
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

    A passage that several windows hold counts in the one with the most context around it, so that
    none is counted twice.

    Args:
        split: Windows and what they were cut from.
        longest: Most tokens of an answer.
        most: Passages kept for a question.
    """

    def __init__(self, split: Any, longest: int, most: int):
        self.windows = np.asarray(split.arrays["window"])
        self.longest = longest
        self.most = most
        ends = np.flatnonzero(np.diff(self.windows[:, QUESTION])) + 1
        edges = [0, *ends.tolist(), len(self.windows)]
        self.group = np.repeat(edges[:-1], np.diff(edges))  # the first window of the same question
        self.size = np.repeat(np.diff(edges), np.diff(edges))
        self.found: dict[int, Candidates] = {}
        self.read = 0

    def add(self, outputs: np.ndarray) -> None:
        """Read the next windows' logits, shape ``(batch, time, 2)``."""
        for logits in outputs:
            question, first, place, _ = map(int, self.windows[self.read])
            begin = int(self.group[self.read])
            parts = self.windows[begin : begin + int(self.size[self.read])][:, [FIRST, COUNT]]
            allowed = allowed_in(parts, self.read - begin, self.longest)
            offer = read_window(logits, place, first, allowed, self.most)
            self.found.setdefault(question, Candidates()).add(offer, self.most)
            self.read += 1


def allowed_in(parts: np.ndarray, chosen: int, longest: int) -> np.ndarray:
    """Return which passages a window has to tell.

    Args:
        parts: First token and number of tokens of each window of a context, ``(windows, 2)``.
        chosen: Which window.
        longest: Most tokens of a passage.

    Returns:
        Shape ``(tokens of the window, longest)``: whether the passage from token ``i`` to token
        ``i + d`` lies in the window, and in no other one, or an earlier one, with as many tokens
        before and behind it (the fewer of both count).
    """
    first, count = map(int, parts[chosen])
    begin = np.arange(first, first + count)[:, None]
    end = begin + np.arange(longest)

    def around(part: np.ndarray) -> np.ndarray:
        return np.minimum(begin - part[0], part[0] + part[1] - 1 - end)

    own = around(parts[chosen])
    allowed = own >= 0
    for i, part in enumerate(parts):
        if i != chosen:
            allowed &= own > around(part) if i < chosen else own >= around(part)
    return allowed


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
