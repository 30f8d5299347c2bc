"""A run from its description to its results, and resumed where it was stopped."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import yaml

from toolkit.data.batching import AUTO
from toolkit.data.damage import naming_damage
from toolkit.data.spec import Dataset
from toolkit.errors import Refused, Terminated
from toolkit.flat import flatten
from toolkit.training.checks import check_run
from toolkit.training.console import Reporter
from toolkit.training.environment import environment
from toolkit.training.fit import fit, place
from toolkit.training.largest_batch import settle_batch_size
from toolkit.training.loggers import finish, watchers, watching
from toolkit.training.optimizers import updates_of, written_down
from toolkit.training.parts import batching_of, check_carved, learner, load_dataset, suited
from toolkit.training.results import write_results
from toolkit.training.run_folder import RunFolder, checkpoints, replacing
from toolkit.training.run_state import clear, progress_of
from toolkit.training.saved_parts import check_parts, write_parts
from toolkit.training.saved_spec import check_same, write_spec
from toolkit.training.settings import TrainerSettings
from toolkit.training.setup import Setup, prepare, prepare_process
from toolkit.training.sheet import write_png
from toolkit.training.state import State, newest
from toolkit.training.strategy import strategy_of
from toolkit.training.transfer.preset import settle
from toolkit.training.workers import (
    check_alike,
    naming_loss,
    own_folder,
    resumed_folder,
    told_by_chief,
)


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
        logger: ``name`` (``tensorboard``, ``wandb``, ``mlflow`` or ``none``) and options.
        seed: Of everything random.
        run_dir: The run's folder, new.
        plugins: Modules that add blocks, tasks or data sets.
        quiet: Print nothing; the log has it.

    Returns:
        The run's folder, with ``results.json`` and the best network.
    """
    config: dict[str, Any] = {
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
    data = suited(data, task, model)
    # Before the first tensor, which fixes the threads: a tokenizer may be learned while loading.
    prepare_process(TrainerSettings(**(trainer or {})), seed)
    return train_on(load_dataset(data, seed), {**config, "data": data}, quiet=quiet)


def train_on(
    dataset: Dataset,
    config: dict[str, Any],
    *,
    quiet: bool = False,
    callbacks: Sequence[Any] = (),
    again: Sequence[str] | None = None,
) -> RunFolder:
    """Train on a loaded data set.

    Args:
        dataset: Splits and spec.
        config: The keys that :func:`train` takes.
        quiet: Print nothing; the log has it.
        callbacks: Further Keras callbacks.
        again: What is said of a run that begins again in its folder; None: it is a new one.
    """
    config = {**config, "model": settle(config["model"])}
    task, spec = learner(config["task"], config["model"], dataset.spec)
    dataset = replace(dataset, spec=spec)
    settings = TrainerSettings(**config["trainer"])
    prepare_process(settings, config["seed"])
    check_run(dataset, task, settings, batching_of(config["data"]))  # before there is a folder
    strategy = strategy_of(settings)
    with naming_loss(strategy, RunFolder(config["run_dir"])):
        run_dir = told_by_chief(strategy, str(config["run_dir"]))
        config = {**config, "run_dir": run_dir}
        check_alike(strategy, config)
    with (
        naming_loss(strategy, RunFolder(run_dir)),
        own_folder(run_dir, strategy, there=again is not None) as folder,
        folder.held(),
    ):
        reporter = Reporter(folder.log, quiet=quiet or not folder.kept)
        if again is not None:
            clear(folder)
            for note in again:
                reporter.say(note)
        setup: Setup | None = None
        try:
            write_config(folder, config)
            write_spec(folder, dataset.spec, dataset.encoder)
            write_parts(folder, dataset)
            folder.write_json(folder.environment, environment())
            for note in dataset.notes:
                reporter.say(note)
            with naming_damage(dataset.splits.values()):
                if (settled := settle_batch_size(config, dataset, reporter.say)) != config:
                    config = settled
                    write_config(folder, config)
                setup = _prepare(dataset, task, config)
                _train(setup, folder, config, reporter, None, callbacks)
        except Refused as refusal:
            if again is None and folder.forget_unbegun():
                raise
            raise Refused(*refusal.faults, *_how_to_go_on(folder)) from refusal
        except BaseException:  # a fault, or Ctrl-C
            if again is None and (setup is None or not updates_of(setup.update.optimizer)):
                folder.forget_unbegun()
            raise
    return RunFolder(run_dir)


def resume(
    folder: RunFolder,
    config: dict[str, Any],
    dataset: Dataset | None = None,
    *,
    quiet: bool = False,
    callbacks: Sequence[Any] = (),
) -> RunFolder:
    """Go on with a run from its newest whole checkpoint, as if it had never stopped.

    One that was stopped before its first begins again, in the same folder.

    Args:
        folder: The run's.
        config: Its configuration, which may differ from the one it began with.
        dataset: The loaded data set; None loads what the configuration names.
        quiet: Print nothing; the log has it.
        callbacks: Further Keras callbacks.

    Returns:
        The run's folder.

    Raises:
        Refused: If there is no checkpoint, the run is finished, its data has changed or would be
            shared out anew, or another process trains it.
    """
    settings = TrainerSettings(**config["trainer"])
    prepare_process(settings, config["seed"])
    if progress_of(folder) == "failed":
        told = ["was stopped before its first checkpoint: begins again"]
        told += _changed(folder.settings(), config)
        config = {**config, "run_dir": str(folder.path)}
        dataset = load_dataset(config["data"], config["seed"]) if dataset is None else dataset
        return train_on(dataset, config, quiet=quiet, callbacks=callbacks, again=told)
    strategy = strategy_of(settings)
    with naming_loss(strategy, folder):
        check_alike(strategy, config)
    with naming_loss(strategy, folder), resumed_folder(folder, strategy) as own, own.held():
        reporter = Reporter(own.log, quiet=quiet or not own.kept)
        before = folder.settings()
        path, state, damaged = newest(folder.checkpoints)
        for fault in damaged:
            reporter.say(f"{fault} The checkpoint before it is used.")
        changes = _changed(before, config)
        if folder.results.exists() and not changes:
            raise Refused(
                f"run: {folder.path} is finished, after step {state.note['step']:,}; "
                f"to train it longer: resume run={folder.shown} trainer.epochs=…"
            )
        if config["data"]["batch_size"] == AUTO:
            raise Refused(
                "data.batch_size=auto: a run goes on with the batch size that it began with, "
                f"{before['data']['batch_size']}; leave it out."
            )
        if dataset is None:
            check_carved(before, config)
            dataset = load_dataset(config["data"], config["seed"])
        task, spec = learner(config["task"], config["model"], dataset.spec)
        dataset = replace(dataset, spec=spec)
        check_run(dataset, task, settings, batching_of(config["data"]))
        check_same(folder, dataset.spec, dataset.encoder)
        for change in check_parts(folder, dataset):
            reporter.say(change)
        for change in changes:
            reporter.say(change)
        for change in differences(_versions(folder), environment()["packages"]):
            reporter.say(f"changed: version of {change} (bits may differ from here on)")
        for note in dataset.notes:
            reporter.say(note)
        try:
            with naming_damage(dataset.splits.values()):
                setup = _prepare(dataset, task, config, state)
                state.check(setup.objective)
                epoch, done = place(state, setup)
                if changes:
                    own.results.unlink(missing_ok=True)  # of the configuration before
                    write_config(own, {**config, "run_dir": before["run_dir"]})
                    own.write_json(own.environment, environment())
                reporter.say(f"goes on from {path.name}, after step {epoch * setup.steps + done:,}")
                _train(setup, own, config, reporter, state, callbacks)
        except Refused as refusal:
            raise Refused(*refusal.faults, *_how_to_go_on(folder)) from refusal
    return folder


def _prepare(
    dataset: Dataset, task: Any, config: dict[str, Any], state: State | None = None
) -> Setup:
    """Build what a configuration describes, to begin or to go on from a checkpoint."""
    return prepare(
        config["model"],
        dataset,
        task,
        optimizer=config["optimizer"],
        schedule=config["schedule"],
        batching=batching_of(config["data"]),
        settings=TrainerSettings(**config["trainer"]),
        seed=config["seed"],
        jit=state.note["jit"] if state else None,
        resumed=state is not None,
    )


def _train(
    setup: Setup,
    folder: RunFolder,
    config: dict[str, Any],
    reporter: Reporter,
    state: State | None,
    callbacks: Sequence[Any],
) -> None:
    """Train and score."""
    for note in setup.notes:
        reporter.say(note)
    logger = config["logger"]
    if not folder.kept and logger["name"] != "none":
        logger = {"name": "tensorboard"}  # what looks on computes as well, which all must do alike
    text = folder.config.read_text("utf-8") if folder.config.exists() else ""
    watch = watchers(logger, setup, folder, text)
    with watching(watch):
        outcome = fit(setup, folder, reporter=reporter, callbacks=[*watch, *callbacks], state=state)
        try:
            if getattr(setup.task, "makes_one", False):
                with replacing(folder.picture) as aside:
                    write_png(setup.task.maker(setup.task.draw(1, 0))[0], aside)
            results = write_results(setup, outcome, folder, reporter)
        except (KeyboardInterrupt, Terminated):
            reporter.say(
                "stopped while the network was scored; go on with: python -m toolkit resume "
                f"run={folder.shown}"
            )
            raise
        finish(watch, results)


def write_config(folder: RunFolder, config: dict[str, Any]) -> None:
    """Write ``config.yaml``."""
    if not isinstance(config["optimizer"], dict):  # a Keras optimizer, from Python
        config = {**config, "optimizer": written_down(config["optimizer"])}
    plain = json.loads(json.dumps(config, default=str))  # types that YAML has
    with replacing(folder.config) as aside:
        aside.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), "utf-8")


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what differs between two configurations, as ``key: before → after``."""
    old, new = flatten(before), flatten(after)
    return [
        f"{key}: {old.get(key)} → {new.get(key)}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def _changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what is said of a run's configuration that differs from the one it began with."""
    return [
        f"changed: {each}" for each in differences(before, {**now, "run_dir": before["run_dir"]})
    ]


def _versions(folder: RunFolder) -> dict[str, str]:
    return json.loads(folder.environment.read_text("utf-8"))["packages"]


def _how_to_go_on(folder: RunFolder) -> list[str]:
    if not checkpoints(folder.checkpoints):
        return []
    return [f"Go on with: python -m toolkit resume run={folder.shown}"]
