"""Callbacks and training step of a run that goes on within an epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from toolkit.training.optimizers import rate_of, set_rates_of
from toolkit.training.state import State


class ResumableCallbacks(keras.callbacks.CallbackList):
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
        done: Batches that are done of the epoch to go on in.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Model,
        epochs: int,
        state: State | None = None,
        done: int = 0,
    ):
        super().__init__(list(callbacks), add_history=True, model=model, epochs=epochs)
        self._from, self._skip = state, 0
        if state is not None and done:
            self._skip = done
            model.train_function = _after(done, state.note["logs"], _train_function(model))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin an epoch; the first one from the state that was left."""
        super().on_epoch_begin(epoch, logs)
        if self._from is None:
            return
        state, self._from = self._from, None
        rates = set_rates_of(self.model.optimizers)
        state.put_into(self.model)
        for optimizer, now, before in zip(
            self.model.optimizers, rates, state.note.get("rates", rates), strict=True
        ):
            if now and before and now != before:  # configured anew: what it has fallen by stays
                optimizer.learning_rate = rate_of(optimizer) * now / before
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
