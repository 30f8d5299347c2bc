"""Doing something aside without a trace in random generators: the process's, or a network's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put the process's random generators back where they were.

    Layers draw the seeds of their weights and of dropout from them: a network that is made to look
    at another one must not change what the training draws later.
    """
    python, numbers = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)


@contextmanager
def steady_draws(network: Any) -> Iterator[None]:
    """Let a network draw the same in a block each time, and go on after it as if it had not drawn.

    So scores of the same weights are the same, and a training that is resumed draws what the one
    that was not stopped in a validation draws.

    Args:
        network: A Keras model with seed generators of its own or of its layers.
    """
    states = [v for v in network.variables if v.name == "seed_generator_state"]
    before = [np.array(state, copy=True) for state in states]
    for number, state in enumerate(states):
        state.assign([number + 1, 0])
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)
