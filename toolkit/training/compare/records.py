"""What is known of runs from their folders: configuration, figures and the course of training."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from toolkit.errors import Refused, did_you_mean
from toolkit.flat import flatten
from toolkit.tasks import TASKS
from toolkit.training.run_folder import RunFolder
from toolkit.training.run_state import less_is_better, monitored, results_of


@dataclass(frozen=True)
class Record:
    """One run.

    Attributes:
        folder: Its folder.
        config: Its configuration, flat.
        results: Its final figures; empty where it is not finished.
        epochs: Lines of ``metrics.csv``: epochs with their figures.
        state: ``finished``, ``running``, or how far it came.
        faults: What of it could not be read.
    """

    folder: Path
    config: dict[str, Any]
    results: dict[str, Any]
    epochs: list[dict[str, float]]
    state: str
    faults: list[str] = field(default_factory=list)

    @property
    def monitor(self) -> str:
        """Name of the score in validation by which the run is judged, without prefix."""
        for name in self.results:
            if name.startswith("valid/"):
                return name.removeprefix("valid/")
        known = {key for row in self.epochs for key in row}
        chosen = self.config.get("task.name")
        usual = getattr(TASKS[str(chosen)], "monitor", None) if chosen in TASKS else None
        for choice in (self.config.get("trainer.monitor"), usual):
            if choice is not None and (not known or f"valid/{choice}" in known):
                return str(choice)
        return "loss"

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the best score in validation."""
        if self.results:
            return self.results.get("best_epoch") or None
        name = f"valid/{self.monitor}"
        rows = [row for row in self.epochs if name in row]
        if not rows:
            return None
        pick = min if less_is_better(name) else max
        return int(pick(rows, key=lambda row: row[name])["epoch"])

    def figure(self, name: str) -> float | None:
        """Return a final figure, or for a run that is not finished that of its best epoch."""
        if self.results:
            value = self.results.get(name)
            if value is None and name.startswith(("valid/", "train/")):
                value = self._at_best(name)
        else:
            value = self._at_best(name)
        return float(value) if isinstance(value, (int, float)) else None

    def _at_best(self, name: str) -> float | None:
        best = self.best_epoch
        return next((row.get(name) for row in self.epochs if row.get("epoch") == best), None)

    @property
    def score(self) -> tuple[str, float] | None:
        """Name and value of the figure that the run is judged by."""
        if self.results:
            return monitored(self.results)
        value = self.figure(f"valid/{self.monitor}")
        return None if value is None else (f"valid/{self.monitor}", value)

    @property
    def seconds(self) -> float | None:
        """How long it was trained."""
        if "seconds" in self.results:
            return float(self.results["seconds"])
        return self.epochs[-1].get("seconds") if self.epochs else None


def find(folders: Sequence[str]) -> list[Record]:
    """Return the runs in folders, each once, in the order of their names.

    Args:
        folders: Folders of runs, or folders that runs lie in.

    Raises:
        Refused: If a folder is not there, or none holds a run.
    """
    found: dict[Path, Record] = {}
    for name in folders:
        root = Path(name)
        if not root.is_dir():
            raise Refused(f"runs: no folder {name}.{did_you_mean(name, _known())}")
        before = len(found)
        for folder in _folders(root):
            record = read(folder)
            if record is not None:
                found.setdefault(folder.resolve(), record)
        if len(found) == before and not any(f.is_relative_to(root.resolve()) for f in found):
            raise Refused(f"runs: no run in {name}.{did_you_mean(name, _known())}")
    return list(found.values())


def _folders(root: Path) -> Iterator[Path]:
    """Yield folders with a ``config.yaml``, hidden ones and what lies in runs left out."""
    for path, inner, files in os.walk(root):
        if "config.yaml" in files:
            yield Path(path)
            inner.clear()
        else:
            inner[:] = sorted(name for name in inner if not name.startswith("."))


def _known() -> list[str]:
    """Return folders that runs are usually in."""
    return sorted({str(p.parents[n]) for p in Path("runs").glob("**/config.yaml") for n in (0, 1)})


def read(path: Path) -> Record | None:
    """Return what is known of a run; None where the folder is none."""
    folder, faults = RunFolder(path), []
    try:
        config = folder.settings()
        if "model" not in config or "task" not in config:
            return None  # some other program's config.yaml
    except Refused as refusal:
        config, faults = {}, [fault.removeprefix("run: ") for fault in refusal.faults]
    results = results_of(folder)
    if results is None and folder.results.exists():
        faults.append(f"{folder.results} cannot be read.")
    epochs, more = _epochs(folder.metrics)
    record = Record(path, flatten(config), results or {}, epochs, "", faults + more)
    return Record(
        path, record.config, record.results, epochs, _state(folder, record), faults + more
    )


def _epochs(path: Path) -> tuple[list[dict[str, float]], list[str]]:
    """Return the lines of ``metrics.csv`` that can be read, and what is wrong with the others."""
    rows: list[dict[str, float]] = []
    faults = []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            for raw in reader:
                try:
                    if None in raw or None in raw.values():
                        raise ValueError("columns")
                    row = {key: float(text) for key, text in raw.items() if text != ""}
                    row["epoch"] = float(int(row["epoch"]))
                    rows.append(row)
                except (ValueError, KeyError):
                    faults.append(f"{path}:{reader.line_num}: not a line of figures; left out.")
    except FileNotFoundError:
        return [], []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        faults.append(f"{path} cannot be read ({error}).")
    return rows, faults


def _state(folder: RunFolder, record: Record) -> str:
    if record.results:
        return "finished"
    if not record.config:
        return "damaged"
    last = int(record.epochs[-1]["epoch"]) if record.epochs else 0
    of = record.config.get("trainer.epochs", "?")
    return f"{'running' if _held(folder) else 'unfinished'}, epoch {last} of {of}"


def _held(folder: RunFolder) -> bool:
    """Return whether a process trains the run now."""
    path = folder.path / ".lock"
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False
