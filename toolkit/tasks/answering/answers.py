"""Answers to the questions of a split, scored as a whole while its windows are evaluated."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.tasks.answering.answer_scores import best_threshold, judge
from toolkit.tasks.answering.span_decoding import Candidates, passages


class Answers:
    """Scores whole questions, from the outputs of a split's windows in their order.

    Args:
        task: Gives the decoder and the threshold.
        split: The windows, and the right answers.
    """

    def __init__(self, task: Any, split: Any):
        self.task = task
        self.split = split
        self.reset()

    def reset(self) -> None:
        """Forget what was observed."""
        self.decoder = self.task.decoder(self.split)

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Read the next windows' logits, shape ``(batch, time, 2)``."""
        self.decoder.add(np.asarray(outputs))

    def figures(self) -> dict[str, float]:
        """Return exact match and F1 over the questions of which a window was observed."""
        cut, found = self.split.source, self.decoder.found
        if not found:
            return {}
        texts = {
            number: passages(cut, number, offer.spans[:1])[0][0] if offer.spans else ""
            for number, offer in found.items()
        }
        right = [[a.text for a in cut.reading.questions[number].answers] for number in found]
        if not cut.unanswerable:
            return judge(list(texts.values()), right).figures()
        doubts = [doubt(offer) for offer in found.values()]
        limit = self.task.no_answer_threshold
        given = [
            text if unsure <= limit else ""
            for text, unsure in zip(texts.values(), doubts, strict=True)
        ]
        forced = judge(list(texts.values()), right)
        return judge(given, right).figures() | dict(best_threshold(forced, doubts))


def doubt(found: Candidates) -> float:
    """Return by how much having no answer scores above the best passage."""
    return found.nothing - found.spans[0].score if found.spans else np.inf
