"""How far answers agree with those that are right: exact match and F1 as SQuAD defines them."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")


def normal(text: str) -> str:
    """Return an answer as it is compared: small letters, no punctuation, no articles."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact(given: str, right: str) -> float:
    """Return 1.0 where two answers are the same once they are normal, and else 0.0."""
    return float(normal(given) == normal(right))


def f1(given: str, right: str) -> float:
    """Return the harmonic mean of precision and recall of the words of an answer.

    Where one of the two has no word, they agree only if neither has (SQuAD 2.0's rule; 1.1 has no
    such answers).
    """
    ours, theirs = normal(given).split(), normal(right).split()
    if not ours or not theirs:
        return float(ours == theirs)
    same = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * same / (len(ours) + len(theirs))


def best(given: str, right: Sequence[str]) -> tuple[float, float]:
    """Return exact match and F1 against the nearest of the right answers.

    Args:
        given: The answer, empty for none.
        right: The right ones; none where the question has no answer.
    """
    right = [text for text in right if normal(text)] or [""]
    return max(exact(given, text) for text in right), max(f1(given, text) for text in right)


@dataclass(frozen=True)
class Judged:
    """The scores of the answers to questions, in order.

    Attributes:
        exact: 1.0 where an answer is exactly right, shape ``(questions,)``.
        f1: Overlap with the right answer, likewise.
        answerable: Whether the question has an answer, likewise.
    """

    exact: np.ndarray
    f1: np.ndarray
    answerable: np.ndarray

    def figures(self) -> dict[str, float]:
        """Return the means, and where some questions have no answer those of each sort."""
        found = {"exact_match": float(self.exact.mean()), "f1": float(self.f1.mean())}
        if self.answerable.any() and not self.answerable.all():
            found["f1_answerable"] = float(self.f1[self.answerable].mean())
            found["f1_unanswerable"] = float(self.f1[~self.answerable].mean())
        return found


def judge(given: Sequence[str], right: Sequence[Sequence[str]]) -> Judged:
    """Score answers.

    Args:
        given: What was answered, empty where nothing was.
        right: The right answers of each question, none where it has no answer.
    """
    pairs = [best(one, others) for one, others in zip(given, right, strict=True)]
    scores = np.array(pairs, "float64").reshape(-1, 2)
    return Judged(scores[:, 0], scores[:, 1], np.array([bool(r) for r in right], bool))


def best_threshold(judged: Judged, doubt: Sequence[float]) -> Mapping[str, float]:
    """Return the threshold of doubt with the best F1, and that F1.

    A question whose doubt is above the threshold is left unanswered, which is right where it has no
    answer.

    Args:
        judged: The scores of the answers as they are where none is left out.
        doubt: For each question by how much no answer scores above the answer.
    """
    order = np.argsort(np.asarray(doubt, "float64"), kind="stable")
    sorted_doubt = np.asarray(doubt, "float64")[order]
    unanswered = (~judged.answerable).astype("float64")
    # All unanswered at first; then, by rising doubt, one after the other is answered.
    gains = np.cumsum((judged.f1 - unanswered)[order])
    last_of_equals = np.append(np.diff(sorted_doubt) > 0, True)
    gains = np.where(last_of_equals, gains, -np.inf)
    none, total = unanswered.sum(), max(len(order), 1)
    if not len(order) or gains.max() <= 0:
        lowest = sorted_doubt[0] - 1.0 if len(order) else 0.0
        lowest = float(lowest) if np.isfinite(lowest) else 0.0
        return {"best_f1": float(none / total), "best_f1_threshold": lowest}
    place = int(gains.argmax())
    best_f1 = float((none + gains[place]) / total)
    return {"best_f1": best_f1, "best_f1_threshold": float(sorted_doubt[place])}
