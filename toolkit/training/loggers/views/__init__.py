"""What can be shown of a network in training; a task names its views in ``views``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from toolkit.lazy import tf
from toolkit.registry import Table
from toolkit.training.setup import Setup


@dataclass(frozen=True)
class Exhibit:
    """A text or picture to be made.

    Attributes:
        name: Its name, as ``samples/confusion``.
        make: Gives Markdown, or pixels of shape ``(height, width, 3)``; called in another thread.
    """

    name: str
    make: Callable[[], str | np.ndarray]


class View(Protocol):
    """Something to show at each epoch's end."""

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Look at the network as it is now; ``epoch`` counts from 1."""


VIEWS: Table[str] = Table(
    "view",
    {
        "examples": "toolkit.training.loggers.views.examples:Examples",
        "confusion": "toolkit.training.loggers.views.confusion:Confusion",
        "forecasts": "toolkit.training.loggers.views.forecasts:Forecasts",
        "drawn": "toolkit.training.loggers.views.drawn:Drawn",
        "reconstructions": "toolkit.training.loggers.views.reconstructions:Reconstructions",
        "traversals": "toolkit.training.loggers.views.traversals:Traversals",
        "codes": "toolkit.training.loggers.views.codes:Codes",
        "generated": "toolkit.training.loggers.views.generated:Generated",
        "written": "toolkit.training.loggers.views.written:Written",
        "stylized": "toolkit.training.loggers.views.stylized:Stylized",
        "translations": "toolkit.training.loggers.views.translations:Translations",
    },
)
"""Classes called with ``(setup, predict, count)``: what a task can name in ``views``."""


class Predict:
    """The inference network as one TensorFlow graph, traced at its first use.

    Args:
        setup: What is trained.
    """

    def __init__(self, setup: Setup):
        self.network = setup.trainable.inference

    @cached_property
    def traced(self) -> Any:
        """The concrete function, for batches of any size."""
        signature = tf.nest.map_structure(
            lambda entry: tf.TensorSpec(entry.shape, entry.dtype, name=entry.name),
            self.network.input,  # several are given by name
        )
        function = tf.function(lambda x: self.network(x, training=False))
        return function.get_concrete_function(signature)

    def __call__(self, x: Any) -> np.ndarray:
        """Return the network's outputs."""
        entries = tf.nest.map_structure(tf.convert_to_tensor, x)
        return np.asarray(self.traced(*tf.nest.flatten(entries)))


def views_of(setup: Setup, predict: Predict, count: int) -> list[View]:
    """Return what a training's task has to show.

    Args:
        setup: What is trained.
        predict: Gives the network's outputs.
        count: Validation examples to show, at most.
    """
    names = getattr(setup.task, "views", ())
    return [VIEWS[name](setup, predict, count) for name in names]


def spread(total: int, count: int) -> np.ndarray:
    """Return up to ``count`` indices, evenly spread over ``total``."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype("int64"))
