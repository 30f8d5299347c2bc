"""Stop after a number of updates."""

from __future__ import annotations

from typing import Any

import keras

from toolkit.training.callbacks.position import Position


class StopAfter(keras.callbacks.Callback):
    """Ends training, and the epoch it is in, after some step of the run.

    Args:
        last: The last step, from 1.
        position: Knows the step.
    """

    def __init__(self, last: int, position: Position):
        super().__init__()
        self.last, self.position = last, position

    def state(self) -> dict[str, Any]:
        """Return nothing: the position knows."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Stop at once where the last step is done and only the end of its epoch is left."""
        self.on_train_batch_end(0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop where it is time; the epoch is validated still."""
        if self.position.step >= self.last:
            self.model.stop_training = True
