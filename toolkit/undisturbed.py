"""Building something aside without a trace in the process's random generators."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

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
