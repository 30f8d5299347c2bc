"""Where examples lie among codes of two numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.loggers.views.encoded import Encoded
from toolkit.training.loggers.views.pictures import pixels_of
from toolkit.training.setup import Setup

EXAMPLES, LEGEND = 2000, 20
"""Validation examples that are drawn, and classes up to which they are named."""


class Codes:
    """Codes of validation examples as points in the plane, coloured by class.

    Codes of more numbers are not shown so; see ``logger.projector``.

    Args:
        setup: What is trained.
        predict: Not needed.
        count: Not needed.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        shape = setup.trainable.beside["encoder"].output.shape[1:]
        self.shown = Encoded(setup, EXAMPLES) if tuple(shape) == (2,) else None

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Encode."""
        if self.shown is None:
            return []
        make = partial(drawn, self.shown.codes(), self.shown.labels, self.shown.classes, epoch)
        return [Exhibit("samples/codes", make)]


def drawn(
    codes: np.ndarray, labels: np.ndarray | None, classes: Sequence[str], epoch: int
) -> np.ndarray:
    """Return points as a picture.

    Args:
        codes: Shape ``(examples, 2)``.
        labels: Class ids, or None.
        classes: Their names.
        epoch: Which, from 1.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 6.0), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    kinds = [None] if labels is None else list(range(len(classes)))
    colours = colormaps["tab10" if len(kinds) <= 10 else "gist_rainbow"]
    for place, kind in enumerate(kinds):
        points = codes if labels is None or kind is None else codes[labels == kind]
        colour = colours(place if len(kinds) <= 10 else place / len(kinds))
        name = None if kind is None else classes[kind]
        axes.scatter(points[:, 0], points[:, 1], s=6, color=colour, label=name)
    if labels is not None and len(kinds) <= LEGEND:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=2, fontsize=9)
    axes.set_xlabel("first number")
    axes.set_ylabel("second number")
    axes.set_title(f"epoch {epoch}: codes of {len(codes):,} validation examples", fontsize=11)
    return pixels_of(figure)
