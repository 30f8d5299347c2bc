"""How written windows compare with a text: by the runs of tokens that they share with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.data.spec import Dataset, Split
from toolkit.ngrams import distinct, overlap, runs

RUN, SEED = 3, 0x5EED


class WrittenRuns:
    """Has windows written, the same noise each time, and compares them with a split's text.

    Args:
        task: A ``SequenceAdversarial`` task.
        dataset: Says how many different tokens there are.
        split: The text.
    """

    def __init__(self, task: Any, dataset: Dataset, split: Split):
        self.task, self.size = task, _size(dataset)
        self.text = tokens_of(split)
        self.objective: Any = None

    def reset(self) -> None:
        """Forget the network."""
        self.objective = None

    def begin(self, objective: Any) -> None:
        """Take the network that is to write."""
        self.objective = objective

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Leave batches alone: what is written does not depend on them."""

    def figures(self) -> dict[str, float]:
        """Return the share of runs that the text has too, and the share of different ones."""
        drawn = np.random.default_rng(SEED)
        starts = drawn.integers(0, len(self.text), self.task.judged)
        first = self.text[starts][:, None]  # as windows begin: after any token
        written = self.objective.write(first, self.task.sequence_length, seed=SEED)
        return compared(written, self.text, self.size)


def compared(windows: np.ndarray, text: np.ndarray, size: int) -> dict[str, float]:
    """Return how windows compare with a text.

    Args:
        windows: Token ids, ``(windows, tokens)``.
        text: Token ids, ``(tokens,)``.
        size: Of the vocabulary.
    """
    of_windows, of_text = (runs(t, RUN, size) for t in (windows, text[None]))
    return {"ngram_overlap": overlap(of_windows, of_text), "distinct": distinct(of_windows)}


def baselines(task: Any, dataset: Dataset, split: Split) -> dict[str, float]:
    """Return what tokens drawn by their frequency come to, and windows of the training text.

    The second is what a perfect writer would come to.
    """
    drawn = np.random.default_rng(SEED)
    train, size, length = tokens_of(dataset.train), _size(dataset), task.sequence_length
    starts = drawn.integers(0, len(train) - length + 1, task.judged)
    samples = {
        "unigram": train[drawn.integers(0, len(train), (task.judged, length))],
        "training text": train[starts[:, None] + np.arange(length)],
    }
    found = {}
    for name, windows in samples.items():
        for figure, value in compared(windows, tokens_of(split), size).items():
            found[f"{figure} ({name})"] = value
    return found


def tokens_of(split: Split) -> np.ndarray:
    """Return the tokens of a text, in order."""
    return np.asarray(next(iter(split.arrays.values())), "int32")


def _size(dataset: Dataset) -> int:
    return len(dataset.spec.target.vocabulary or ())
