"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from toolkit.lazy import tf
from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.loggers.views.pictures import pixels_of
from toolkit.training.loggers.views.tables import markdown_table
from toolkit.training.setup import Setup

NUMBERED, NAMED, MOST, PAIRS = 20, 40, 2000, 20
"""Classes up to which cells have numbers, up to which all are drawn, up to which they are counted,
and confusions that are listed."""


class Confusion:
    """Counts, in each validation, how often examples of one class are taken for another.

    It counts what validation computes in any case. Where an example can have several classes, or
    there are more than 2,000, there is nothing to show. Of more than 40 classes those with the most
    errors are drawn.

    Args:
        setup: What is trained.
        predict: Not needed.
        count: Not needed.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        target = setup.dataset.spec.target
        self.classes = target.classes or ()
        self.counts = None
        if not target.multi_label and len(self.classes) <= MOST:
            self.counts = tf.Variable(tf.zeros(len(self.classes) ** 2), trainable=False)
            setup.objective.observers += (self.observe,)

    def observe(self, y: Any, outputs: Any, weight: Any) -> None:
        """Count a batch of a validation; part of its graph."""
        assert self.counts is not None
        cells = tf.cast(y, "int64") * len(self.classes) + tf.argmax(outputs, -1)
        seen = tf.cast(weight > 0, "float32")
        self.counts.assign_add(tf.math.unsorted_segment_sum(seen, cells, self.counts.shape[0]))

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Take the counts of the epoch's validation; nothing where it had none."""
        if self.counts is None:
            return []
        counts = self.counts.numpy().astype("int64").reshape(len(self.classes), -1)
        self.counts.assign(tf.zeros_like(self.counts))
        if not counts.sum():
            return []
        exhibits = [Exhibit("samples/confusion", partial(drawn, counts, self.classes, epoch))]
        if len(self.classes) > NUMBERED:
            exhibits.append(Exhibit("samples/confusions", partial(listed, counts, self.classes)))
        return exhibits


def drawn(counts: np.ndarray, classes: Sequence[str], epoch: int) -> np.ndarray:
    """Return the matrix as a picture: truth from top to bottom, prediction from left to right.

    Args:
        counts: Shape ``(classes, classes)``.
        classes: Their names.
        epoch: Which, from 1.
    """
    from matplotlib.figure import Figure

    right, total = int(np.trace(counts)), int(counts.sum())
    title = f"epoch {epoch}: {right:,} of {total:,} right ({right / total:.1%})"
    if len(classes) > NAMED:
        errors = counts.sum(0) + counts.sum(1) - 2 * np.diag(counts)
        worst = np.sort(np.argsort(-errors, kind="stable")[:NAMED])
        title += f"\nthe {NAMED} of {len(classes):,} classes with the most errors"
        counts, classes = counts[np.ix_(worst, worst)], [classes[i] for i in worst]
    names, size = [_short(name) for name in classes], len(classes)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    margin = 0.6 + 0.085 * max(map(len, names))  # inches that names need
    side = max(3.0, min(0.36, 8 / size) * size)
    width, height = side + margin + 0.3, side + margin + 0.7
    figure = Figure(figsize=(width, height), dpi=100)
    place = (margin / width, margin / height, side / width, side / height)
    axes = figure.add_axes(place)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(size), names, rotation=90, fontsize=9)
    axes.set_yticks(range(size), names, fontsize=9)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title, fontsize=11)
    if size <= NUMBERED:
        for i, j in np.argwhere(counts):
            colour = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, f"{counts[i, j]}", ha="center", va="center", fontsize=8, color=colour)
    return pixels_of(figure)


def listed(counts: np.ndarray, classes: Sequence[str]) -> str:
    """Return a table of the most frequent confusions."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    rows = []
    for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[i, j]:
            share = f"{wrong[i, j] / counts[i].sum():.0%} of {counts[i].sum():,}"
            rows.append([classes[i], classes[j], f"{wrong[i, j]:,}", share])
    return markdown_table(["true", "predicted", "times", "of the true class"], rows)


def _short(name: str) -> str:
    return name if len(name) <= 18 else f"{name[:17]}…"
