"""Forecasting the next steps of a time series."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.errors import Refused, did_you_mean
from toolkit.lazy import keras
from toolkit.tasks.pooling import Pooling, to_vector
from toolkit.tasks.units import unresolved
from toolkit.types import PositiveInt

EPSILON = 1e-5
"""Added to the variance of a window (RevIN's value)."""
Loss = Literal["mse", "mae", "huber"]
Normalization = Literal["none", "last", "instance"]


class Forecast:
    """Learn to forecast the rows of a series that follow a window of it.

    Every window of a split is an example: ``context`` rows that are seen and the next ``horizon``
    rows. Training windows lie within the training rows; those of validation and test may look back
    before their first row, as in the literature, and every one of them is scored.

    The trained and the saved network take and give original units; the data's scaling
    (``Field.offset`` and ``scale``, fitted on the training rows) is inside it. Losses, ``mse`` and
    ``mae`` are of standardised values, as the literature has them, and ``mae_original`` of original
    units.

    Args:
        context: Rows that are seen, the look-back window.
        horizon: Rows that are forecast.
        stride: Rows from one training window to the next; 1 takes all. Validation and test always
            take all.
        targets: Variables that are forecast, by name; None for all. All are seen.
        normalization: What is taken from each window before the network and given back to its
            forecast, so that a drifting level does not matter: ``last`` subtracts each variable's
            last value (NLinear, Zeng et al. 2023, arXiv:2205.13504); ``instance`` its mean, and
            divides by its deviation (RevIN without its affine part, Kim et al., ICLR 2022), which
            did better for every network tried on ETTh1.
        seasonal_period: Rows in a season, for the seasonal-naive baseline: 24 for hours of days.
            The baseline is left out where a season is longer than ``context``, or for None.
        pooling: How a network's features become one vector, where it does not forecast itself.
        loss: ``mse``, ``mae`` or ``huber``, of standardised values.
    """

    inputs: ClassVar = frozenset({"series"})
    targets: ClassVar = frozenset({"future"})
    needs: ClassVar = "vector"
    accepts: ClassVar = frozenset({"future"})  # a layout that is the forecast itself
    causal: ClassVar = False
    sampler: ClassVar = "windows"
    monitor: ClassVar = "mse"
    mode: ClassVar = "min"
    views: ClassVar = ("forecasts",)

    def __init__(
        self,
        *,
        context: PositiveInt = 96,
        horizon: PositiveInt = 24,
        stride: PositiveInt = 1,
        targets: list[str] | None = None,
        normalization: Normalization = "instance",
        seasonal_period: PositiveInt | None = 24,
        pooling: Pooling = "auto",
        loss: Loss = "mse",
    ):
        self.context = context
        self.horizon = horizon
        self.stride = stride
        self.variables = targets
        self.normalization = normalization
        self.seasonal_period = seasonal_period
        self.pooling = pooling
        self.loss_name = loss
        self._bound: tuple[list[int], np.ndarray, np.ndarray] | None = None

    def bind(self, target: Any) -> tuple[list[int], np.ndarray, np.ndarray]:
        """Take note of the field that is forecast; ``check``, ``head`` and ``metrics`` do so.

        Returns:
            Where the forecast variables stand among all, and of all variables the offset and
            the scale, float32.

        Raises:
            Refused: If the data has no such variable.
        """
        count = target.shape[-1]
        names = list(target.names or map(str, range(count)))
        wanted = names if self.variables is None else self.variables
        faults = [
            f"task.targets: the data has no variable '{name}'.{did_you_mean(name, names)}"
            for name in wanted
            if name not in names
        ]
        if not wanted:
            faults = ["task.targets: an empty list; name variables, or null for all."]
        if faults:
            raise Refused(*faults)
        offset = np.array(target.offset or [0.0] * count, "float32")
        scale = np.array(target.scale or [1.0] * count, "float32")
        self._bound = [names.index(name) for name in wanted], offset, scale
        return self._bound

    @property
    def window(self) -> Any:
        """The ``Window`` that makes an example, for ``window_batches``."""
        from toolkit.data.pipeline import Window

        columns = None if self._bound is None else tuple(self._bound[0])
        return Window(self.context, self.horizon, columns, self.stride)

    def check(self, dataset: Any) -> None:
        """Refuse unknown variables, values too alike for float32, and splits without a window."""
        self.bind(dataset.spec.target)
        faults = unresolved(dataset.spec.target)
        for name, split in dataset.splits.items():
            if not len(self.origins(split)):
                first, last = split.rows or (0, len(split))
                faults.append(
                    f"data: the {name} rows {first} to {last} hold no window of task.context="
                    f"{self.context} rows and the task.horizon={self.horizon} rows after them; "
                    "give more rows, or a shorter context or horizon."
                )
        if faults:
            raise Refused(*faults)

    def origins(self, split: Any) -> np.ndarray:
        """Return the first forecast row of each window of a split."""
        first, last = split.rows or (0, len(split))
        return np.arange(max(first, self.context), last - self.horizon + 1)

    def head(self, features: Any, target: Any) -> Any:
        """Return the forecast in original units, shape ``(batch, horizon, targets)``, float32."""
        columns, offset, scale = self.bind(target)
        values = features.x
        if features.layout == "future":
            if values.shape[1] != self.horizon:
                raise Refused(
                    f"the model forecasts {values.shape[1]} rows, but task.horizon={self.horizon}."
                )
            if self.variables is not None:
                values = keras.ops.take(values, columns, axis=-1)
        else:
            vector = to_vector(features, self.pooling)
            size = self.horizon * len(columns)
            values = keras.layers.Dense(size, dtype="float32", name="head")(vector)
            values = keras.layers.Reshape((self.horizon, len(columns)))(values)
        # All that was built so far becomes one layer, called on windows that are standardised.
        (raw,) = keras.utils.get_source_inputs(values)
        network = keras.Model(raw, values, name="forecaster")
        x = (raw - offset) / scale
        if self.normalization == "none":
            outputs = keras.ops.cast(network(x), "float32")
            return outputs * scale[columns] + offset[columns]
        if self.normalization == "last":
            level, spread = x[:, -1:], keras.ops.ones_like(x[:, -1:])
        else:
            level = keras.ops.mean(x, axis=1, keepdims=True)
            spread = keras.ops.sqrt(keras.ops.var(x, axis=1, keepdims=True) + EPSILON)
        outputs = keras.ops.cast(network((x - level) / spread), "float32")
        level, spread = (keras.ops.take(t, columns, axis=-1) for t in (level, spread))
        return (outputs * spread + level) * scale[columns] + offset[columns]

    def finish(self, outputs: Any) -> Any:
        """Return the forecast, which is in original units already."""
        return outputs

    def loss(self, y: Any, outputs: Any) -> Any:
        """Return each window's loss on standardised values, shape ``(batch,)``.

        Args:
            y: What followed, in original units, shape ``(batch, horizon, targets)``.
            outputs: The forecast, alike.
        """
        return self._error(self.loss_name, y, outputs)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return ``mse`` and ``mae`` of standardised values, and ``mae_original``."""
        self.bind(target)
        wrap = keras.metrics.MeanMetricWrapper
        found = {
            name: wrap(lambda y, outputs, name=name: self._error(name, y, outputs), name=name)
            for name in ("mse", "mae")
        }
        if target.scale is not None:
            found["mae_original"] = wrap(_original_mae, name="mae_original")
        return found

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return a row for each time: ``window``, ``step`` from 1, and the variables by name.

        Args:
            outputs: Shape ``(windows, horizon, targets)``, in original units.
            target: The field that was learned.
        """
        columns, _, _ = self.bind(target)
        names = [target.names[i] if target.names else str(i) for i in columns]
        return [
            {"window": w, "step": s + 1, **dict(zip(names, map(float, values), strict=True))}
            for w, window in enumerate(outputs)
            for s, values in enumerate(window)
        ]

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return what two forecasts that learn nothing score on all windows of a split.

        ``naive`` repeats the last row, ``seasonal naive`` the last season.
        """
        columns, offset, scale = self.bind(dataset.spec.target)
        (name,) = dataset.spec.inputs
        values = ((split.arrays[name] - offset) / scale)[:, columns].astype("float64")
        origins, period = self.origins(split), self.seasonal_period
        forecasts = {"naive": lambda step: origins - 1}
        if period is not None and period <= self.context:
            forecasts["seasonal naive"] = lambda step: origins - period + step % period
        found: dict[str, float] = {}
        for forecast, row in forecasts.items():
            squares = absolutes = 0.0
            for step in range(self.horizon):  # a step at a time: all windows at once can be large
                error = values[origins + step] - values[row(step)]
                squares += np.square(error).mean() / self.horizon
                absolutes += np.abs(error).mean() / self.horizon
            found |= {f"mse ({forecast})": squares, f"mae ({forecast})": absolutes}
        return {name: float(value) for name, value in found.items()}

    def _error(self, kind: str, y: Any, outputs: Any) -> Any:
        """Return each window's error, standardised, shape ``(batch,)``."""
        assert self._bound is not None, "head or metrics come first"
        columns, _, scale = self._bound
        flat = (-1, self.horizon * len(columns))
        y, outputs = (
            keras.ops.reshape(keras.ops.cast(t, "float32") / scale[columns], flat)
            for t in (y, outputs)
        )
        function = {
            "mse": keras.losses.mean_squared_error,
            "mae": keras.losses.mean_absolute_error,
            "huber": keras.losses.huber,
        }[kind]
        return function(y, outputs)


def _original_mae(y: Any, outputs: Any) -> Any:
    return keras.ops.mean(keras.ops.abs(y - outputs), axis=(1, 2))
