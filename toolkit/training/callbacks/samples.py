"""What a network makes of a few examples, at the end of each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras

from toolkit.training.ema import averaged
from toolkit.training.loggers.sink import Sink
from toolkit.training.loggers.views import Exhibit, View

WAITING = 4
"""Epochs whose pictures may wait to be drawn, where epochs are shorter than drawing."""


class Samples(keras.callbacks.Callback):
    """Asks the task's views what to show, and hands it to a sink.

    Predictions are made between two steps; pictures are drawn by another thread while training goes
    on. Where epochs end faster than pictures are drawn some epochs have none; the last always has.

    Args:
        sink: Where texts and pictures go.
        views: What to show.
    """

    def __init__(self, sink: Sink, views: Sequence[View]):
        super().__init__()
        self.sink, self.views = sink, views
        self._drawer = ThreadPoolExecutor(1, "samples")
        self._pending: list[Future[None]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Predict, and have the pictures drawn."""
        self._raise(done=True)
        with averaged(self.model):
            exhibits = [exhibit for view in self.views for exhibit in view(epoch + 1)]
        last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if last or len(self._pending) < WAITING:
            self._pending.append(self._drawer.submit(self._show, exhibits, epoch + 1))

    def on_train_end(self, logs: Any = None) -> None:
        """Wait for the last picture."""
        self._raise(done=False)

    def close(self, succeeded: bool) -> None:
        """End the thread, and leave what is not drawn where nothing went well."""
        self._drawer.shutdown(cancel_futures=not succeeded)

    def _show(self, exhibits: Sequence[Exhibit], epoch: int) -> None:
        for exhibit in exhibits:
            made = exhibit.make()
            if isinstance(made, str):
                self.sink.text(exhibit.name, made, epoch)
            else:
                self.sink.picture(exhibit.name, made, epoch)

    def _raise(self, done: bool) -> None:
        """Raise what went wrong in the other thread; wait for it unless only of what is done."""
        for future in [f for f in self._pending if f.done() or not done]:
            self._pending.remove(future)
            future.result()
