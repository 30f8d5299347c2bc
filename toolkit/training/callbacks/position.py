"""Where a training stands."""

from __future__ import annotations

from typing import Any

import keras


class Position(keras.callbacks.Callback):
    """Counts epochs and batches; comes first among the callbacks, so that the others can ask.

    Args:
        steps: Batches of an epoch.

    Attributes:
        epoch: The epoch, from 0.
        batch: Batches of it that are done.
        closed: Whether it has been validated and its end told to all.
        logs: The figures after the last batch.
    """

    def __init__(self, steps: int):
        super().__init__()
        self.steps, self.epoch, self.batch, self.closed = steps, 0, 0, False
        self.logs: dict[str, float] = {}

    @property
    def step(self) -> int:
        """Batches of the run that are done."""
        return self.epoch * self.steps + self.batch

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint notes."""
        logs = {name: float(value) for name, value in self.logs.items()}
        at = {"epoch": self.epoch, "batch": self.batch, "closed": self.closed, "steps": self.steps}
        return {"step": self.step, **at, "logs": logs}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin an epoch."""
        self.epoch, self.batch, self.closed = epoch, 0, False

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count."""
        self.batch, self.logs = batch + 1, logs or {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End an epoch."""
        self.closed = True
