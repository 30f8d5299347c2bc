"""The best epoch's network, and stopping when no better one comes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import keras

from toolkit.errors import Refused
from toolkit.training.ema import averaged


class KeepBest(keras.callbacks.Callback):
    """Saves the network of the epoch with the best validation score so far.

    Args:
        save: Writes the network as it stands.
        monitor: Name of the score in validation, without prefix.
        mode: Whether less or more is better.
        patience: Epochs without a better score after which training stops; None never stops.

    Attributes:
        epoch: The best epoch, from 1; 0 before any.
        score: Its score.
        waited: Epochs since.
    """

    def __init__(
        self,
        save: Callable[[], None],
        monitor: str,
        mode: Literal["min", "max"],
        patience: int | None = None,
    ):
        super().__init__()
        self.save, self.monitor, self.mode, self.patience = save, monitor, mode, patience
        self.epoch, self.score, self.waited = 0, math.inf if mode == "min" else -math.inf, 0

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint notes."""
        score = self.score if math.isfinite(self.score) else None
        return {"epoch": self.epoch, "score": score, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        """Remember the best epoch again."""
        self.epoch, self.waited = state["epoch"], state["waited"]
        if state["score"] is not None:
            self.score = state["score"]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare, save, and stop when it is time."""
        name = f"val_{self.monitor}"
        if not logs or name not in logs:  # an epoch without validation
            if logs is not None and not any(key.startswith("val_") for key in logs):
                return
            known = ", ".join(k[4:] for k in logs or {} if k.startswith("val_"))
            raise Refused(f"trainer.monitor: no '{self.monitor}' in validation; there is: {known}.")
        score = float(logs[name])
        if score < self.score if self.mode == "min" else score > self.score:
            self.epoch, self.score, self.waited = epoch + 1, score, 0
            with averaged(self.model):
                self.save()
            return
        self.waited += 1
        if self.patience is not None and self.waited >= self.patience:
            self.model.stop_training = True
