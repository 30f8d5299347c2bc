"""A learning rate that falls when validation gets no better."""

from __future__ import annotations

from typing import Any, Literal

import keras

from toolkit.schedules import Plateau
from toolkit.training.optimizers import updates_of


class FollowPlateau(keras.callbacks.ReduceLROnPlateau):
    """Keras's ``ReduceLROnPlateau`` after a warm-up.

    Args:
        plateau: Rates and patience.
        monitor: Name of the score in validation, without prefix.
        mode: Whether less or more of it is better.
    """

    def __init__(self, plateau: Plateau, monitor: str, mode: Literal["min", "max"]):
        super().__init__(
            monitor=f"val_{monitor}",
            mode=mode,
            factor=plateau.factor,
            patience=plateau.patience,
            min_delta=plateau.min_delta,
            cooldown=plateau.cooldown,
            min_lr=plateau.min_learning_rate,
        )
        self.plateau = plateau

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint notes."""
        best = None if self.best is None else float(self.best)  # None before any
        waits = {"wait": self.wait, "cooldown": self.cooldown_counter, "best": best}
        return {**waits, "monitor": self.monitor}

    def restore(self, state: dict[str, Any]) -> None:
        """Wait on, unless for another score."""
        if state.get("monitor", self.monitor) == self.monitor:
            self.wait, self.cooldown_counter = state["wait"], state["cooldown"]
            self.best = state["best"]

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Warm up."""
        done, steps = updates_of(self.model.optimizer), self.plateau.warmup_steps
        if done < steps:
            self.model.optimizer.learning_rate = self.plateau.learning_rate * done / steps
        elif done == steps and steps:
            self.model.optimizer.learning_rate = self.plateau.learning_rate

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare, except in an epoch without validation or within the warm-up."""
        warm = updates_of(self.model.optimizer) > self.plateau.warmup_steps
        if warm and self.monitor in (logs or {}):
            super().on_epoch_end(epoch, logs)
