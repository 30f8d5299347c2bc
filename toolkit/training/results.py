"""Final figures: computed, written to ``results.json``, and told."""

from __future__ import annotations

import math
from typing import Any

from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset
from toolkit.training.assemble import Trainable
from toolkit.training.batches import evaluation_batches
from toolkit.training.callbacks.whole_examples import watching
from toolkit.training.console import Reporter, duration, figure
from toolkit.training.fit import Outcome
from toolkit.training.run_folder import RunFolder
from toolkit.training.setup import Setup


def write_results(
    setup: Setup, outcome: Outcome, folder: RunFolder, reporter: Reporter
) -> dict[str, Any]:
    """Score the network that the run keeps on every split but the training one.

    The validation split is scored again where it is what is reported: where there is no test split,
    or the last epoch's weights are kept.

    Returns:
        The results, as they are written.
    """
    dataset, task = setup.dataset, setup.task
    results: dict[str, Any] = {"best_epoch": outcome.epoch}
    if math.isfinite(outcome.score):  # it is not where no epoch was validated
        results[f"valid/{setup.monitor}"] = outcome.score
    if dataset.test is None or setup.settings.restore == "last":
        steps = setup.settings.validation_steps
        found = score(outcome.trainable, dataset, task, setup.batching, "valid", steps)
        results |= {f"valid/{key}": value for key, value in found.items()}
    for name in ("test", *dataset.more):
        if name in dataset.splits:
            steps = setup.settings.test_steps
            found = score(outcome.trainable, dataset, task, setup.batching, name, steps)
            results |= {f"{name}/{key}": value for key, value in found.items()}
    reported = "valid" if dataset.test is None else "test"
    naive = task.baselines(dataset, dataset.splits[reported])
    baselines = {f"{reported}/{key}": value for key, value in naive.items()}
    results |= {"steps": outcome.steps, "seconds": round(outcome.seconds, 1)}
    folder.write_json(folder.results, {**results, **baselines})
    told = getattr(task, "remarks", None)
    remarks = told(dataset) if told is not None else {}
    _summary(reporter, folder, results, baselines, remarks, task, setup.settings.restore or "best")
    return results


def score(
    trainable: Trainable,
    dataset: Dataset,
    task: Any,
    batching: Batching,
    split: str,
    steps: int | None = None,
) -> dict[str, float]:
    """Return loss and metrics of a network on a split."""
    part = dataset.splits[split]
    batches = evaluation_batches(part, dataset.spec, task, batching)
    objective = trainable.objective
    watch = [watching(objective, task, dataset, part)]
    logs = objective.evaluate(
        batches.once(steps, objective.strategy), return_dict=True, verbose=0, callbacks=watch
    )
    return {name: float(value) for name, value in logs.items()}


def _summary(
    reporter: Reporter,
    folder: RunFolder,
    results: dict[str, Any],
    baselines: dict[str, float],
    remarks: dict[str, str],
    task: Any,
    kept: str,
) -> None:
    path = folder.shown
    rows = {name: value for name, value in results.items() if "/" in name}
    rows |= {f"{name}, for comparison": value for name, value in baselines.items()}
    rows |= remarks
    rows[f"{kept} epoch"] = str(results["best_epoch"] or "none was validated")
    rows["time"] = f"{duration(results['seconds'])} for {figure(results['steps'])} steps"
    rows["run"] = path
    generate = f"python -m toolkit generate run={path} prompt=…"
    predict = f"python -m toolkit predict run={path} input=…"
    rows["next"] = generate if getattr(task, "writes", False) else predict
    if not getattr(task, "reads_input", True) and getattr(task, "makes_images", False):
        many = "" if getattr(task, "makes_one", False) else " n=64"
        rows["next"] = f"python -m toolkit generate run={path}{many} output=…"
    if folder.tensorboard.exists():
        rows[""] = f"tensorboard --logdir {path}"
    reporter.table("result", rows)
