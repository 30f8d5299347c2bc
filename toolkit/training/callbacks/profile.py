"""A profile of some steps, for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from toolkit.training.loggers.event_files import writing


class ProfileSteps(keras.callbacks.Callback):
    """Records what each device and thread did in a range of steps of the first epoch.

    Args:
        folder: Folder of the event files.
        first: First step, from 1; leave out the first few, which compile.
        last: Last step.
    """

    def __init__(self, folder: Path, first: int, last: int):
        super().__init__()
        self.folder, self.first, self.last, self.running = folder, first, last, False
        self.done = False

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Start at the first step."""
        if batch + 1 == self.first and not self.done:
            with writing(self.folder):
                tf.profiler.experimental.start(str(self.folder))
            self.running = True
        if self.running:
            self.step = tf.profiler.experimental.Trace("train", step_num=batch + 1, _r=1)
            self.step.__enter__()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop after the last."""
        if self.running:
            self.step.__exit__(None, None, None)
        if self.running and batch + 1 >= self.last:
            self._stop()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop with the epoch, if it was shorter."""
        if self.running:
            self._stop()

    def _stop(self) -> None:
        self.running, self.done = False, True
        with writing(self.folder):
            tf.profiler.experimental.stop()

    def close(self, succeeded: bool) -> None:
        """Stop, where training ended within the steps."""
        if self.running:
            self.running = False
            tf.profiler.experimental.stop(save=False)
