"""A run from its description to its results, and what can be done with it afterwards."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import platform
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from toolkit.data import DATA
from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset
from toolkit.errors import Refused, did_you_mean
from toolkit.tasks import TASKS
from toolkit.training.assemble import Trainable, evaluation_batches
from toolkit.training.console import Reporter, duration, figure
from toolkit.training.fit import fit
from toolkit.training.run_folder import RunFolder
from toolkit.training.saved_spec import write_spec
from toolkit.training.settings import TrainerSettings


def train(
    *,
    model: dict[str, Any],
    data: dict[str, Any],
    task: dict[str, Any],
    optimizer: dict[str, Any],
    schedule: dict[str, Any],
    trainer: dict[str, Any] | None = None,
    logger: dict[str, Any] | None = None,
    seed: int = 1,
    run_dir: str,
    plugins: Sequence[str] = (),
    quiet: bool = False,
) -> RunFolder:
    """Train what a configuration describes, score it on the test split, and write it all down.

    Args:
        model: ``name``, knobs, ``stem`` and ``body``.
        data: ``name``, options of its loader, and those of ``Batching``.
        task: ``name`` and its knobs.
        optimizer: ``name`` and options.
        schedule: ``name`` and options.
        trainer: Options of ``TrainerSettings``.
        logger: ``name``: ``tensorboard`` or ``none``.
        seed: Of everything random.
        run_dir: The run's folder, new.
        plugins: Modules that add blocks, tasks or data sets.
        quiet: Print nothing; the log has it.

    Returns:
        The run's folder, with ``results.json`` and the best network.
    """
    config = {
        "model": model,
        "data": data,
        "task": task,
        "optimizer": optimizer,
        "schedule": schedule,
        "trainer": trainer or {},
        "logger": logger or {"name": "tensorboard"},
        "seed": seed,
        "run_dir": str(run_dir),
        "plugins": list(plugins),
    }
    for plugin in plugins:
        importlib.import_module(plugin)
    data = with_target_kind(data, task)
    return train_on(load_dataset(data, seed), {**config, "data": data}, quiet=quiet)


def train_on(dataset: Dataset, config: dict[str, Any], *, quiet: bool = False) -> RunFolder:
    """Train on a loaded data set; ``config`` has the keys that :func:`train` takes."""
    task = make(TASKS, config["task"])
    settings = TrainerSettings(**config["trainer"])
    task.check(dataset)  # before there is a folder
    check_monitor(settings.monitor, task, dataset)
    batching = batching_of(config["data"])
    if task.sampler == "streams":
        check_streams(dataset, batching)
    folder = RunFolder.create(config["run_dir"])
    reporter = Reporter(folder.log, quiet=quiet)
    optimizer = config["optimizer"]
    if not isinstance(optimizer, dict):  # a Keras optimizer, from Python
        config = {**config, "optimizer": {"name": optimizer.name, **optimizer.get_config()}}
    config_text = yaml.safe_dump(_plain(config), sort_keys=False, allow_unicode=True)
    folder.config.write_text(config_text, "utf-8")
    write_spec(folder, dataset.spec, dataset.encoder)
    folder.write_json(folder.environment, environment())
    for note in dataset.notes:
        reporter.say(note)
    try:
        outcome = fit(
            config["model"],
            dataset,
            task,
            folder,
            optimizer=optimizer,
            schedule=config["schedule"],
            batching=batching,
            settings=settings,
            seed=config["seed"],
            reporter=reporter,
            tensorboard=config["logger"]["name"] == "tensorboard",
            config_text=config_text,
        )
    except Refused:
        folder.forget_unbegun()
        raise
    results: dict[str, Any] = {"best_epoch": outcome.epoch, f"valid/{task.monitor}": outcome.score}
    baselines = {}
    for name in ("test", *dataset.more):
        if name in dataset.splits:
            found = score(outcome.trainable, dataset, task, batching, name, settings.test_steps)
            results |= {f"{name}/{key}": value for key, value in found.items()}
    if dataset.test is not None:
        baselines = {f"test/{k}": v for k, v in task.baselines(dataset, dataset.test).items()}
    results |= {"steps": outcome.steps, "seconds": round(outcome.seconds, 1)}
    folder.write_json(folder.results, {**results, **baselines})
    _summary(reporter, folder, results, baselines, task)
    return folder


def check_monitor(monitor: str | None, task: Any, dataset: Dataset) -> None:
    """Refuse a score that validation will not have, before an epoch is spent on it.

    Raises:
        Refused: If neither the loss nor a metric of the task is called so.
    """
    known = sorted({"loss", task.monitor, *task.metrics(dataset.spec.target)})
    if monitor is not None and monitor not in known:
        raise Refused(
            f"trainer.monitor: no '{monitor}' in validation.{did_you_mean(monitor, known)}"
        )


def check_streams(dataset: Dataset, batching: Batching) -> None:
    """Refuse texts with fewer tokens than are read side by side.

    Raises:
        Refused: With each part that is too short.
    """
    evaluated = "eval_batch_size", batching.eval_batch_size or 1
    sizes = {"train": ("batch_size", batching.batch_size), "valid": evaluated, "test": evaluated}
    faults = [
        f"data.{key}={size}: {name} has {len(dataset.splits[name])} tokens, too few for so many "
        "streams side by side."
        for name, (key, size) in sizes.items()
        if name in dataset.splits and len(dataset.splits[name]) < size
    ]
    if faults:
        raise Refused(*faults)


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
    logs = trainable.objective.evaluate(batches.once(steps), return_dict=True, verbose=0)
    return {name: float(value) for name, value in logs.items()}


def with_target_kind(data: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    """Return a data set's options with ``target_kind``, where left open, as the task learns it."""
    learned: Any = TASKS[task["name"]]
    kinds = [k for k in ("label", "value") if k in learned.targets]
    if "target_kind" not in data or data["target_kind"] is not None or not kinds:
        return data
    return {**data, "target_kind": kinds[0]}


def load_dataset(data: dict[str, Any], seed: int) -> Dataset:
    """Load the data set that a configuration names."""
    options = {k: v for k, v in data.items() if k not in _BATCHING}
    loader = DATA[options.pop("name")]
    if "seed" in inspect.signature(loader).parameters:  # where something is drawn
        options["seed"] = seed
    return loader(**options)


def make(table: Any, config: dict[str, Any]) -> Any:
    """Call the entry that ``config`` names with the rest of it as its options."""
    options = dict(config)
    return table[options.pop("name")](**options)


_BATCHING = {field.name for field in dataclasses.fields(Batching)}


def batching_of(data: dict[str, Any]) -> Batching:
    """Return the keys of a data set's configuration that say how it is batched."""
    return Batching(**{k: v for k, v in data.items() if k in _BATCHING})


def environment() -> dict[str, Any]:
    """Return what else a result depends on: versions and the machine."""
    packages = ("tensorflow", "keras", "keras-hub", "numpy", "hydra-core")
    return {
        "time": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in packages},
    }


def _plain(value: Any) -> Any:
    """Return a configuration in types that YAML has."""
    return json.loads(json.dumps(value, default=str))


def _summary(
    reporter: Reporter,
    folder: RunFolder,
    results: dict[str, Any],
    baselines: dict[str, float],
    task: Any,
) -> None:
    path = _short(folder.path)
    rows = {name: value for name, value in results.items() if "/" in name}
    rows |= {f"{name}, for comparison": value for name, value in baselines.items()}
    rows["best epoch"] = str(results["best_epoch"] or "none was validated")
    rows["time"] = f"{duration(results['seconds'])} for {figure(results['steps'])} steps"
    rows["run"] = path
    generate = f"python -m toolkit generate run={path} prompt=…"
    predict = f"python -m toolkit predict run={path} input=…"
    rows["next"] = generate if task.sampler == "streams" else predict
    rows[""] = f"tensorboard --logdir {path}"
    reporter.table("result", rows)


def _short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
