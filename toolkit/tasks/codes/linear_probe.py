"""How well classes can be told from codes by a linear classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.data.pipeline import example_batches

TRAINING = 5000
"""Training examples, at most, that the classifier learns from: evenly spaced, as folders of images
come class by class."""


class LinearProbe:
    """Tells ``linear_probe_accuracy``: that of logistic regression on the codes of a split.

    It learns from the codes of training examples, standardised. For a code drawn from a
    distribution its mean is taken.

    Args:
        task: A ``Reconstruction`` that knows its networks and the array that holds the class ids.
        dataset: Of which the split is one.
        split: What is scored.
    """

    def __init__(self, task: Any, dataset: Any, split: Any):
        self.task, self.dataset, self.split = task, dataset, split

    def reset(self) -> None:
        """Begin."""
        self.codes: list[np.ndarray] = []
        self.encode = self.task.networks.encoder

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Take a batch of the split."""
        (values,) = x.values()
        self.codes.append(self._codes(values))

    def figures(self) -> dict[str, float]:
        """Return ``linear_probe_accuracy``; nothing where training examples are of one class."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        train, spec = self.dataset.train, self.dataset.spec
        count = len(train.arrays[self.task.label])
        if count > TRAINING:
            train = train.take(np.linspace(0, count - 1, TRAINING).astype("int64"))
        known = np.asarray(train.arrays[self.task.label])
        if len(np.unique(known)) < 2:
            return {}
        learned = np.concatenate(
            [self._codes(*x.values()) for x, *_ in example_batches(train, spec, 500).once()]
        )
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        probe.fit(learned, known)
        codes = np.concatenate(self.codes)
        truth = np.asarray(self.split.arrays[self.task.label])[: len(codes)]
        return {"linear_probe_accuracy": float((probe.predict(codes) == truth).mean())}

    def _codes(self, values: Any) -> np.ndarray:
        codes = np.asarray(self.encode(values, training=False), "float32")
        return codes.reshape(len(codes), -1)
