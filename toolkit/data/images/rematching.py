"""What stands beside each input where inputs and pictures are no pairs."""

from __future__ import annotations

from typing import Any

from toolkit.data.spec import Spec
from toolkit.lazy import tf

SALT = 0x9A1F
"""Keeps what is drawn here apart from the order of the examples, which has the same seed."""


class Rematching:
    """Puts another picture beside each input in each epoch, drawn from (seed, epoch).

    Args:
        spec: Which targets are not paired with the input.
        examples: How many rows there are of both.
        seed: The run's seed; None leaves all as they lie.

    Attributes:
        targets: Names of those targets; empty where all are paired, or nothing is drawn.
    """

    def __init__(self, spec: Spec, examples: int, seed: int | None):
        named = (name for name, field in spec.targets.items() if field.unpaired)
        self.targets = frozenset() if seed is None else frozenset(named)
        self.examples, self.seed = examples, seed

    def draw(self, epoch: Any) -> Any:
        """Return the row of the picture beside each input, ``(examples,)`` int64; each once."""
        seed = tf.stack([tf.constant(self.seed, "int64"), tf.cast(epoch, "int64")])
        seed = tf.random.experimental.stateless_fold_in(seed, SALT)
        rows = tf.range(self.examples, dtype="int64")
        return tf.random.experimental.stateless_shuffle(rows, seed=seed)
