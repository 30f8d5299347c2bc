"""Averaged weights: used wherever a network is scored or saved, never in the update itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras


def _averages(model: keras.Model) -> list[tuple[Any, Any]]:
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not getattr(optimizer, "use_ema", False):
        return []
    return list(
        zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True)
    )


def swap(model: keras.Model) -> None:
    """Exchange the weights and their averages; nothing where the optimizer keeps none."""
    for variable, average in _averages(model):
        value = variable.numpy()
        variable.assign(average)
        average.assign(value)


@contextlib.contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Put the averaged weights in place for the time of a block."""
    swap(model)
    try:
        yield
    finally:
        swap(model)


class ScoreAverages(keras.callbacks.Callback):
    """Validates with the averaged weights."""

    inside = False

    def on_test_begin(self, logs: Any = None) -> None:
        """Put the averages in."""
        swap(self.model)
        self.inside = True

    def on_test_end(self, logs: Any = None) -> None:
        """Take them out; also called where a validation is broken off."""
        if self.inside:
            swap(self.model)
        self.inside = False
