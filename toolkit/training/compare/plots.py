"""Pictures of runs: learning curves, and scores against what was varied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolkit.training.compare.contrast import FEW, Group, mean_and_spread, shown
from toolkit.training.run_state import less_is_better

MOST = 10
"""Groups that have a colour of their own; the others are grey."""

STYLE = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.alpha": 0.3,
    "savefig.dpi": 120,
}
"""What differs from matplotlib's defaults."""

WITHOUT_CURVE = ("gradient_norm",)
"""Figures of ``metrics.csv`` that have no curve."""


def draw(groups: Sequence[Group], keys: Sequence[str], folder: Path) -> list[Path]:
    """Draw everything that there is to draw, the best groups first in each legend.

    A score against one value says something where few values vary, as in a sweep.

    Args:
        groups: Runs that differ by their seed only, the best first.
        keys: The varied keys.
        folder: Where the PNG files go.

    Returns:
        The files.
    """
    import matplotlib

    matplotlib.use("Agg")
    with matplotlib.rc_context(STYLE):
        return _pictures(groups, keys if len(keys) <= FEW else [], folder)


def _pictures(groups: Sequence[Group], keys: Sequence[str], folder: Path) -> list[Path]:
    made = []
    for metric in _metrics(groups):
        made.append(_curves(groups, keys, metric, folder / f"curve-{_safe(metric)}.png"))
    finished = [record for group in groups for record in group.records if record.results]
    for score in dict.fromkeys(record.score[0] for record in finished if record.score):
        having = [group for group in groups if group.figures(score)]
        for key in keys:
            place = list(keys).index(key)
            if len({shown(group.values[place]) for group in having}) > 1:
                path = folder / f"values-{_safe(score)}-{_safe(key)}.png"
                made.append(_values(having, keys, place, score, path))
        if len(keys) == 2 and len(having) > 3:
            made.append(_grid(having, keys, score, folder / f"grid-{_safe(score)}.png"))
    return made


def _metrics(groups: Sequence[Group]) -> list[str]:
    """Return what there are curves of: the loss first."""
    names = {key for group in groups for record in group.records for row in record.epochs
             for key in row if "/" in key}  # fmt: skip
    metrics = {name.partition("/")[2] for name in names} - set(WITHOUT_CURVE)
    return sorted(metrics, key=lambda name: (name != "loss", name))


def _curves(groups: Sequence[Group], keys: Sequence[str], metric: str, path: Path) -> Path:
    """Draw a metric over epochs: validation as lines, training dashed, spread over seeds shaded."""
    figure, axes = _figure(7.5, 4.2)
    lowest = []
    for number, group in enumerate(groups):
        colour = _colour(number)
        for split, style in (("valid", "-"), ("train", "--")):
            name = f"{split}/{metric}"
            epochs, means, low, high = _course(group, name)
            if not epochs:
                continue
            label = group.name if split == "valid" and number < MOST else None
            marker = "o" if len(epochs) == 1 else None
            strong = split == "valid"
            axes.plot(
                epochs,
                means,
                style,
                color=colour,
                label=label,
                marker=marker,
                alpha=1.0 if strong else 0.5,
                linewidth=1.5 if strong else 1.0,
                zorder=2 if number < MOST else 1,
            )
            if low != high and split == "valid":
                axes.fill_between(epochs, low, high, color=colour, alpha=0.15, linewidth=0)
            lowest += [value for value in means if value > 0]
    if lowest and len(lowest) > 1 and max(lowest) > 30 * min(lowest):
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel(metric)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_title(f"{metric}: validation (lines), training (dashed)", loc="left")
    _legend(figure, axes, ", ".join(map(_last, keys)))
    return _save(figure, path)


def _course(group: Group, name: str) -> tuple[list[float], list[float], list[float], list[float]]:
    """Return epochs with mean, least and greatest value over the runs of a group."""
    found: dict[float, list[float]] = {}
    for record in group.records:
        for row in record.epochs:
            if name in row and math.isfinite(row[name]):
                found.setdefault(row["epoch"], []).append(row[name])
    epochs = sorted(found)
    columns = [found[epoch] for epoch in epochs]
    return (
        epochs,
        [sum(column) / len(column) for column in columns],
        [min(column) for column in columns],
        [max(column) for column in columns],
    )


def _values(
    groups: Sequence[Group], keys: Sequence[str], place: int, score: str, path: Path
) -> Path:
    """Draw a score against one varied key: each run a point, a line through means of seeds."""
    figure, axes = _figure(6.0, 4.0)
    given = [group.values[place] for group in groups]
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in given)
    order = sorted({shown(value) for value in given})
    series: dict[str, list[Group]] = {}
    for group in groups:
        others = [f"{_last(k)}={shown(v)}" for i, (k, v) in enumerate(zip(keys, group.values,
                  strict=True)) if i != place]  # fmt: skip
        series.setdefault(", ".join(others), []).append(group)
    for number, (label, members) in enumerate(series.items()):
        colour = _colour(number)
        at = [float(g.values[place]) if numeric else order.index(shown(g.values[place]))
              for g in members]  # fmt: skip
        pairs = sorted(zip(at, members, strict=True), key=lambda pair: pair[0])
        shift = 0.0 if numeric else (number - (len(series) - 1) / 2) * min(0.6 / len(series), 0.15)
        means = [mean_and_spread(group.figures(score)) for _, group in pairs]
        axes.errorbar(
            [x + shift for x, _ in pairs], [m for m, _ in means], [s for _, s in means],
            fmt="o-" if numeric and len(series) <= MOST else "_", markersize=5 if numeric else 16,
            color=colour, capsize=3, linewidth=1.2, alpha=0.9,
            label=label if label and number < MOST else None,
        )  # fmt: skip
        for x, group in pairs:
            values = group.figures(score)
            axes.scatter([x + shift] * len(values), values, s=14, color=colour, alpha=0.5)
    if numeric:
        numbers = [float(v) for v in given]
        if min(numbers) > 0 and max(numbers) / min(numbers) >= 10:
            axes.set_xscale("log")
    else:
        axes.set_xticks(range(len(order)), order)
        axes.set_xlim(-0.5, len(order) - 0.5)
        axes.tick_params(axis="x", rotation=30 if max(map(len, order)) > 8 else 0)
    axes.set_xlabel(keys[place])
    better = "less" if less_is_better(score) else "more"
    axes.set_ylabel(f"{score} ({better} is better)")
    several = any(len(group.records) > 1 for group in groups)
    axes.set_title("points: runs" + ("; bars: deviation over seeds" if several else ""), loc="left")
    _legend(figure, axes)
    return _save(figure, path)


def _grid(groups: Sequence[Group], keys: Sequence[str], score: str, path: Path) -> Path:
    """Draw the mean score for each pair of two varied keys."""
    import numpy as np

    down, across = (_in_order([group.values[i] for group in groups]) for i in (0, 1))
    cells = np.full((len(down), len(across)), np.nan)
    for group in groups:
        row, column = (shown(value) for value in group.values)
        cells[down.index(row), across.index(column)] = mean_and_spread(group.figures(score))[0]
    wide = 2.5 + 0.9 * len(across)
    figure, axes = _figure(max(wide, 4.0), max(1.6 + 0.5 * len(down), 2.6))
    axes.grid(False)
    colours = "viridis_r" if less_is_better(score) else "viridis"
    picture = axes.imshow(cells, cmap=colours, aspect="auto")
    middle = (np.nanmin(cells) + np.nanmax(cells)) / 2
    for (row, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            bright = (value > middle) != less_is_better(score)
            axes.text(column, row, f"{value:.4g}", ha="center", va="center",
                      color="black" if bright else "white")  # fmt: skip
    axes.set_xticks(range(len(across)), across)
    axes.set_yticks(range(len(down)), down)
    axes.set_xlabel(keys[1])
    axes.set_ylabel(keys[0])
    axes.set_title(score, loc="left")
    figure.colorbar(picture)
    return _save(figure, path)


def _in_order(values: Sequence[Any]) -> list[str]:
    """Return values as text, numbers by size."""
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    ranked = sorted(values, key=float) if numeric else sorted(values, key=shown)
    return list(dict.fromkeys(map(shown, ranked)))


def _figure(wide: float, high: float) -> tuple[Any, Any]:
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(wide, high))


def _colour(number: int) -> Any:
    from matplotlib import colormaps

    return colormaps["tab10"](number) if number < MOST else "#bbbbbb"


def _legend(figure: Any, axes: Any, title: str = "") -> None:
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1:
        place = "outside right upper"
        box = figure.legend(handles, labels, loc=place, fontsize=8, frameon=False, title=title)
        box.get_title().set_fontsize(8)


def _save(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot

    figure.savefig(path)
    pyplot.close(figure)
    return path


def _last(key: str) -> str:
    return key.rpartition(".")[2] if not key.endswith(".name") else key.partition(".")[0]


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in name)
