"""Figures that no batch gives: of whole questions, entities or texts, once a split is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras

from toolkit.data.spec import Dataset, Split


class Observer(Protocol):
    """Looks at what a network gives for a split, batch by batch in the split's order.

    It may have ``begin(objective)``, called after ``reset``, if it asks the network itself, and
    ``observe(x, y, outputs, weight)``, which looks at a batch: inputs by name, target, raw outputs
    and weight, as arrays. Where none has that no batch is kept for it.
    """

    def reset(self) -> None:
        """Forget what was observed."""

    def figures(self) -> dict[str, float]:
        """Return figures by name, of what was observed."""


class WholeExamples(keras.callbacks.Callback):
    """Shows an evaluation to a task's observers and adds their figures to its own.

    Args:
        observers: What looks on.
    """

    def __init__(self, observers: Sequence[Observer]):
        super().__init__()
        self.observers = list(observers)

    def on_test_begin(self, logs: Any = None) -> None:
        """Begin anew."""
        for observer in self.observers:
            observer.reset()
            if (begin := getattr(observer, "begin", None)) is not None:
                begin(self.model)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Show a batch."""
        if onlookers := looking(self.observers):
            shown = self.model.shown()
            for observe in onlookers:
                observe(*shown)

    def on_test_end(self, logs: Any = None) -> None:
        """Add the figures to those that the evaluation returns; Keras's own are a copy here."""
        for observer in self.observers:
            self.model.told.update(observer.figures())


def watching(objective: Any, task: Any, dataset: Dataset, split: Split) -> WholeExamples:
    """Return the callback for evaluations of a split; a task without observers has no use of it.

    Args:
        objective: Evaluated with it.
        task: May have ``observers(dataset, split)``.
        dataset: Of which the split is one.
        split: What is evaluated.
    """
    made = getattr(task, "observers", None)
    observers = made(dataset, split) if made is not None else ()
    if looking(observers):
        objective.show_batches()
    return WholeExamples(observers)


def looking(observers: Sequence[Observer]) -> list[Callable[..., None]]:
    """Return the ``observe`` of those that look at batches."""
    return [o.observe for o in observers if hasattr(o, "observe")]
