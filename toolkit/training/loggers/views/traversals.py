"""What a decoder makes of codes on straight ways through their space."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.loggers.views.drawn import SIDE, columns
from toolkit.training.loggers.views.encoded import Encoded
from toolkit.training.setup import Setup
from toolkit.training.sheet import sheet

REACH, STEPS, NUMBERS, PLANE, PAIRS = 3.0, 9, 10, 15, 4
"""How far from 0 numbers are taken, steps of a way, numbers of a code that are varied, steps of the
plane, and pairs of examples."""


class Traversals:
    """Each number of a code varied from -3 to 3, and ways from one example to another.

    The other numbers stay those of the first example's code. Where codes have two numbers all of
    their plane is shown instead, the first from left to right and the second from bottom to top.

    Args:
        setup: What is trained; its task has a ``maker``.
        predict: Not needed.
        count: Examples, two for each way.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        self.task, self.shown = setup.task, Encoded(setup, max(2, min(count, 2 * PAIRS)))

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Make them."""
        codes = self.shown.codes()
        if codes.ndim != 2 or self.shown.field.kind != "image":
            return []
        width = self.shown.field.shape[1]
        if codes.shape[1] == 2:
            ways, names = plane(columns(width, PLANE)), []
        else:
            ways = varied(codes[0], columns(width, STEPS))
            names = [f"number {i + 1}" for i in range(len(ways))]
        between = ways_between(codes, columns(width, STEPS + 2) - 2 or 1)
        rows = [[first, *row, second] for first, row, second in self._with_ends(between)]
        make = partial(sheet, self._made(ways), names, SIDE)
        made = [Exhibit("samples/traversals", make)]
        if rows:  # two examples at least
            made.append(Exhibit("samples/interpolations", partial(sheet, rows, (), SIDE)))
        return made

    def _made(self, ways: np.ndarray) -> list[list[np.ndarray]]:
        """Return the images of rows of codes."""
        images = self.task.maker(ways.reshape(-1, ways.shape[-1]))
        return [list(row) for row in images.reshape(*ways.shape[:2], *images.shape[1:])]

    def _with_ends(self, ways: np.ndarray) -> list[tuple[np.ndarray, list[np.ndarray], np.ndarray]]:
        """Return each way with the examples that it leads from and to."""
        firsts, seconds = self.shown.examples[0::2], self.shown.examples[1::2]
        return list(zip(firsts, self._made(ways), seconds, strict=False))


def varied(code: np.ndarray, steps: int) -> np.ndarray:
    """Return a code with each of its first numbers varied, ``(numbers, steps, width)``."""
    count = min(NUMBERS, len(code))
    ways = np.tile(code, (count, steps, 1))
    for number in range(count):
        ways[number, :, number] = np.linspace(-REACH, REACH, steps)
    return ways.astype("float32")


def plane(steps: int) -> np.ndarray:
    """Return codes of two numbers over their plane, ``(steps, steps, 2)``, the upmost row first."""
    line = np.linspace(-REACH, REACH, steps)
    first, second = np.meshgrid(line, line[::-1])
    return np.stack([first, second], axis=-1).astype("float32")


def ways_between(codes: np.ndarray, steps: int) -> np.ndarray:
    """Return straight ways from each even code to the odd one after it, both with them."""
    firsts, seconds = codes[0::2], codes[1::2]
    firsts = firsts[: len(seconds), None]
    shares = np.linspace(0, 1, steps)[None, :, None]
    return (firsts + shares * (seconds[:, None] - firsts)).astype("float32")
