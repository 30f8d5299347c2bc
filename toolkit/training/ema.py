"""Averaged weights: used wherever a network is scored or saved, never in the update itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.training.optimizers import updates_of
from toolkit.training.replica_values import put, value_of
from toolkit.undisturbed import steady_draws

BATCHES = 20
"""Training batches that moving statistics are estimated by."""


class Statistics:
    """What batch norms would have gathered of averaged weights.

    The means and variances that they have gathered are those of the weights of the last few steps,
    of which averaged weights give other ones: not even the average of them. So they are taken anew,
    of the run's first training batches (Izmailov et al. 2018, arXiv:1803.05407, section 3.2), which
    needs no state: a resumed run finds the same.

    Args:
        model: An objective, compiled, its optimizer built.
        batches: Of the training split.
    """

    def __init__(self, model: keras.Model, batches: Any):
        known = {id(variable) for variable in _averaging(model)._trainable_variables}
        self.model, self.batches = model, batches
        self.norms = [
            layer
            for layer in model._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization)
            and known & {id(variable) for variable in layer.trainable_variables}
        ]
        self.gather = tf.function(model.gather, reduce_retracing=True)
        self.found: tuple[int, list[np.ndarray]] = (-1, [])

    @property
    def values(self) -> list[Any]:
        """The moving statistics that go with averaged weights."""
        return [value for norm in self.norms for value in (norm.moving_mean, norm.moving_variance)]

    def put_in(self) -> None:
        """Put them in place, now that the averaged weights are; once a step they are taken."""
        step = updates_of(_averaging(self.model))
        if self.found[0] != step:
            self.found = step, self._taken()
        for value, found in zip(self.values, self.found[1], strict=True):
            value.assign(found)

    def _taken(self) -> list[np.ndarray]:
        """Return the mean of a few batches' statistics; the model is as it was."""
        held = [(variable, value_of(variable, self.model)) for variable in self.model.variables]
        momenta = [norm.momentum for norm in self.norms]
        sums, count = [np.zeros(value.shape, "float64") for value in self.values], 0
        try:
            for norm in self.norms:
                norm.momentum = 0.0  # what is gathered is a batch's own
            with steady_draws(self.model):
                for batch in self.batches.once(BATCHES):
                    self.gather(batch)
                    sums = [a + v.numpy() for a, v in zip(sums, self.values, strict=True)]
                    count += 1
        finally:
            for norm, momentum in zip(self.norms, momenta, strict=True):
                norm.momentum = momentum
            for variable, value in held:
                put(variable, value, self.model)
        return [total / count for total in sums]


def keep_statistics(model: keras.Model, batches: Any) -> None:
    """Have moving statistics estimated wherever averaged weights are used.

    Args:
        model: An objective, compiled, its optimizer built; nothing is done where that keeps no
            averages, or there are no batch norms.
        batches: Of the training split.
    """
    if (optimizer := _averaging(model)) is not None:
        statistics = Statistics(model, batches)
        optimizer._statistics = statistics if statistics.norms else None


def _averaging(model: keras.Model) -> Any:
    """Return the optimizer that keeps averages; None where there is none."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    return optimizer if _averages(optimizer) is not None else None


def _averages(optimizer: Any) -> Any:
    """Return the average of each weight, or None: of a schedule-free one, or Keras's moving one."""
    if getattr(optimizer, "use_ema", False):
        return optimizer._model_variables_moving_average
    return getattr(optimizer, "averages", None)


def _swap(optimizer: Any) -> None:
    """Exchange the weights and their averages."""
    weights, averages = optimizer._trainable_variables, _averages(optimizer)
    for variable, average in zip(weights, averages, strict=True):
        value = variable.numpy()
        variable.assign(average)
        average.assign(value)


@contextlib.contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Put averaged weights, and what batch norms gather of them, in place for a block.

    Nothing happens where the optimizer keeps none.
    """
    optimizer = _averaging(model)
    if optimizer is None:
        yield
        return
    statistics = getattr(optimizer, "_statistics", None)
    gathered = [(v, v.numpy()) for v in statistics.values] if statistics is not None else []
    _swap(optimizer)
    try:
        if statistics is not None:
            statistics.put_in()
        yield
    finally:
        for variable, value in gathered:
            variable.assign(value)
        _swap(optimizer)


class ScoreAverages(keras.callbacks.Callback):
    """Validates with the averaged weights."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = contextlib.ExitStack()

    def on_test_begin(self, logs: Any = None) -> None:
        """Put the averages in."""
        self._inside.enter_context(averaged(self.model))

    def on_test_end(self, logs: Any = None) -> None:
        """Take them out; also called where a validation is broken off."""
        self._inside.close()
