"""Results of recipes that are kept beside them, and the table of all of them."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from toolkit.config import files
from toolkit.errors import Refused
from toolkit.training.expect import Expectation
from toolkit.training.run_folder import replacing

BEGIN, END = "<!-- recipes: python -m toolkit reproduce table=README.md -->", "<!-- recipes end -->"
"""What the table stands between."""

HEAD = "| command | test result | published | time of a run |\n| --- | --- | --- | --- |"

PERCENT = ("accuracy", "auc", "f1")
"""Figures that are told in percent."""


@dataclass(frozen=True)
class SeedResult:
    """What one run came to.

    Attributes:
        seed: Its seed.
        figures: ``split/metric``, baselines left out.
        seconds: How long it took.
    """

    seed: int
    figures: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class RecipeResults:
    """What is committed of a recipe's runs.

    Attributes:
        command: How they were made.
        machine: On what.
        versions: Of the packages that matter.
        date: When.
        runs: One for each seed.
    """

    command: str
    machine: str
    versions: dict[str, str]
    date: str
    runs: list[SeedResult]

    def write(self, recipe: str) -> Path:
        """Write the results beside their recipe."""
        path = results_path(recipe)
        with replacing(path) as aside:
            aside.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", "utf-8")
        return path

    @classmethod
    def read(cls, recipe: str) -> RecipeResults | None:
        """Return a recipe's committed results; None where there are none.

        Raises:
            Refused: If the file is damaged.
        """
        path = results_path(recipe)
        if not path.exists():
            return None
        try:
            read = json.loads(path.read_text("utf-8"))
            runs = [SeedResult(**run) for run in read.pop("runs")]
            return cls(**read, runs=runs)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused(f"{path} cannot be read ({error}).") from None


def results_path(recipe: str) -> Path:
    """Return where a recipe's results are."""
    return files.path("recipe", recipe).with_suffix(".results.json")


def expectation(recipe: str) -> Expectation:
    """Return what a recipe promises.

    Raises:
        Refused: If its ``expect:`` block is wrong, with the file.
    """
    path = files.path("recipe", recipe)
    values = files.values(path)
    try:
        return Expectation.of(values.get("expect"), values.get("seed", 0))
    except Refused as refusal:
        raise Refused(*(f"recipes/{recipe}.yaml: {fault}" for fault in refusal.faults)) from None


def of_this_machine(command: str, runs: list[SeedResult], note: str = "") -> RecipeResults:
    """Return results with what they were made on.

    Args:
        command: How they were made.
        runs: One for each seed.
        note: What else is to be known of the machine.
    """
    machine = ", ".join(part for part in (_machine(), note) if part)
    versions = {name: metadata.version(name) for name in ("tensorflow", "keras")}
    return RecipeResults(command, machine, versions, time.strftime("%Y-%m-%d"), runs)


def _machine() -> str:
    cores = f"{os.cpu_count()} cores of "
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
        found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    except OSError:
        found = None
    return cores + (found[1] if found else platform.processor() or platform.machine())


def table() -> str:
    """Return the table of all recipes in Markdown: what is committed, and what is published."""
    rows = [_row(recipe) for recipe in files.names("recipe")]
    notes = dict.fromkeys(
        f"{results.machine}; TensorFlow {results.versions.get('tensorflow', '?')}, Keras "
        f"{results.versions.get('keras', '?')}; {results.date}"
        for recipe in files.names("recipe")
        if (results := RecipeResults.read(recipe)) is not None
    )
    where = "\n".join(f"Measured on {note}." for note in notes)
    return "\n".join([HEAD, *rows, "", where]).rstrip()


def _row(recipe: str) -> str:
    results, promised = RecipeResults.read(recipe), expectation(recipe)
    command = f"reproduce recipe={recipe}" if len(promised.seeds) > 1 else f"recipe={recipe}"
    if results is None:
        return f"| `{command}` | not run in full yet | {promised.published} | |"
    figures = results.runs[0].figures
    shown = [name for name in figures if name in promised.bounds or not name.endswith("/loss")]
    got = "; ".join(_figure(name, results) for name in shown)
    if (made := len(results.runs)) < len(promised.seeds):
        got += f" ({made} of {len(promised.seeds)} seeds)"
    seconds = statistics.median(run.seconds for run in results.runs)
    return f"| `{command}` | {got} | {promised.published} | {_time(seconds)} |"


def _figure(name: str, results: RecipeResults) -> str:
    """Return ``test accuracy 99.37 % (99.45, 99.35, 99.37)``: the median, and each seed's."""
    values = [run.figures[name] for run in results.runs if name in run.figures]
    split, _, metric = name.partition("/")
    middle = told(metric, statistics.median(values))
    each = ""
    if len(values) > 1:
        each = f" (median of {', '.join(told(metric, v).removesuffix(' %') for v in values)})"
    return f"{split} {metric} {middle}{each}"


def told(metric: str, value: float) -> str:
    """Return a figure as the literature writes it, with no more digits than were kept."""
    if metric in PERCENT:
        percent = round(100 * value, 2)
        return f"{percent:.1f} %" if percent == round(percent, 1) else f"{percent:.2f} %"
    return f"{value:.2f}" if value >= 10 else f"{value:.3f}" if value >= 0.1 else f"{value:.4f}"


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 600 else f"{seconds / 60:.0f} min"


def write_table(path: Path) -> None:
    """Put the table into a file, between its two markers.

    Raises:
        Refused: If the file has no such place.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise Refused(f"table: cannot read {path} ({error.strerror}).") from None
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Refused(f"table: {path} needs a line '{BEGIN}' and after it a line '{END}'.")
    with replacing(path) as aside:
        aside.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}", "utf-8")


def figures_of(results: dict[str, Any]) -> dict[str, float]:
    """Return a run's own figures of its ``results.json``: no baselines, no counts."""
    return {
        name: round(float(value), 6)
        for name, value in results.items()
        if "/" in name and "(" not in name
    }
