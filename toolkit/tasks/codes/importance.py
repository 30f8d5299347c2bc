"""A tighter bound on how likely examples are under a variational autoencoder."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from toolkit.lazy import keras, tf


class ImportanceBound:
    """Tells ``importance_bound``, in nats an example (Burda et al. 2016, arXiv:1509.00519).

    For each example codes are drawn from its distribution, and what they make of it is averaged
    before the logarithm is taken. With one code it is the negative evidence lower bound; with more
    it comes nearer to the negative log likelihood, from above.

    Args:
        task: A ``Variational``.
        count: Codes drawn for each example.
    """

    def __init__(self, task: Any, count: int):
        self.task, self.count = task, count
        self.reset()

    def reset(self) -> None:
        """Forget, and draw the same codes again."""
        self.total, self.weight = 0.0, 0.0
        self.seed = np.array([1, 0], "int64")

    def begin(self, objective: Any) -> None:
        """Take the decoder."""
        self._bounds = tf.function(self._bound)

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Take a batch: examples in their own units, and the distributions of their codes."""
        self.seed[1] += 1
        codes = tf.constant(outputs["mean"]), tf.constant(outputs["log_variance"])
        bounds = self._bounds(tf.constant(y), *codes, tf.constant(self.seed)).numpy()
        self.total += float((bounds * weight).sum())
        self.weight += float(np.sum(weight))

    def figures(self) -> dict[str, float]:
        """Return ``importance_bound``."""
        return {"importance_bound": self.total / max(self.weight, 1e-12)}

    def _bound(self, y: Any, mean: Any, log_variance: Any, seed: Any) -> Any:
        """Return each example's bound, shape ``(batch,)``."""
        mean, log_variance = tf.cast(mean, "float32"), tf.cast(log_variance, "float32")
        noise = tf.random.stateless_normal((self.count, *mean.shape), seed)
        axes = list(range(1, mean.shape.rank))

        def one(drawn: Any) -> Any:
            """Return the log weight of one code of each example."""
            code = mean + tf.exp(log_variance / 2) * drawn
            decoded = self.task.networks.decoder(code, training=False)
            ratio = 0.5 * (tf.square(drawn) + log_variance - tf.square(code))  # log p(z) / q(z|x)
            return tf.reduce_sum(ratio, axes) - self.task.reconstruction(y, decoded)

        weights = tf.map_fn(one, noise)
        return math.log(self.count) - keras.ops.logsumexp(weights, axis=0)
