"""How predicted values go with the true ones over a whole split: Pearson and Spearman."""

from __future__ import annotations

from typing import Any

import numpy as np


class Correlations:
    """Holds a split's values, and tells both correlations of each target, their mean over targets.

    A mean over batches would not do: ranks are of the whole split. Both are 0 where predictions are
    all alike, so that a network that has learned nothing yet can be compared.

    Attributes:
        true: Values that have been seen, a list of arrays ``(batch, targets)``.
        given: The predicted ones.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all values, before a split is gone through."""
        self.true: list[np.ndarray] = []
        self.given: list[np.ndarray] = []

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Take a batch.

        Args:
            x: The inputs, which do not matter.
            y: True values, shape ``(batch, targets)`` or ``(batch,)``.
            outputs: Predicted ones, likewise.
            weight: Shape ``(batch,)``; examples of weight 0 are left out.
        """
        counted = np.asarray(weight, "float64").reshape(-1) > 0
        for held, values in ((self.true, y), (self.given, outputs)):
            values = np.asarray(values, "float64")
            held.append(values.reshape(len(values), -1)[counted])

    def figures(self) -> dict[str, float]:
        """Return ``pearson`` and ``spearman``."""
        true, given = np.concatenate(self.true), np.concatenate(self.given)
        columns = list(zip(true.T, given.T, strict=True))
        return {
            "pearson": float(np.mean([pearson(a, b) for a, b in columns])),
            "spearman": float(np.mean([pearson(ranks(a), ranks(b)) for a, b in columns])),
        }


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Return the linear correlation of two arrays of shape ``(n,)``; 0 where one does not vary."""
    a, b = first - first.mean(), second - second.mean()
    spread = np.sqrt(np.square(a).sum() * np.square(b).sum())
    return float((a * b).sum() / spread) if spread > 0 else 0.0


def ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value from 1, equal values having the mean of theirs, float64."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place]
