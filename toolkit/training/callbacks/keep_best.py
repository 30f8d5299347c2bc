"""The best or the last epoch's network, and stopping when no better one comes."""

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
        patience: Validations without a better score after which training stops; None never stops.
        last: Save the network of every epoch, better or not.

    Attributes:
        epoch: The best epoch, from 1; 0 before any.
        score: Its score.
        waited: Validations since.
        saved: The epoch whose network was saved, 0 for none, and its score, NaN for none.
    """

    def __init__(
        self,
        save: Callable[[], None],
        monitor: str,
        mode: Literal["min", "max"],
        patience: int | None = None,
        last: bool = False,
    ):
        super().__init__()
        self.save, self.monitor, self.mode, self.patience = save, monitor, mode, patience
        self.last = last
        self.epoch, self.score, self.waited = 0, math.inf if mode == "min" else -math.inf, 0
        self.saved = 0, self.score

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint notes."""
        score, saved = (s if math.isfinite(s) else None for s in (self.score, self.saved[1]))
        best = {"epoch": self.epoch, "score": score, "waited": self.waited}
        return {**best, "saved": [self.saved[0], saved], "monitor": self.monitor}

    def restore(self, state: dict[str, Any]) -> None:
        """Remember the best epoch again, unless by another score, and the one that was saved."""
        if state.get("monitor", self.monitor) == self.monitor:
            self.epoch, self.waited = state["epoch"], state["waited"]
            if state["score"] is not None:
                self.score = state["score"]
        epoch, saved = state.get("saved", [self.epoch, self.score])
        self.saved = epoch, math.nan if saved is None else saved

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare, save, and stop when it is time."""
        score, better = self._score(logs), False
        if score is not None:
            better = score < self.score if self.mode == "min" else score > self.score
            self.waited += 1
        if score is not None and better:
            self.epoch, self.score, self.waited = epoch + 1, score, 0
        if better or self.last:
            self.saved = epoch + 1, math.nan if score is None else score
            with averaged(self.model):
                self.save()
        if score is not None and self.patience is not None and self.waited >= self.patience:
            self.model.stop_training = True

    def _score(self, logs: Any) -> float | None:
        """Return the epoch's score; None for an epoch without validation."""
        name = f"val_{self.monitor}"
        if logs and name in logs:
            return float(logs[name])
        if logs is not None and not any(key.startswith("val_") for key in logs):
            return None
        known = ", ".join(k[4:] for k in logs or {} if k.startswith("val_"))
        raise Refused(f"trainer.monitor: no '{self.monitor}' in validation; there is: {known}.")
