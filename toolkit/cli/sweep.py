"""A sweep as a whole: what is noted of its runs, the table at the end, and the exit code."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from toolkit.cli.sweep_job import Status, SweepJob, read_notes
from toolkit.cli.sweep_plan import SweepPlan
from toolkit.cli.sweep_stop import passing_signals_on
from toolkit.training.compare.columns import OVER_SEEDS, over_seeds
from toolkit.training.console import duration, figure
from toolkit.training.tables import print_table


def run_sweep(plan: SweepPlan, launch: Callable[[SweepJob, tuple[str, ...]], None]) -> None:
    """Run what is planned, tell what became of each run, and end the process if one failed.

    Args:
        plan: The checked sweep.
        launch: Lets Hydra call a job for each run, with further overrides of Hydra's own.

    Raises:
        SystemExit: With code 1 if a run failed.
    """
    hidden = Path(plan.folders.folder, ".jobs")
    hidden.mkdir(parents=True, exist_ok=True)
    notes = tempfile.mkdtemp(prefix="sweep-", dir=hidden)
    total = len(plan.runs) if plan.exact else None
    job = SweepJob(plan.folders, notes, total, plan.varied, plan.plugins)
    folder = plan.folders.folder.replace("\\", "\\\\").replace("'", "\\'")
    statuses: list[Status] = []
    try:
        with passing_signals_on(notes) if plan.parallel else contextlib.nullcontext():
            launch(job, (f"hydra.sweep.dir='{folder}'", *plan.adjustments))
    finally:
        with contextlib.suppress(OSError):
            statuses = read_notes(notes)
        shutil.rmtree(notes, ignore_errors=True)
        show(plan, statuses)
    if any(status.state == "failed" for status in statuses):
        raise SystemExit(1)


def _sum_up(plan: SweepPlan, statuses: list[Status], name: str) -> None:
    """Print a row for all runs that differ by their seed, where there are such."""
    keys = [key for key in plan.varied if key != "seed"]
    scores: dict[tuple[str, ...], list[float]] = {}
    for status in statuses:
        if status.score is not None and status.figure == name:
            given = dict(word.partition("=")[::2] for word in status.overrides)
            scores.setdefault(tuple(given.get(key, "") for key in keys), []).append(status.score)
    if "seed" in plan.varied and any(len(values) > 1 for values in scores.values()):
        rows = [[*key, str(len(values)), over_seeds(values)] for key, values in scores.items()]
        print_table([*keys, "runs", name], rows, title=OVER_SEEDS, right=[-2, -1])


def show(plan: SweepPlan, statuses: list[Status]) -> None:
    """Print the table of a sweep: each run, what varies, its score, and what became of it."""
    if not statuses:
        return
    known = {status.number: status for status in statuses}
    numbers = range(len(plan.runs)) if plan.exact else sorted(known)
    name = next((status.figure for status in statuses if status.figure), "score")
    rows = []
    for number in numbers:
        status = known.get(number)
        overrides = status.overrides if status else plan.runs[number].overrides
        given = dict(word.partition("=")[::2] for word in overrides)
        row = [str(number + 1), *(given.get(key, "") for key in plan.varied)]
        if status is None or status.state == "stopped" and not status.folder:
            rows.append([*row, "", "", "not run"])
            continue
        scored = "" if status.score is None else figure(status.score)
        if status.score is not None and status.figure != name:
            scored = f"{scored} ({status.figure})"
        seconds = duration(status.seconds) if status.state == "done" else ""
        rows.append([*row, scored, seconds, status.state])
    print()
    # Unlike the training time that compare has, with starting, loading data and the test.
    print_table(["run", *plan.varied, name, "time in all", "state"], rows, right=[0, -3, -2])
    _sum_up(plan, statuses, name)
    for status in statuses:
        if status.state == "failed":
            print(f"run {status.number + 1} failed: {status.reason}")
            if status.folder and Path(status.folder, "train.log").exists():
                print(f"  see {status.folder}/train.log")
    print(f"runs are in {plan.folders.folder}; python -m toolkit compare {plan.folders.folder}")
