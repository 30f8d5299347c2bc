"""Schedule-free AdamW as it is published: Keras 3.15 has its formula and reads a value too late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.lazy import keras


class ScheduleFree:
    """Mixed into Keras's ScheduleFreeAdamW: the update of Defazio et al. 2024, arXiv:2405.15682.

    Three sequences are kept of each weight: ``z``, Keras's ``momentum``, makes AdamW's steps;
    ``x`` is the average of all ``z``, and what is scored and saved (``toolkit.training.ema``);
    the weight itself is ``y``, the point between both at which gradients are taken. Keras recovers
    ``x`` from the other two, by a ``z`` that it has updated already, so that ``y`` becomes the
    average, ``beta_1`` has no effect, and weight decay acts on ``y`` alone (algorithm 1 of the
    paper takes it at ``y`` and applies it to ``z``). While the rate warms up, ``x`` weighs steps by
    its square, as the paper does.
    """

    averages: Sequence[Any]
    """``x`` of each weight."""

    def build(self: Any, variables: Sequence[Any]) -> None:
        """Make what is kept of each weight."""
        if not self.built:
            super().build(variables)  # type: ignore[misc]
            self.averages = self.add_optimizer_variables(variables, "average", "zeros")

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update ``z``, ``x`` and the weight ``y`` between them."""
        ops, dtype, place = keras.ops, variable.dtype, self._get_variable_index(variable)
        z, square, x = self._momentums[place], self._velocities[place], self.averages[place]
        step = ops.cast(self.iterations + 1, dtype)
        beta_1, beta_2 = ops.cast(self.beta_1, dtype), ops.cast(self.beta_2, dtype)
        gradient, warm = ops.cast(gradient, dtype), max(self.warmup_steps, 1)
        share = ops.minimum(step / warm, 1.0)
        rate = ops.cast(learning_rate, dtype) * share

        self.assign_add(square, (1 - beta_2) * (ops.square(gradient) - square))
        root = ops.sqrt(square / (1 - ops.power(beta_2, step)))
        change = gradient / (root + ops.cast(self.epsilon, dtype))
        if self.weight_decay is not None and self._use_weight_decay(variable):
            change += ops.cast(self.weight_decay, dtype) * variable
        begin = ops.where(step == 1, variable, z)  # weights may be set after the optimizer is built
        self.assign(z, begin - rate * change)
        weight = ops.square(share) / _sum_of_squares(step, warm)
        self.assign(x, (1 - weight) * x + weight * z)
        self.assign(variable, (1 - beta_1) * z + beta_1 * x)

    def _apply_weight_decay(self: Any, variables: Sequence[Any]) -> None:
        """Do nothing: decay is a part of the step."""


def _sum_of_squares(step: Any, warm: int) -> Any:
    """Return the sum, over all steps so far, of the squared share of the full rate."""
    rising = step * (step + 1) * (2 * step + 1) / (6 * warm**2)
    full = (warm + 1) * (2 * warm + 1) / (6 * warm) + step - warm
    return keras.ops.where(step <= warm, rising, full)
