"""Workers that the others wait for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

SLOW = 1.3
"""Times as long as the others' median from which on a worker is named."""
STEPS = 20
"""Steps of an epoch that must have been seen; the first ones are no measure."""


class SlowWorkers(keras.callbacks.Callback):
    """Names, at the end of an epoch, workers whose part of a step takes longer than the others'.

    All steps take as long as the slowest worker's. What is compared is the time until its gradients
    were ready to be summed; where batch norms meet within the step, waiting is a part of it, and
    less is seen.

    Args:
        say: Takes the sentence.
    """

    def __init__(self, say: Callable[[str], None]):
        super().__init__()
        self.say = say
        self.seconds: list[np.ndarray] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Forget."""
        self.seconds = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Take note of a step."""
        self.seconds += self.model.taken

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Name them."""
        if len(self.seconds) < STEPS:
            return
        here = len(self.model.strategy.extended.worker_devices)
        by_worker = np.median(self.seconds, axis=0).reshape(-1, here).mean(axis=1)
        for sentence in slow(by_worker):
            self.say(sentence)


def slow(seconds: np.ndarray) -> list[str]:
    """Return a sentence for each worker that takes much longer than the others.

    Args:
        seconds: Of each worker's part of a step, in their order.
    """
    found = []
    for number, own in enumerate(seconds):
        others = float(np.median(np.delete(seconds, number)))
        if own > SLOW * others:
            found.append(
                f"worker {number} is slow: its part of a step takes {own:.3g} s, "
                f"{own / others:.1f} times as long as the others', which wait for it."
            )
    return found
