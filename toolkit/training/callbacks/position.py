"""Where a training stands, and how it takes up its place again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from toolkit.training.state import State


class Position(keras.callbacks.Callback):
    """Counts epochs and batches; comes first among the callbacks, so that the others can ask.

    Args:
        steps: Batches of an epoch.

    Attributes:
        epoch: The epoch, from 0.
        batch: Batches of it that are done.
        closed: Whether it has been validated and its end told to all.
        logs: The figures after the last batch.
    """

    def __init__(self, steps: int):
        super().__init__()
        self.steps, self.epoch, self.batch, self.closed = steps, 0, 0, False
        self.logs: dict[str, float] = {}

    @property
    def step(self) -> int:
        """Batches of the run that are done."""
        return self.epoch * self.steps + self.batch

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint notes."""
        logs = {name: float(value) for name, value in self.logs.items()}
        at = {"epoch": self.epoch, "batch": self.batch, "closed": self.closed, "steps": self.steps}
        return {"step": self.step, **at, "logs": logs}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin an epoch."""
        self.epoch, self.batch, self.closed = epoch, 0, False

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count."""
        self.batch, self.logs = batch + 1, logs or {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End an epoch."""
        self.closed = True


class TakeUp(keras.callbacks.CallbackList):
    """Callbacks of a training that goes on within an epoch.

    Keras begins with an epoch's first batch. Batches that are done already reach neither the
    callbacks nor the data: the training step is left out for them. ``fit`` resets metrics just
    before an epoch begins, and some callbacks themselves before that, so that all is put in its
    place when the first epoch has begun.

    Args:
        callbacks: The position first.
        model: What is trained; its optimizer is built.
        epochs: Epochs of the run.
        state: The state to go on from; None begins at the beginning.
        epoch: Epoch to go on in, from 0.
        done: Batches of it that are done.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Model,
        epochs: int,
        state: State | None = None,
        epoch: int = 0,
        done: int = 0,
    ):
        super().__init__(list(callbacks), add_history=True, model=model, epochs=epochs)
        self._from, self._epoch, self._skip = state, epoch, 0
        if state is not None and done:
            self._skip = done
            model.train_function = _after(done, state.note["logs"], _train_function(model))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin an epoch; the first one from the state that was left."""
        super().on_epoch_begin(epoch, logs)
        if self._from is None:
            return
        state, self._from = self._from, None
        state.put_into(self.model)
        if self._skip:
            position = self.callbacks[0]
            position.batch, position.logs = self._skip, state.note["logs"]
        else:
            self.model.reset_metrics()  # they are of the epoch before
        for callback in self.callbacks:
            remembered = state.note["callbacks"].get(type(callback).__name__)
            if remembered is not None:
                callback.restore(remembered)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Tell of a batch that is to be trained on."""
        if batch >= self._skip:
            super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell of a batch that was trained on."""
        if batch >= self._skip:
            self._skip = 0
            super().on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Begin a validation: the epoch's batches are over."""
        self._skip = 0
        super().on_test_begin(logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End an epoch."""
        self._skip = 0
        super().on_epoch_end(epoch, logs)


def _train_function(model: keras.Model) -> Callable[[Any], Any]:
    model.make_train_function()
    return model.train_function


def _after(done: int, logs: dict[str, float], train: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a training function whose first calls give the figures that were, at once."""
    left = done

    def step(iterator: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            return dict(logs)
        return train(iterator)

    return step


def remembered(callbacks: Sequence[keras.callbacks.Callback]) -> dict[str, Any]:
    """Return what callbacks want to know again after a resume, by the names of their classes."""
    return {
        type(callback).__name__: callback.state()
        for callback in callbacks
        if hasattr(callback, "state") and hasattr(callback, "restore")
    }
