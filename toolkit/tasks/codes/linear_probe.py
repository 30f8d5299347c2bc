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

    It learns from the codes of training examples, standardised. Codes are those that ``predict``
    gives: of examples as they are, without the noise that a denoising task adds, or the drawing of
    a binarized one (Vincent et al. 2010 judge features so); of a distribution its mean is taken.

    Args:
        task: A ``Reconstruction`` that knows its networks and the array that holds the class ids.
        dataset: Of which the split is one.
        split: What is scored.
    """

    def __init__(self, task: Any, dataset: Any, split: Any):
        self.task, self.dataset, self.split = task, dataset, split

    def reset(self) -> None:
        """Begin."""
        self.count = 0

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Count the examples of a batch, which are the split's first ones."""
        (values,) = x.values()
        self.count += len(values)

    def figures(self) -> dict[str, float]:
        """Return ``linear_probe_accuracy``; nothing where training examples are of one class."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        train, test = self.dataset.train, self.split.take(slice(self.count))
        count = len(train.arrays[self.task.label])
        if count > TRAINING:
            train = train.take(np.linspace(0, count - 1, TRAINING).astype("int64"))
        known, truth = (np.asarray(part.arrays[self.task.label]) for part in (train, test))
        if len(np.unique(known)) < 2:
            return {}
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        probe.fit(self._codes(train), known)
        return {"linear_probe_accuracy": float((probe.predict(self._codes(test)) == truth).mean())}

    def _codes(self, part: Any) -> np.ndarray:
        """Return the code of each example of a split as one row, float32."""
        encoder = self.task.networks.encoder
        batches = example_batches(part, self.dataset.spec, 500).once()
        codes = [np.asarray(encoder(*x.values(), training=False), "float32") for x, *_ in batches]
        return np.concatenate([code.reshape(len(code), -1) for code in codes])
