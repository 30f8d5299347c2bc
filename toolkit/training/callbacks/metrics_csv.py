"""``metrics.csv``: one line an epoch, readable by anything."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import keras

from toolkit.training.callbacks.names import split_names
from toolkit.training.callbacks.position import Position
from toolkit.training.optimizers import rate_of
from toolkit.training.run_folder import replacing


class MetricsCsv(keras.callbacks.Callback):
    """Writes epoch, step, seconds, learning rate and every figure of training and validation.

    Args:
        path: The file; lines are added to one that is there.
        position: Knows the step.
    """

    def __init__(self, path: Path, position: Position):
        super().__init__()
        self.path, self.position = path, position
        self.begun, self.rows = time.monotonic(), 0
        self.columns: list[str] = []

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint notes."""
        return {"rows": self.rows, "seconds": time.monotonic() - self.begun}

    def restore(self, state: dict[str, Any]) -> None:
        """Take away lines of epochs that will be trained again, or go on: one was cut short."""
        self.begun, self.rows = time.monotonic() - state["seconds"], state["rows"]
        if not self.path.exists():
            return
        with open(self.path, newline="", encoding="utf-8") as file:
            header, *rows = file.readlines()[: self.rows + 1] or [""]
        rows = [row for row in rows if int(row.partition(",")[0]) <= self.position.epoch]
        self.rows = len(rows)
        self.columns = header.strip().split(",") if rows else []
        with replacing(self.path) as aside:
            aside.write_text("".join([header, *rows] if rows else []), "utf-8", newline="")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add the epoch's line."""
        row = {
            "epoch": epoch + 1,
            "step": self.position.step,
            "seconds": round(time.monotonic() - self.begun, 2),
            "learning_rate": rate_of(self.model.optimizer),
            **split_names(logs or {}),
        }
        more = [name for name in row if name not in self.columns]
        if more:  # in the first epoch, and in the first that is validated
            self._widen(more)
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self.columns, restval="").writerow(row)
        self.rows += 1

    def _widen(self, more: list[str]) -> None:
        """Write the file with further columns, empty so far."""
        rows: list[dict[str, str]] = []
        if self.rows:
            with open(self.path, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        self.columns += more
        with replacing(self.path) as aside, open(aside, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
