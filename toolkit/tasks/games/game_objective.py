"""What the objectives of all games have in common: two sides, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from toolkit import replicas
from toolkit.tasks.games.turns import Told, ready, tell, weights_of
from toolkit.tasks.objective import Objective


class GameObjective(Objective):
    """An objective of networks that play against each other, an optimizer for each side.

    What is told in a step has a running mean for each name that the task's ``told`` gives; ``loss``
    is what the generators lose.

    Args:
        network: The generator that is saved.
        task: The game and its settings.
        target: The ``Field`` of the data's target.
        accumulate: Parts of a batch whose gradients are summed before the generators' update.
    """

    def __init__(self, network: keras.Model, task: Any, target: Any, *, accumulate: int = 1):
        super().__init__(network, task, target, accumulate=accumulate)
        names = dict.fromkeys(task.told(training=True) + task.told(training=False))
        self.means = {name: keras.metrics.Mean(name, dtype="float32") for name in names}

    @property
    def sides(self) -> tuple[list[keras.Model], list[keras.Model]]:
        """The generators, and the discriminators."""
        raise NotImplementedError

    def take(self, further: Mapping[str, Any]) -> None:
        """Take the discriminators' optimizer, and build both."""
        generators, judges = self.sides
        self.further = {"discriminator": ready(further["discriminator"], judges)}
        self.optimizer.build(weights_of(generators))
        for optimizer in self.optimizers:
            replicas.sums_no_more(optimizer)

    def _tell(self, told: Told, weight: Any) -> None:
        for name, values in told.items():
            tell(self.loss_mean if name == "loss" else self.means[name], values, weight)

    def results(self, training: bool) -> dict[str, Any]:
        """Return the running mean of what is told, by name."""
        means = {name: self.means[name].result() for name in self.task.told(training)}
        return {"loss": self.loss_mean.result(), **means}
