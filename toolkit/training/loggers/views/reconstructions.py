"""Validation examples beside what a network gives back of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.loggers.views.drawn import SIDE, columns
from toolkit.training.loggers.views.encoded import Encoded
from toolkit.training.loggers.views.inputs import INPUTS
from toolkit.training.loggers.views.pictures import pixels_of
from toolkit.training.loggers.views.tables import markdown_table
from toolkit.training.setup import Setup

SERIES, VARIABLES = 4, 3
"""Windows of a series that are drawn, and variables of each."""


class Reconstructions:
    """The original, what was read of it where there is noise, and what is given back.

    Images stand one above the other, windows of a series are drawn over each other, and rows of a
    table are listed.

    Args:
        setup: What is trained.
        predict: Gives the network's outputs.
        count: Examples, evenly spread over the validation split.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        field = setup.dataset.spec.input
        if field.kind == "image":
            count = min(count, columns(field.shape[1], most=16))
        self.shown, self.predict = Encoded(setup, count), predict
        self.noisy = not np.array_equal(self.shown.read, self.shown.examples)

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Have them given back."""
        shown = self.shown
        parts = {"original": shown.examples}
        if self.noisy:
            parts["as it is read"] = shown.read
        parts["reconstruction"] = self.predict(shown.read)
        draw: Any = {"image": pictures, "series": lines}.get(shown.field.kind, table)
        return [Exhibit("samples/reconstructions", partial(draw, parts, shown.field))]


def pictures(parts: dict[str, np.ndarray], field: Any) -> np.ndarray:
    """Return each part as a row of images."""
    from toolkit.training.sheet import sheet

    if field.dtype == "uint8":
        parts = {k: np.clip(np.round(p), 0, 255).astype("uint8") for k, p in parts.items()}
    return sheet([list(part) for part in parts.values()], [*parts], SIDE)


def table(parts: dict[str, np.ndarray], field: Any) -> str:
    """Return each example as a row of a table, a column for each part."""
    shown = [INPUTS["table"](part, field, None) for part in parts.values()]
    return markdown_table([*parts], [list(row) for row in zip(*shown, strict=True)])


def lines(parts: dict[str, np.ndarray], field: Any) -> np.ndarray:
    """Return windows side by side: the original solid, what was given back dashed."""
    from matplotlib.figure import Figure

    original, back = parts["original"][:SERIES], parts["reconstruction"][:SERIES]
    figure = Figure(figsize=(3 * len(original), 2.4), dpi=100, layout="constrained")
    names = field.names or [f"variable {i + 1}" for i in range(original.shape[-1])]
    for place, (truth, given) in enumerate(zip(original, back, strict=True)):
        axes = figure.add_subplot(1, len(original), place + 1)
        for column in range(min(VARIABLES, truth.shape[-1])):
            (line,) = axes.plot(truth[:, column], linewidth=1, label=names[column])
            axes.plot(given[:, column], linewidth=1, linestyle="--", color=line.get_color())
        axes.tick_params(labelsize=7)
        if not place:
            axes.legend(fontsize=7)
    figure.suptitle("solid: original; dashed: reconstruction", fontsize=9)
    return pixels_of(figure)
