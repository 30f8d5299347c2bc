"""``metrics.csv``: one line an epoch, readable by anything."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import keras

from toolkit.training.callbacks.names import split_names


class MetricsCsv(keras.callbacks.Callback):
    """Writes epoch, step, seconds, learning rate and every figure of training and validation.

    Args:
        path: The file; lines are added to one that is there.
        steps: Batches of an epoch.
    """

    def __init__(self, path: Path, steps: int):
        super().__init__()
        self.path, self.steps = path, steps
        self.begun = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count: the last epoch may be cut short."""
        self.done = self.epoch * self.steps + batch + 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add the epoch's line."""
        row = {
            "epoch": epoch + 1,
            "step": self.done,
            "seconds": round(time.monotonic() - self.begun, 2),
            "learning_rate": float(self.model.optimizer.learning_rate),
            **split_names(logs or {}),
        }
        new = not self.path.exists()
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            if new:
                self.columns = list(row)
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore", restval="")
            if new:
                writer.writeheader()
            writer.writerow(row)
