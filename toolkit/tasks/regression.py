"""Predicting one or several numbers."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.tasks.correlations import Correlations
from toolkit.tasks.pooling import Pooling, to_vector
from toolkit.tasks.units import unresolved
from toolkit.types import Fraction

Loss = Literal["mse", "mae", "huber"]


class Regression:
    """Learn one or several numbers of each example.

    The head is one dense layer that learns standardised values (``Field.offset`` and ``scale``,
    fitted on the training split) and gives original units: so the learning rate need not suit the
    units, and several targets of different size count alike in the loss.

    Args:
        pooling: How the positions of a sequence or grid become one vector; see
            ``toolkit.tasks.pooling``.
        dropout: Share of that vector dropped in training.
        loss: ``mse``, ``mae`` or ``huber`` (squared up to one standard deviation, then straight),
            of standardised values.
    """

    inputs: ClassVar = frozenset({"tokens", "image", "series", "table"})
    targets: ClassVar = frozenset({"value"})
    needs: ClassVar = "vector"
    causal: ClassVar = False
    sampler: ClassVar = "examples"
    monitor: ClassVar = "loss"  # standardised, so that no target drowns the others
    mode: ClassVar = "min"
    views: ClassVar = ("examples",)
    figures: ClassVar = ("pearson", "spearman")  # what its observers tell

    def __init__(self, *, pooling: Pooling = "auto", dropout: Fraction = 0.0, loss: Loss = "mse"):
        self.pooling = pooling
        self.dropout = dropout
        self.loss_name = loss
        self._scale: np.ndarray | None = None  # known once the head or the metrics are made

    def bind(self, target: Any) -> tuple[np.ndarray, np.ndarray]:
        """Take note of the field that is learned, and return its offset and scale, float32."""
        count = target.shape[-1] if target.shape else 1
        self._scale = np.array(target.scale or [1.0] * count, "float32")
        return np.array(target.offset or [0.0] * count, "float32"), self._scale

    def check(self, dataset: Any) -> None:
        """Refuse targets that do not vary in the training split, or too little for float32."""
        (name,) = dataset.spec.targets
        values = _columns(dataset.train.arrays[name])
        names = dataset.spec.target.names or [str(i) for i in range(values.shape[1])]
        flat = [n for n, c in zip(names, np.ptp(values, axis=0), strict=True) if c == 0]
        if flat:
            raise Refused(
                *(
                    f"data: the value '{n}' is the same in all {len(values)} training examples; "
                    "there is nothing to learn."
                    for n in flat
                )
            )
        if found := unresolved(dataset.spec.target):
            raise Refused(*found)

    def head(self, features: Any, target: Any) -> Any:
        """Return the values in original units, shape ``(batch, targets)``, float32."""
        offset, scale = self.bind(target)
        x = to_vector(features, self.pooling)
        if self.dropout:
            x = keras.layers.Dropout(self.dropout, name="head_dropout")(x)
        x = keras.layers.Dense(len(scale), dtype="float32", name="head")(x)
        return x * scale + offset

    def finish(self, outputs: Any) -> Any:
        """Return the values, which are in original units already."""
        return outputs

    def loss(self, y: Any, outputs: Any) -> Any:
        """Return each example's loss on standardised values, shape ``(batch,)``.

        Args:
            y: The true values in original units, shape ``(batch, targets)``, or ``(batch,)``.
            outputs: The predicted ones, shape ``(batch, targets)``.
        """
        assert self._scale is not None, "head or metrics come first"
        shape = (-1, len(self._scale))
        y, outputs = (
            keras.ops.reshape(keras.ops.cast(t, "float32"), shape) / self._scale
            for t in (y, outputs)
        )
        function = {
            "mse": keras.losses.mean_squared_error,
            "mae": keras.losses.mean_absolute_error,
            "huber": keras.losses.huber,
        }[self.loss_name]
        return function(y, outputs)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return ``rmse`` and ``mae`` in original units over all targets, and ``r2``."""
        from toolkit.metrics import StandardisedR2

        offset, scale = self.bind(target)
        return {
            "rmse": keras.metrics.RootMeanSquaredError(name="rmse", dtype="float32"),
            "mae": keras.metrics.MeanAbsoluteError(name="mae", dtype="float32"),
            "r2": StandardisedR2(offset, scale),
        }

    def observers(self, dataset: Any, split: Any) -> list[Correlations]:
        """Return what tells ``pearson`` and ``spearman`` over a whole split."""
        return [Correlations()]

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return the values of each example by name.

        Args:
            outputs: Shape ``(examples, targets)``, in original units.
            target: The field that was learned.
        """
        names = target.names or [f"value_{i}" for i in range(outputs.shape[-1])]
        names = ["value"] if target.names is None and len(names) == 1 else names
        return [dict(zip(names, map(float, row), strict=True)) for row in outputs]

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return what always predicting the training mean scores on a split."""
        (name,) = dataset.spec.targets
        mean = _columns(dataset.train.arrays[name]).mean(axis=0)
        error = _columns(split.arrays[name]) - mean
        return {
            "rmse (training mean)": float(np.sqrt(np.square(error).mean())),
            "mae (training mean)": float(np.abs(error).mean()),
        }


def _columns(values: Any) -> np.ndarray:
    """Return values with a column for each target, float64."""
    return np.asarray(values, "float64").reshape(len(values), -1)
