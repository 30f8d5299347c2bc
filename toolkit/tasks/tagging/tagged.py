"""From what a network gives for tokens to the tags of words, over the rows of whole sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.entities import OUTSIDE, entity_scores


class TagReader:
    """Reads the outputs of a split's rows, in order, into a tag for each word.

    Args:
        split: Rows, and the sentences that they were cut from.

    Attributes:
        chosen: Id of each word's tag, the words of all sentences counted on; -1 where no token of
            a row read so far stands for it.
        sure: How much the chosen tag's output is, likewise.
    """

    def __init__(self, split: Any):
        self.source = split.source
        self.words = split.arrays["word"]
        self.chosen = np.full(int(self.source.starts[-1]), -1)
        self.sure = np.zeros(len(self.chosen))
        self.read = 0

    def add(self, outputs: np.ndarray) -> None:
        """Read the next rows' outputs, shape ``(batch, time, tags)``."""
        for row in outputs:
            word = self.words[self.read]
            best = row[: len(word)].argmax(-1)
            here = word >= 0
            self.chosen[word[here]] = best[here]
            self.sure[word[here]] = row[np.arange(len(word)), best][here]
            self.read += 1

    def tags(self) -> list[list[str]]:
        """Return the tags of each sentence; words that no token stands for are outside."""
        names = np.array([*self.source.classes, self._none])
        starts = self.source.starts
        return [
            names[self.chosen[start:end]].tolist()
            for start, end in zip(starts[:-1], starts[1:], strict=True)
        ]

    @property
    def _none(self) -> str:
        return OUTSIDE if OUTSIDE in self.source.classes else self.source.classes[0]


class Tags:
    """Scores the entities of whole sentences, from the outputs of a split's rows in their order.

    Args:
        split: Rows, and the sentences that they were cut from with their true tags.
    """

    def __init__(self, split: Any):
        self.split = split
        words, starts = split.arrays["word"], split.source.starts
        # The sentence of each row; one without a token for any word goes with that before it.
        first = [int(row[row >= 0][0]) if (row >= 0).any() else -1 for row in words]
        self.sentence = np.searchsorted(starts, np.maximum.accumulate(first), side="right") - 1
        self.reset()

    def reset(self) -> None:
        """Forget what was observed."""
        self.reader = TagReader(self.split)

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Read the next rows' logits, shape ``(batch, time, tags)``."""
        self.reader.add(np.asarray(outputs))

    def figures(self) -> dict[str, float]:
        """Return precision, recall and F1 of the entities in the sentences that were observed."""
        if not self.reader.read:
            return {}
        last = len(self.split.source.words)
        if self.reader.read < len(self.sentence):
            last = int(self.sentence[self.reader.read - 1]) + 1
        return entity_scores(self.reader.tags()[:last], self.split.source.tags[:last])
