"""Images that are made of the same noise at each epoch's end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from toolkit.tasks.judging.judging import SEED
from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.setup import Setup
from toolkit.training.sheet import GAP, folded, sheet

SIDE, WIDE, MOST = 40, 1200, 10
"""Pixels that an image has at least, the widest sheet, and most images in a row or column."""


class Drawn:
    """A grid of images from fixed noise; each class a row, with the same noise in each column.

    Args:
        setup: What is trained; its task has a ``maker``.
        predict: Not needed.
        count: Not needed.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        self.task, self.field = setup.task, setup.dataset.spec.input

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Make them."""
        if self.field.kind != "image":
            return []
        maker, across = self.task.maker, columns(self.field.shape[1])
        names = maker.classes[:MOST]
        codes = np.asarray(maker.draw(MOST * MOST, SEED))
        if names:
            codes = np.tile(codes[:across], (len(names), *[1] * (codes.ndim - 1)))
            images = maker(codes, np.repeat(np.arange(len(names), dtype="int32"), across))
        else:
            images = maker(codes[: across * across])
        rows = folded(images, across)
        return [Exhibit("samples/drawn", partial(sheet, rows, names, SIDE))]


def columns(width: int | None, most: int = MOST) -> int:
    """Return how many images of a width, at least two, stand side by side on a sheet."""
    return max(2, min(most, WIDE // (max(width or 1, SIDE) + GAP)))
