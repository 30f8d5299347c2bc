"""Whole training states on disk, the last few of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np

from toolkit.training.callbacks.position import Position
from toolkit.training.replica_values import value_of
from toolkit.training.state import State, checkpoints


class Checkpoints(keras.callbacks.Callback):
    """Writes the state of a training every so often, so that it can go on as if never stopped.

    Values are copied between two steps and written by another thread while training goes on; an
    error of the writing is raised at the next checkpoint, or at the end.

    Args:
        folder: Where; files are named ``step-00001234.safetensors``. None: the state is only taken,
            as the workers must that write nothing.
        position: Knows how far the epoch came.
        note: Gives what else to remember: the position, and what callbacks know.
        every: Steps between two; None: at the end of each epoch.
        minutes: Minutes after which one is written in any case; None: never for that reason.
        keep: How many of the newest stay.

    Attributes:
        complete: Whether the last epoch's end is written; ``fit`` then changes averaged weights.
    """

    def __init__(
        self,
        folder: Path | None,
        position: Position,
        note: Callable[[], dict[str, Any]],
        *,
        every: int | None = None,
        minutes: float | None = None,
        keep: int = 2,
    ):
        super().__init__()
        self.folder, self.position, self.note = folder, position, note
        self.every, self.keep = every, keep
        self.seconds = float("inf") if minutes is None else minutes * 60
        self.written = time.monotonic()
        self._writer = ThreadPoolExecutor(1, "checkpoint")
        self._pending: Future[None] | None = None
        self._steps, self.complete = 0, False
        self._trained: list[np.ndarray] | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Take metrics as they stand from here on."""
        self._trained = None

    def on_test_begin(self, logs: Any = None) -> None:
        """Hold the metrics of an epoch that is cut short: the validation puts its own in place.

        The epoch goes on with them when the run is trained longer.
        """
        if self.position.batch < self.position.steps:
            self._trained = [value_of(v, self.model) for v in self.model.metrics_variables]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write when it is time."""
        self._steps += 1
        due = self.every is not None and self._steps % self.every == 0
        if time.monotonic() - self.written > self.seconds:
            self.model.wish("save")  # clocks differ between workers, and all take part
        if self.model.agreed("save") or due:
            self.write()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write, unless steps decide; after the last epoch in any case."""
        last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if self.every is None or last:
            self.write()
        self.complete = last

    def write(self) -> None:
        """Copy the state as it is now, and have it written; the oldest files are dropped."""
        self.wait()
        state = State.of(self.model, self.note(), self._trained)
        self.written = time.monotonic()
        if self.folder is None:
            return
        path = self.folder / f"step-{state.note['step']:08}.safetensors"
        self._pending = self._writer.submit(self._write, state, path)

    def _write(self, state: State, path: Path) -> None:
        state.write(path)
        for old in checkpoints(path.parent)[: -self.keep]:
            old.unlink(missing_ok=True)

    def wait(self) -> None:
        """Wait until all is written, and raise what went wrong."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """Wait, and end the thread."""
        self._writer.shutdown()
        self.wait()
