"""Stop after a number of updates."""

from __future__ import annotations

from typing import Any

import keras


class StopAfter(keras.callbacks.Callback):
    """Ends training, and the epoch it is in, after some step of the run.

    Args:
        last: The last step, from 1.
        steps: Batches of an epoch.
    """

    def __init__(self, last: int, steps: int):
        super().__init__()
        self.last, self.steps, self.done = last, steps, 0

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint notes."""
        return {"done": self.done}

    def restore(self, state: dict[str, Any]) -> None:
        """Stop at once where the last step was done already and only its epoch's end is left."""
        self.done = state["done"]
        if self.done >= self.last:
            self.model.stop_training = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop where it is time; the epoch is validated still."""
        self.done = self.epoch * self.steps + batch + 1
        if self.done >= self.last:
            self.model.stop_training = True
