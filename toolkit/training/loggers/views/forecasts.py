"""Forecasts drawn over what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from toolkit.data.pipeline import window_starts
from toolkit.training.loggers.views import Exhibit, Predict, spread
from toolkit.training.loggers.views.pictures import pixels_of
from toolkit.training.setup import Setup

WINDOWS, VARIABLES = 3, 3


class Forecasts:
    """Windows of the validation split, in the units of the data.

    Args:
        setup: What is trained.
        predict: Gives the network's outputs.
        count: Windows, 3 at most, evenly spread over the split.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        self.predict, window, target = predict, setup.task.window, setup.dataset.spec.target
        ((name, _),) = setup.dataset.spec.inputs.items()
        split = setup.dataset.valid
        values = np.asarray(split.arrays[name], "float32")
        starts = window_starts(split, replace(window, stride=1))
        self.starts = starts[spread(len(starts), min(count, WINDOWS))]
        every = list(window.targets or range(values.shape[1]))
        self.places = spread(len(every), VARIABLES)
        self.columns = [every[place] for place in self.places]
        names = target.names or [f"variable {i + 1}" for i in range(values.shape[1])]
        self.names = [names[column] for column in self.columns]
        self.x = np.stack([values[s : s + window.context] for s in self.starts])
        ends = self.starts + window.context
        self.truth = np.stack([values[e : e + window.horizon, self.columns] for e in ends])

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Forecast."""
        forecast = self.predict(self.x)[..., self.places]
        seen = self.x[:, -2 * self.truth.shape[1] :, self.columns]
        first = self.starts + self.x.shape[1]
        make = partial(drawn, seen, self.truth, forecast, self.names, first, epoch)
        return [Exhibit("samples/forecasts", make)]


def drawn(
    seen: np.ndarray,
    truth: np.ndarray,
    forecast: np.ndarray,
    names: Sequence[str],
    first: np.ndarray,
    epoch: int,
) -> np.ndarray:
    """Return windows side by side, a row for each variable.

    Args:
        seen: The last rows of what was seen, shape ``(windows, rows, variables)``.
        truth: What came, shape ``(windows, horizon, variables)``.
        forecast: What was forecast, alike.
        names: Of the variables.
        first: Number of each window's first forecast row.
        epoch: Which, from 1.
    """
    from matplotlib.figure import Figure

    count, before, ahead = len(seen), seen.shape[1], truth.shape[1]
    pitch = (before + ahead) * 1.08
    height = 0.95 + 1.5 * len(names)
    figure = Figure(figsize=(5.6, height), dpi=100)
    all_axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    figure.subplots_adjust(0.13, 0.5 / height, 0.99, 1 - 0.5 / height, hspace=0.12)
    for variable, (axes, name) in enumerate(zip(all_axes, names, strict=True)):
        for window in range(count):
            start = window * pitch
            past = start + np.arange(before)
            # The last row that was seen belongs to both lines, so that they meet.
            future = start + before - 1 + np.arange(ahead + 1)
            last = seen[window, -1:, variable]
            labels = ("seen", "came", "forecast") if window == 0 else (None, None, None)
            axes.plot(past, seen[window, :, variable], color="0.6", lw=1.2, label=labels[0])
            came = np.concatenate([last, truth[window, :, variable]])
            axes.plot(future, came, color="black", lw=1.2, label=labels[1])
            said = np.concatenate([last, forecast[window, :, variable]])
            axes.plot(future, said, color="tab:orange", lw=1.6, label=labels[2])
            axes.axvline(start + before - 1, color="0.8", lw=0.8, ls=":")
        axes.set_ylabel(name)
        axes.margins(x=0.01)
    ticks = np.arange(count) * pitch + before - 1
    all_axes[-1].set_xticks(ticks, [f"row {row:,}" for row in first])
    all_axes[-1].set_xlabel("first row that was forecast")
    handles = all_axes[0].get_legend_handles_labels()
    place = {"loc": "upper left", "bbox_to_anchor": (0.12, 1 - 0.17 / height)}
    figure.legend(*handles, ncols=3, frameon=False, fontsize=9, **place)
    figure.suptitle(
        f"epoch {epoch}: {ahead} rows ahead, validation", x=0.13, y=0.99, ha="left", fontsize=10
    )
    return pixels_of(figure)
