"""Forecasting by one linear map over time."""

from __future__ import annotations

from typing import Any

from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.types import PositiveInt


def series_linear(
    x: Any,
    *,
    horizon: PositiveInt = 24,
    decomposition: bool = False,
    kernel: PositiveInt = 25,
    individual: bool = False,
) -> Any:
    """Map each variable's past to its future by a matrix that all variables share.

    No variable reads another. For many series that is as good as much larger networks: with windows
    that end at zero it is NLinear, with the decomposition DLinear (Zeng et al., "Are Transformers
    Effective for Time Series Forecasting?", AAAI 2023, arXiv:2205.13504).

    Args:
        x: Shape ``(batch, context, variables)``.
        horizon: Steps that are forecast; the task's ``horizon``.
        decomposition: Whether the trend (a moving average) and the rest have a matrix each.
        kernel: Steps that the moving average spans; odd.
        individual: Whether each variable has a matrix of its own.

    Returns:
        Shape ``(batch, horizon, variables)``.

    Raises:
        Refused: If the length of the context is not known, or ``kernel`` is even.
    """
    if x.shape[1] is None:
        raise Refused(
            "block 'series_linear' reads windows of a fixed length, such as a forecast's."
        )
    if not decomposition:
        return _over_time(x, horizon, individual)
    if kernel % 2 == 0:
        raise Refused(f"block 'series_linear': kernel {kernel} is even; expected an odd number.")
    # The ends are repeated, so that the average is defined at all steps.
    ends = [keras.ops.repeat(edge, kernel // 2, axis=1) for edge in (x[:, :1], x[:, -1:])]
    padded = keras.ops.concatenate([ends[0], x, ends[1]], axis=1)
    trend = keras.layers.AveragePooling1D(kernel, strides=1)(padded)
    return _over_time(trend, horizon, individual) + _over_time(x - trend, horizon, individual)


def _over_time(x: Any, steps: int, individual: bool) -> Any:
    """Return a linear map over the time axis, ``(batch, time, n)`` to ``(batch, steps, n)``."""
    if individual:
        layer = keras.layers.EinsumDense(
            "btn,nts->bsn", (steps, x.shape[-1]), bias_axes="sn", kernel_initializer="zeros"
        )
        return layer(x)
    rows = keras.layers.Permute((2, 1))(x)  # (batch, variables, time)
    return keras.layers.Permute((2, 1))(keras.layers.Dense(steps, kernel_initializer="zeros")(rows))
