"""Averaged weights: used wherever a network is scored or saved, never in the update itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

Pairs = list[tuple[Any, Any]]
"""Variables and their averages."""


def keep_statistics(model: keras.Model) -> None:
    """Have averages kept of the moving statistics that go with averaged weights.

    What a batch norm has gathered belongs to the weights of the last few steps; averaged weights
    give other numbers. So its mean and variance are averaged as the weights are. The averages are
    variables of the optimizer, and in checkpoints with them.

    Args:
        model: Compiled, its optimizer built; nothing is done where that keeps no averages.
    """
    optimizer = _averaging(model)
    if optimizer is None:
        return
    known = {id(variable) for variable in optimizer._trainable_variables}
    pairs: Pairs = []
    for layer in model._flatten_layers():
        own = isinstance(layer, keras.layers.BatchNormalization) and layer.trainable_variables
        if own and known & {*map(id, own)}:  # a discriminator's are not averaged, say
            for value in (layer.moving_mean, layer.moving_variance):
                average = optimizer.add_variable_from_reference(value, "average")
                average.assign(value)
                pairs.append((value, average))
    optimizer._averaged_statistics = pairs


def _averaging(model: keras.Model) -> Any:
    """Return the optimizer that keeps averages; None where there is none."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    return optimizer if getattr(optimizer, "use_ema", False) else None


def _statistics(model: keras.Model) -> Pairs:
    return getattr(_averaging(model), "_averaged_statistics", [])


def _averages(model: keras.Model) -> Pairs:
    optimizer = _averaging(model)
    if optimizer is None:
        return []
    weights, averages = optimizer._trainable_variables, optimizer._model_variables_moving_average
    return [*zip(weights, averages, strict=True), *_statistics(model)]


def swap(model: keras.Model) -> None:
    """Exchange weights, with the statistics that go with them, and their averages.

    Nothing happens where the optimizer keeps none.
    """
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
    """Keeps the averages of moving statistics, and validates with all averages."""

    inside = False
    _follow: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Make ready."""
        optimizer, pairs = _averaging(self.model), _statistics(self.model)

        def follow() -> None:
            # As Keras does with weights, whose first average is what they are after one step.
            momentum = tf.where(optimizer.iterations > 1, optimizer.ema_momentum, 0.0)
            for value, average in pairs:
                share = tf.cast(momentum, average.dtype)
                average.assign(share * average + (1 - share) * value)

        self._follow = tf.function(follow) if pairs else None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Average once more."""
        if self._follow is not None:
            self._follow()

    def on_test_begin(self, logs: Any = None) -> None:
        """Put the averages in."""
        swap(self.model)
        self.inside = True

    def on_test_end(self, logs: Any = None) -> None:
        """Take them out; also called where a validation is broken off."""
        if self.inside:
            swap(self.model)
        self.inside = False
