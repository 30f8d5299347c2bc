"""Validation examples and the codes that a network makes of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from toolkit.data.pipeline import FIXED, example_batches
from toolkit.lazy import tf
from toolkit.training.loggers.views import spread
from toolkit.training.setup import Setup


class Encoded:
    """Some validation examples, evenly spread over the split, the same each time.

    Args:
        setup: What is trained: an encoder and a decoder.
        count: Examples, at most.

    Attributes:
        field: What an example is.
        examples: Shape ``(examples, …)``, in their own units.
        labels: Class ids, shape ``(examples,)``; None where the data has none.
        classes: Names of the classes.
    """

    def __init__(self, setup: Setup, count: int):
        self.setup, split, spec = setup, setup.dataset.valid, setup.dataset.spec
        ((name, self.field),) = spec.inputs.items()
        chosen = spread(len(split), count)
        x, _, _ = next(iter(example_batches(split.take(chosen), spec, len(chosen)).once()))
        self.name, self.examples = name, x[name].numpy()
        label = setup.task.label
        self.labels = None if label is None else np.asarray(split.arrays[label])[chosen]
        self.classes: tuple[str, ...] = setup.task.label_names

    @cached_property
    def read(self) -> np.ndarray:
        """The examples as the encoder reads them in an evaluation: with noise, if there is any."""
        raw = tf.constant(self.examples)
        seed = tf.constant([FIXED, 0], "int64")
        x, _, _ = self.setup.task.examples({self.name: raw}, raw, None, seed)
        return x[self.name].numpy()

    @cached_property
    def _encode(self) -> Any:
        encoder = self.setup.trainable.beside["encoder"]
        return tf.function(lambda x: encoder(x, training=False))

    def codes(self) -> np.ndarray:
        """Return the codes of the examples as they are, float32 ``(examples, …)``."""
        return np.asarray(self._encode(tf.constant(self.examples)), "float32")
