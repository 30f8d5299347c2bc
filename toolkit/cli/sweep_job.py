"""One run of a sweep, in this process or a launcher's worker: what it came to, never an error."""

from __future__ import annotations

import json
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from toolkit.cli.job_settings import job_settings
from toolkit.cli.sweep_folders import SweepFolders
from toolkit.cli.sweep_stop import enter_worker
from toolkit.config.plugins import import_plugins
from toolkit.errors import Refused
from toolkit.quiet import start_tensorflow
from toolkit.training.console import figure
from toolkit.training.run_folder import RunFolder
from toolkit.training.run_state import begin_again, monitored, progress_of, results_of

PARALLEL = "joblib"
"""The launcher whose workers are on this machine and get signals from the sweep."""

State = Literal["done", "skipped", "failed", "busy", "stopped"]


@dataclass(frozen=True)
class Status:
    """What a run of a sweep came to.

    Attributes:
        number: Hydra's number of the run.
        folder: Its folder.
        overrides: What made it.
        state: ``done``: trained now; ``skipped``: was finished before; ``failed``; ``busy``: a
            process of another sweep is at it; ``stopped``: by a signal, in a worker.
        figure: Name of the score it is judged by; empty where it has none.
        score: Its value.
        seconds: How long it took now.
        reason: Why it failed.
    """

    number: int
    folder: str
    overrides: tuple[str, ...]
    state: State
    figure: str = ""
    score: float | None = None
    seconds: float = 0.0
    reason: str = ""

    def __float__(self) -> float:
        """Return the score, which is what a sweeper that searches asks a run for."""
        if self.score is None:
            raise ValueError(f"run {self.number} has no score")
        return self.score

    def __str__(self) -> str:
        score = "" if self.score is None else f"{self.figure} {figure(self.score)}"
        return {
            "done": f"done: {score}",
            "skipped": f"done already: {score}",
            "busy": "left alone: another process is at it",
            "failed": f"failed: {self.reason}",
            "stopped": "stopped",
        }[self.state]


@dataclass(frozen=True)
class SweepJob:
    """What Hydra calls for each run of a sweep; it goes to worker processes as it is.

    Attributes:
        folders: Where runs go.
        notes: Folder in which each run's status is noted for the process that began the sweep.
        total: How many runs there are; None where the sweeper decides.
        varied: Keys that have several values.
        plugins: Modules that workers import before anything is composed.
    """

    folders: SweepFolders
    notes: str
    total: int | None
    varied: tuple[str, ...]
    plugins: tuple[str, ...] = ()

    def __reduce__(self) -> Any:
        return _in_worker, (self.folders, self.notes, self.total, self.varied, self.plugins)

    def __call__(self, config: DictConfig) -> Status:
        """Train, go on with or pass over one run."""
        run = HydraConfig.get()
        number, overrides = int(run.job.num), tuple(run.overrides.task)
        of = f" of {self.total}" if self.total else ""
        told = [word for word in overrides if word.partition("=")[0] in self.varied] or overrides
        label = f"run {number + 1}{of}: {' '.join(told)}"
        launcher = run.runtime.choices["hydra/launcher"]
        quiet = launcher != "basic"
        begun, folder = time.monotonic(), ""
        stops = KeyboardInterrupt if launcher == PARALLEL else ()
        if launcher == PARALLEL and not enter_worker(self.notes):
            return Status(number, folder, overrides, "stopped")
        try:
            settings = self._settings()
            folder = settings["run_dir"]
            state = _run(settings, label, quiet)
            results = results_of(RunFolder(folder)) or {}
            name, score = monitored(results) or ("", None)
            seconds = time.monotonic() - begun
            status = Status(number, folder, overrides, state, name, score, seconds)
        except stops:
            status = Status(number, folder, overrides, "stopped")
        except Exception as error:
            reason = _reason(error, folder)
            seconds = time.monotonic() - begun
            status = Status(number, folder, overrides, "failed", "", None, seconds, reason)
        if quiet or status.state != "done":
            print(f"{label}: {status}", flush=True)
        Path(self.notes, f"{number}.json").write_text(json.dumps(asdict(status)), "utf-8")
        return status

    def _settings(self) -> dict[str, Any]:
        settings, _ = job_settings()
        if settings["run_dir"] is None:
            run = HydraConfig.get()
            if run.sweep.subdir == ".":
                settings["run_dir"] = self.folders.run(run.overrides.task)
            else:
                settings["run_dir"] = str(Path(run.sweep.dir, run.sweep.subdir))
        return settings


def _in_worker(*fields: Any) -> SweepJob:
    """Return a job on its way into another process, plug-ins first."""
    job = SweepJob(*fields)
    import_plugins(job.plugins)
    return job


def _run(settings: dict[str, Any], label: str, quiet: bool) -> State:
    """Bring a run to its end, from where it is."""
    folder = RunFolder(settings["run_dir"])
    if progress_of(folder) == "finished":
        return "skipped"
    locks = folder.path.parent / ".jobs"
    locks.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(locks / f"{folder.path.name}.lock", timeout=0):
            progress = progress_of(folder)
            if progress == "finished":
                return "skipped"
            print(f"{label}: goes on" if progress == "begun" else label, flush=True)
            start_tensorflow()
            if progress == "begun":
                from toolkit.training.run import resume

                resume(folder, _as_begun(folder, settings), quiet=quiet)
            else:
                if progress == "failed":
                    with folder.held():
                        begin_again(folder)
                from toolkit.training.run import train

                train(**settings, quiet=quiet)
            return "done"
    except Timeout:
        return "busy"
    finally:
        if "keras" in sys.modules:  # the next run names its layers as if it were the first
            sys.modules["keras"].utils.clear_session()


def _as_begun(folder: RunFolder, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration that a run began with, its data where they lie now."""
    config = folder.settings()
    if "root" in settings["data"]:
        config["data"]["root"] = settings["data"]["root"]
    return config


def _reason(error: Exception, folder: str) -> str:
    """Return why a run failed, in one line; a fault of ours is also written down in full."""
    if isinstance(error, Refused):
        return error.faults[0].partition("\n")[0]
    log = Path(folder, "train.log")
    if folder and log.is_file():
        with open(log, "a", encoding="utf-8") as file:
            traceback.print_exc(file=file)
    traceback.print_exc()
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]} (a fault of the toolkit)"


def read_notes(folder: str | Path) -> list[Status]:
    """Return what the runs of a sweep noted, in their order."""
    notes = [json.loads(path.read_text("utf-8")) for path in Path(folder).glob("*.json")]
    found = [Status(**{**note, "overrides": tuple(note["overrides"])}) for note in notes]
    return sorted(found, key=lambda status: status.number)
