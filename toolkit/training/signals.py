"""Ctrl-C and SIGTERM: training stops between two steps, and its state is written first."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import keras

from toolkit.training.interrupts import STOPS

SAID = b"\nstopping after this step, with a checkpoint; once more stops at once without one\n"


class StopSignals(keras.callbacks.Callback):
    """Raises what a signal means where a state can be saved: between steps, never within one.

    A second signal ends the process as if none had been awaited. In a thread that is not the
    process's first, Python gives no signals, and nothing is awaited.

    Attributes:
        caught: The signal that came, if any.
        at_once: Whether a second one came, so that nothing can be said of the state.
    """

    def __init__(self) -> None:
        super().__init__()
        self.caught: int | None = None
        self.at_once = False

    @contextlib.contextmanager
    def awaited(self) -> Iterator[None]:
        """Await signals for the time of a block; raise one that came too late for a step."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._note) for number in STOPS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.caught is not None:
            raise STOPS[signal.Signals(self.caught)]

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.caught is not None:
            self.at_once = True
            raise STOPS[signal.Signals(number)]
        self.caught = number
        with contextlib.suppress(OSError):
            os.write(2, SAID)

    def check(self) -> None:
        """Raise what was caught, here or by another worker: all stop after the same step."""
        if self.caught is not None:
            self.model.wish("stop")
        if self.model is not None and self.model.agreed("stop"):
            raise STOPS[signal.Signals(self.caught or signal.SIGTERM)]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop after a step."""
        self.check()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop within a validation, which a resumed run does again."""
        self.check()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop after an epoch."""
        self.check()
