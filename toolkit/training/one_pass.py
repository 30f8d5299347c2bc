"""Adam's update of a variable as one operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.lazy import tf


class OnePass:
    """Mixed into Keras's Adam or AdamW: a variable is updated in one pass over memory.

    Keras writes the update as ten operations, each of which reads and writes arrays of the
    variable's size. That is memory's work, and on a CPU a good part of a step of fine-tuning;
    TensorFlow's own kernel does the same in less than half of the time. Weight decay, of which
    Keras makes three more, is one. The formulas, and what is kept, are the same. Half precision,
    whose betas would be rounded to one, and AMSGrad, which the kernel does not know, are left to
    Keras.
    """

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a variable and the means of its gradient and of that squared."""
        dtype = tf.as_dtype(variable.dtype)
        if _exact(variable) and self.weight_decay is not None and self._use_weight_decay(variable):
            variable.assign(variable * (1 - tf.cast(learning_rate, dtype) * self.weight_decay))
        if self.amsgrad or not _exact(variable):
            super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]
            return
        place = self._get_variable_index(variable)
        beta_1, beta_2 = (tf.constant(beta, dtype) for beta in (self.beta_1, self.beta_2))
        step = tf.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[place]),
            v=_handle(self._velocities[place]),
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(self.epsilon, dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
        )

    def _apply_weight_decay(self: Any, variables: Sequence[Any]) -> None:
        rest = [v for v in variables if not _exact(v)]
        super()._apply_weight_decay(rest)  # type: ignore[misc]


def _exact(variable: Any) -> bool:
    return tf.as_dtype(variable.dtype) in (tf.float32, tf.float64)


def _handle(variable: Any) -> Any:
    """Return where a variable lies, Keras's or TensorFlow's; of several replicas this one's."""
    return (variable if isinstance(variable, tf.Variable) else variable.value).handle
