"""Runs as rows of text: for the terminal and for the page."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.training.compare.contrast import Group, mean_and_spread, shown
from toolkit.training.compare.records import Record
from toolkit.training.console import duration, figure

MOST = 4
"""Figures of the test split that are shown."""
OVER_SEEDS = "Over seeds: mean ± deviation; median (range)"
"""Title of tables of runs that differ by their seed."""


@dataclass(frozen=True)
class Columns:
    """A table as text.

    Attributes:
        heads: Names of the columns.
        rows: Their cells.
        figures: Which columns are figures.
    """

    heads: list[str]
    rows: list[list[str]]
    figures: list[int]


def of_runs(records: Sequence[Record], keys: Sequence[str]) -> Columns:
    """Return a row for each run: what differs, best epoch, figures, time and state."""
    seeds = len({record.config.get("seed") for record in records}) > 1
    valid = list(dict.fromkeys(f"valid/{record.monitor}" for record in records))
    test = [f"test/{name.removeprefix('valid/')}" for name in valid]
    every = (name for r in records for name in r.results if name.startswith("test/"))
    test = [name for name in dict.fromkeys([*test, *every]) if "(" not in name][:MOST]
    test = [name for name in test if any(name in record.results for record in records)]
    settings = [*keys, *(["seed"] if seeds else [])]
    heads = [*settings, "best epoch", *valid, *test, "training time", "state", "run"]
    rows = []
    for name, record in zip(_names(records), records, strict=True):
        cells = [shown(record.config[key]) if key in record.config else "" for key in settings]
        cells.append(str(record.best_epoch or ""))
        cells += [_figure(record.figure(column)) for column in valid]
        cells += [_figure(record.results.get(column)) for column in test]
        cells += ["" if record.seconds is None else duration(record.seconds), record.state]
        rows.append([*cells, name])
    return Columns(heads, rows, list(range(len(settings), len(heads) - 2)))


def of_groups(groups: Sequence[Group], keys: Sequence[str]) -> Columns:
    """Return a row for each group of runs that differ by their seed; see ``OVER_SEEDS``."""
    names = list(dict.fromkeys(f"valid/{r.monitor}" for group in groups for r in group.records))
    names += [f"test/{name.removeprefix('valid/')}" for name in names]
    names = [name for name in names if any(group.figures(name) for group in groups)]
    rows = []
    for group in groups:
        finished = sum(bool(record.results) for record in group.records)
        several = len(group.records)
        told = str(several) if finished == several else f"{finished} of {several}"
        cells = [*map(shown, group.values), told]
        rows.append([*cells, *(over_seeds(group.figures(name)) for name in names)])
    heads = [*keys, "runs", *names]
    return Columns(heads, rows, list(range(len(keys), len(heads))))


def over_seeds(values: Sequence[float]) -> str:
    """Return what is told of a figure of runs that differ by their seed, as ``OVER_SEEDS`` says.

    Args:
        values: The figure of each run; of one it stands alone, of none nothing does.
    """
    if len(values) < 2:
        return "".join(map(figure, values))
    mean, spread = mean_and_spread(values)
    middle, least, most = map(figure, (statistics.median(values), min(values), max(values)))
    return f"{figure(mean)} ± {figure(spread)}; {middle} ({least} to {most})"


def _figure(value: float | None) -> str:
    return "" if value is None else figure(float(value))


def _names(records: Sequence[Record]) -> list[str]:
    """Return folders from where they part."""
    paths = [record.folder.resolve() for record in records]
    if len(paths) == 1:
        return [paths[0].name]
    shared = Path(*_common([path.parts for path in paths]))
    return [str(path.relative_to(shared)) for path in paths]


def _common(parts: list[tuple[str, ...]]) -> list[str]:
    first = []
    for column in zip(*parts, strict=False):
        if len(set(column)) > 1:
            break
        first.append(column[0])
    return first
