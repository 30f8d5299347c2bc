"""Learning rate schedules that Keras does not have."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule


@keras.saving.register_keras_serializable("toolkit")
class Lead(LearningRateSchedule):
    """A straight line, and then another schedule from its beginning.

    From zero up it is a warm-up; level, it puts off a decay.

    Args:
        begin: Rate at step 0.
        end: Rate that the line reaches after ``steps``.
        steps: Length of the line in steps.
        then: A schedule, or a constant rate.
    """

    def __init__(self, begin: float, end: float, steps: int, then: LearningRateSchedule | float):
        self.begin, self.end, self.steps, self.then = begin, end, steps, then

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, a float32 scalar."""
        step = ops.cast(step, "float32")
        line = self.begin + (self.end - self.begin) * step / max(self.steps, 1)
        after = self.then
        if callable(after):
            after = after(ops.maximum(step - self.steps, 0.0))
        return ops.where(step < self.steps, line, after)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, the inner schedule serialized."""
        then = keras.saving.serialize_keras_object(self.then)
        return {"begin": self.begin, "end": self.end, "steps": self.steps, "then": then}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Lead:
        """Return the schedule of which ``get_config`` gave the arguments."""
        return cls(**{**config, "then": keras.saving.deserialize_keras_object(config["then"])})


@keras.saving.register_keras_serializable("toolkit")
class InverseSquareRoot(LearningRateSchedule):
    """``learning_rate * sqrt(timescale / (timescale + step))``.

    After a warm-up of ``timescale`` steps it is the schedule of Vaswani et al. 2017
    (arXiv:1706.03762).

    Args:
        learning_rate: Rate at step 0.
        timescale: Steps after which the rate has fallen to its 0.71-fold; in four times as many
            steps and so on it halves.
    """

    def __init__(self, learning_rate: float, timescale: int):
        self.learning_rate, self.timescale = learning_rate, timescale

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, a float32 scalar."""
        step = ops.cast(step, "float32")
        return self.learning_rate * ops.sqrt(self.timescale / (self.timescale + step))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"learning_rate": self.learning_rate, "timescale": self.timescale}
