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
        self.last, self.steps = last, steps

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop where it is time; the epoch is validated still."""
        if self.epoch * self.steps + batch + 1 >= self.last:
            self.model.stop_training = True
