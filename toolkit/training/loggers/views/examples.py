"""A few validation examples with their truth and what is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from toolkit.data.pipeline import example_batches
from toolkit.training.loggers.views import Exhibit, Predict, spread
from toolkit.training.loggers.views.inputs import INPUTS
from toolkit.training.loggers.views.pictures import Tile, grid
from toolkit.training.loggers.views.tables import markdown_table
from toolkit.training.setup import Setup


class Examples:
    """Pictures with captions, or a table: what goes in, what is true, what is predicted.

    Args:
        setup: What is trained.
        predict: Gives the network's outputs.
        count: Examples, evenly spread over the validation split.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        split, spec, self.predict, self.task = (
            setup.dataset.valid,
            setup.dataset.spec,
            predict,
            setup.task,
        )
        chosen = spread(len(split), count)
        ((name, field),) = spec.inputs.items()
        self.target = spec.target
        x, y, _ = next(iter(example_batches(split.take(chosen), spec, len(chosen)).once()))
        self.x = x[name].numpy()
        self.shown = INPUTS[field.kind](self.x, field, setup.dataset.encoder)
        self.truths = [
            plain(row) for row in self.task.rows(_sure(y.numpy(), self.target), self.target)
        ]

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Predict."""
        rows = self.task.rows(self.predict(self.x), self.target)
        predicted = [plain(row) for row in rows]
        draw: Any = _table if isinstance(self.shown[0], str) else _pictures
        return [Exhibit("samples/examples", partial(draw, self.shown, self.truths, predicted))]


def plain(row: dict[str, Any]) -> dict[str, str]:
    """Return what one prediction says as short texts; nested values are left out."""
    return {key: _text(value) for key, value in row.items() if not isinstance(value, dict)}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def _sure(y: np.ndarray, target: Any) -> np.ndarray:
    """Return the truth in the form of outputs, so that it reads like a prediction."""
    if target.classes is not None and not target.multi_label:
        return np.eye(len(target.classes))[y]
    return y.reshape(len(y), -1)


def _true(truth: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in truth.items() if key != "probability"}


def _right(truth: dict[str, str], predicted: dict[str, str]) -> bool | None:
    """Return whether a prediction is right; None where it is a number, which is near or far."""
    for key in ("label", "labels"):
        if key in truth:
            return truth[key] == predicted[key]
    return None


def _table(shown: list[str], truths: list[dict[str, str]], predicted: list[dict[str, str]]) -> str:
    keys, heads = list(_true(truths[0])), ["input", "truth", "prediction"]
    if len(keys) > 1:
        heads = ["input", *(f"true {key}" for key in keys), *(f"predicted {key}" for key in keys)]
    heads += [key for key in predicted[0] if key not in keys]
    marks = {True: "✓", False: "✗", None: ""}
    right = [_right(t, p) for t, p in zip(truths, predicted, strict=True)]
    rows = [
        [given, *_true(truth).values(), *guess.values(), marks[mark]]
        for given, truth, guess, mark in zip(shown, truths, predicted, right, strict=True)
    ]
    return markdown_table([*heads, ""], rows)


def _pictures(
    shown: list[np.ndarray], truths: list[dict[str, str]], predicted: list[dict[str, str]]
) -> np.ndarray:
    tiles = []
    for pixels, truth, guess in zip(shown, truths, predicted, strict=True):
        said = ", ".join(_true(guess).values())
        lines = [f"true: {', '.join(_true(truth).values())}", f"predicted: {said}"]
        if "probability" in guess:
            lines.append(f"probability {guess['probability']}")
        tiles.append(Tile(pixels, tuple(lines), _right(truth, guess)))
    return grid(tiles)
