"""Stop before numbers that are none spread."""

from __future__ import annotations

import math
from typing import Any

import keras


class Diverged(Exception):
    """The loss is no longer a finite number.

    Attributes:
        step: Batch of the run, from 1.
        loss: What it became.
    """

    def __init__(self, step: int, loss: float, before: float | None):
        self.step, self.loss = step, loss
        last = "" if before is None else f" (running mean before: {before:.4g})"
        super().__init__(f"the loss became {loss} at step {step}{last}")


class NonFiniteGuard(keras.callbacks.Callback):
    """Raises ``Diverged`` at the first step whose loss is not finite, before anything is saved.

    The running mean of the loss is looked at, which a single such step spoils at once.

    Args:
        steps: Batches of an epoch.
    """

    def __init__(self, steps: int):
        super().__init__()
        self.steps, self.before = steps, None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss."""
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise Diverged(self.epoch * self.steps + batch + 1, loss, self.before)
        self.before = loss
