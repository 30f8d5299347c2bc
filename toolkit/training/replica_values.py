"""The values of a training's variables over all replicas, as one device would hold them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf


def carried_rows(model: keras.Model) -> dict[int, int]:
    """Return how many rows a state has that each replica carries for its own, by the state's id."""
    return {id(state): rows for state, rows in getattr(model, "carried", ())}


def shape_of(variable: Any, model: keras.Model) -> tuple[int, ...]:
    """Return the shape that a variable has on one device."""
    rows = carried_rows(model).get(id(variable))
    return tuple(variable.shape) if rows is None else (rows, *variable.shape[1:])


def value_of(variable: Any, model: keras.Model) -> np.ndarray:
    """Copy what one device would hold to host memory.

    Sums that replicas keep apart, as metrics do, are added up; of states that each carries for its
    rows of a batch the rows are joined. With several workers all have to ask at the same time.
    """
    rows = carried_rows(model).get(id(variable))
    if rows is None or model.strategy is None:
        return np.array(variable, copy=True)
    each = model.strategy.run(lambda: tf.identity(variable.value))
    return np.array(model.strategy.gather(each, axis=0))[:rows]


def put(variable: Any, value: np.ndarray, model: keras.Model) -> None:
    """Set a variable on all replicas to what one device would hold."""
    strategy, rows = model.strategy, carried_rows(model).get(id(variable))
    if strategy is None or (rows is None and variable.synchronization != "on_read"):
        variable.assign(value)
        return
    if rows is None:  # a sum: one replica has it all
        every = np.zeros((strategy.num_replicas_in_sync, *value.shape), value.dtype)
        every[0] = value
    else:
        every = np.zeros((strategy.num_replicas_in_sync, *variable.shape), value.dtype)
        every.reshape(-1, *value.shape[1:])[:rows] = value

    def assign() -> None:
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        variable.assign(tf.constant(every)[number])

    strategy.run(assign)
