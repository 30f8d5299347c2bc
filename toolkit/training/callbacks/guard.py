"""Stop before numbers that are none spread."""

from __future__ import annotations

import math
from typing import Any

import keras

from toolkit.training.callbacks.position import Position


class Diverged(Exception):
    """The loss or its gradient is no longer a finite number.

    Attributes:
        step: Batch of the run, from 1.
        loss: Its running mean over the epoch.
    """

    def __init__(self, step: int, loss: float, norm: float, before: float | None):
        self.step, self.loss = step, loss
        what = (
            f"the gradient's norm became {norm}"
            if math.isfinite(loss)
            else f"the loss became {loss}"
        )
        last = "" if before is None else f" (mean loss of the epoch before it: {before:.4g})"
        super().__init__(f"{what} at step {step}{last}")


class NonFiniteGuard(keras.callbacks.Callback):
    """Raises ``Diverged`` at the first step whose loss or gradient is not finite.

    The objective has left the weights as they were before that step. The running mean of the loss
    is looked at, which a single such step spoils at once. With a loss scale gradients overflow now
    and then by design, and only the loss counts.

    Args:
        position: Knows the step.
    """

    def __init__(self, position: Position):
        super().__init__()
        self.position = position
        self.before: float | None = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss."""
        logs = logs or {}
        loss, norm = float(logs["loss"]), float(logs["gradient_norm"])
        scaled = hasattr(self.model.optimizer, "inner_optimizer")
        if not math.isfinite(loss) or not (math.isfinite(norm) or scaled):
            raise Diverged(self.position.step, loss, norm, self.before)
        self.before = loss
