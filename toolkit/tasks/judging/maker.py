"""Images that a network makes of random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from toolkit.data.shares import shared
from toolkit.lazy import tf
from toolkit.tasks.units import written

BATCH = 500
"""Images that are made at a time."""

APART = 0x9E3779B1
"""Between the seeds of one batch and of the next: so odd a step that the batches of one seed are
none of a seed near it (the golden ratio of 2**32, as in Fibonacci hashing)."""


class Maker:
    """Makes images as they would be saved, without a trace in any random generator.

    Args:
        network: From a code, and the id of a class where there are ``classes``, to images in the
            data's own units.
        field: The ``Field`` of the images.
        draw: From a number of codes and a seed to codes.
        classes: The classes that can be asked for; empty for none.
    """

    def __init__(
        self,
        network: Any,
        field: Any,
        draw: Callable[[int, int], Any],
        classes: tuple[str, ...] = (),
    ):
        self.network, self.field, self.draw, self.classes = network, field, draw, classes
        self._made: Any = None

    def share(self, strategy: Any) -> None:
        """Have the replicas of a strategy, in whose scope the network was built, share the work."""
        self._made = None if strategy is None else shared(strategy, self._make)

    def __call__(self, codes: Any, labels: Any = None) -> np.ndarray:
        """Return an image of each code, shape ``(codes, height, width, channels)``.

        Args:
            codes: Shape ``(codes, …)``.
            labels: Class ids, shape ``(codes,)``, where there are classes.

        Returns:
            uint8 where the data's images are bytes; else float32, from 0 to 1.
        """
        if self._made is None:
            self._made = tf.function(self._make, reduce_retracing=True)
        codes = tf.convert_to_tensor(codes, "float32")
        ids = [] if labels is None else [tf.convert_to_tensor(labels, "int32")]
        return self._made(codes, *ids).numpy()

    def batches(
        self, count: int, seed: int, labels: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Yield images of codes that are drawn, 500 at a time; the first ones whatever the count.

        Args:
            count: How many.
            seed: The same seed gives the same codes.
            labels: The class of each, shape ``(count,)``; None, where there are classes, takes
                them in turn.
        """
        if labels is None and self.classes:
            labels = in_turn(count, len(self.classes))
        for number, start in enumerate(range(0, count, BATCH)):
            codes = self.draw(BATCH, (seed + number * APART) % 2**32)[: count - start]
            yield self(codes, None if labels is None else labels[start : start + BATCH])

    def _make(self, codes: Any, labels: Any = None) -> Any:
        given = {"noise": codes, "label": labels} if self.classes else codes
        return written(self.network(given, training=False), self.field)


def in_turn(count: int, classes: int) -> np.ndarray:
    """Return class ids, one class after the other, shape ``(count,)`` int32."""
    return (np.arange(count) % classes).astype("int32")
