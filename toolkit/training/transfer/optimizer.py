"""A Keras optimizer that changes each variable at a rate of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class OwnRates:
    """Mixed into a Keras optimizer: each variable has a factor of the learning rate.

    The update is scaled, as the gradient's size means nothing to Adam and its kin, and weight decay
    with it. Nothing is added to what the optimizer keeps.

    Attributes:
        factors: One for each variable, in the order in which the optimizer was built; none where
            all are 1.
    """

    factors: tuple[float, ...] = ()
    _factor = 1.0

    def factor_of(self: Any, variable: Any) -> float:
        """Return a variable's factor."""
        return self.factors[self._get_variable_index(variable)] if self.factors else 1.0

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a variable at its own rate."""
        factor = self.factor_of(variable)
        rate = learning_rate if factor == 1.0 else learning_rate * factor
        super().update_step(gradient, variable, rate)  # type: ignore[misc]

    def _apply_weight_decay(self: Any, variables: Sequence[Any]) -> None:
        for factor in dict.fromkeys(map(self.factor_of, variables)):
            self._factor = factor
            try:
                alike = [v for v in variables if self.factor_of(v) == factor]
                super()._apply_weight_decay(alike)  # type: ignore[misc]
            finally:
                self._factor = 1.0

    def _get_current_learning_rate(self: Any) -> Any:
        rate = super()._get_current_learning_rate()  # type: ignore[misc]
        return rate if self._factor == 1.0 else rate * self._factor
