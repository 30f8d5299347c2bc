"""Scalars for TensorBoard."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from toolkit.training.callbacks.names import split_names


class TensorBoardScalars(keras.callbacks.Callback):
    """Writes figures by step while an epoch runs, and by epoch at its end.

    Args:
        folder: Folder of the event files.
        steps: Batches of an epoch.
        every: Steps between two points.
        config_text: Configuration shown on the text page.
        histograms: Whether to write a histogram of each weight at the end of each epoch.
    """

    def __init__(
        self,
        folder: Path,
        *,
        steps: int,
        every: int = 50,
        config_text: str = "",
        histograms: bool = False,
    ):
        super().__init__()
        self.steps, self.every, self.histograms = steps, every, histograms
        self.writer = tf.summary.create_file_writer(str(folder))
        if config_text:
            with self.writer.as_default(step=0):
                tf.summary.text("config", f"```yaml\n{config_text}\n```")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self.epoch, self.since, self.seen = epoch, time.monotonic(), 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write the running figures every few steps."""
        if (batch + 1) % self.every:
            return
        step, now = self.epoch * self.steps + batch + 1, time.monotonic()
        with self.writer.as_default(step=step):
            for name, value in (logs or {}).items():
                tf.summary.scalar(f"step/{name}", float(value))
            rate = (batch + 1 - self.seen) / max(now - self.since, 1e-9)
            tf.summary.scalar("step/steps_per_second", rate)
            tf.summary.scalar("step/learning_rate", float(self.model.optimizer.learning_rate))
        self.since, self.seen = now, batch + 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the epoch's figures: train and valid of a metric lie side by side."""
        with self.writer.as_default(step=epoch + 1):
            for name, value in split_names(logs or {}).items():
                tf.summary.scalar(name, value)
            if self.histograms:
                for weight in self.model.trainable_variables:
                    tf.summary.histogram(weight.path, weight.value)
        self.writer.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file."""
        self.writer.close()
