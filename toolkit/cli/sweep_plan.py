"""What a sweep is going to do, known before the first of its runs starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolkit.cli.sweep_folders import SweepFolders


@dataclass(frozen=True)
class Planned:
    """A run of a sweep.

    Attributes:
        overrides: What makes it, as Hydra gives it to the run.
        folder: Where it goes; None where only Hydra can tell (``hydra.sweep.subdir``).
        settings: Its checked configuration.
    """

    overrides: tuple[str, ...]
    folder: str | None
    settings: dict[str, Any]


@dataclass(frozen=True)
class SweepPlan:
    """A checked sweep.

    Attributes:
        folders: Where its runs go.
        runs: What it consists of; examples of it where a sweeper chooses as it goes.
        varied: Keys that have several values.
        exact: Whether ``runs`` are all and the only ones.
        parallel: Whether runs are in worker processes of this machine.
        adjustments: Overrides that make Hydra's sweeper fit the task.
    """

    folders: SweepFolders
    runs: tuple[Planned, ...]
    varied: tuple[str, ...]
    exact: bool
    parallel: bool
    adjustments: tuple[str, ...]

    @property
    def plugins(self) -> tuple[str, ...]:
        """Modules that worker processes have to import before they compose anything."""
        return tuple(dict.fromkeys(p for run in self.runs for p in run.settings["plugins"]))
