"""How long a training takes, measured on a few of its own steps."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from toolkit.training.console import Reporter
from toolkit.training.fit import fit
from toolkit.training.loggers import watchers, watching
from toolkit.training.results import score
from toolkit.training.run_folder import RunFolder
from toolkit.training.setup import Setup

WARM_UP = 3
"""Steps of each of two short epochs, in which everything happens for the first time."""


@dataclass(frozen=True)
class Timing:
    """Seconds that parts of a training take.

    Attributes:
        first_step: To the end of the first step: graphs are made, data is read.
        step: A training step after that.
        first_end: What the end of the first epoch takes more than those of later ones.
        validation: A validation.
        epoch_end: What else there is at the end of an epoch: network and state are saved, and the
            logger's pictures drawn.
        finish: Loading the best network, and scoring it on every split that is scored at the end.
        steps: Training steps that were measured.
    """

    first_step: float
    step: float
    first_end: float
    validation: float
    epoch_end: float
    finish: float
    steps: int


@dataclass(frozen=True)
class Sizes:
    """Bytes on the disk of a checkpoint and of ``model.keras``."""

    checkpoint: int
    model: int


class Clock(keras.callbacks.Callback):
    """Notes when things happen in a training."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = time.perf_counter()
        self.batches: list[list[float]] = []
        self.tests: list[list[float]] = []
        self.ends: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note that the epoch before is over with all that belongs to it."""
        if self.batches:
            self.ends.append(time.perf_counter())
        self.batches.append([time.perf_counter()])

    def on_train_end(self, logs: Any = None) -> None:
        """Note that the last epoch is over."""
        self.ends.append(time.perf_counter())

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note the end of a step."""
        self.batches[-1].append(time.perf_counter())

    def on_test_begin(self, logs: Any = None) -> None:
        """Note that a validation begins."""
        self.tests.append([time.perf_counter()])

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note the end of a batch of validation."""
        self.tests[-1].append(time.perf_counter())

    def on_test_end(self, logs: Any = None) -> None:
        """Note that a validation is over."""
        self.tests[-1].append(time.perf_counter())

    def end(self, epoch: int) -> float:
        """Return what an epoch's end takes, its validation too."""
        return self.ends[epoch] - self.batches[epoch][-1]


def probe(setup: Setup, logger: dict[str, Any], seconds: float) -> tuple[Timing, Sizes]:
    """Train for a few steps as a run would, with all that it writes, and measure.

    What is written goes to a temporary folder. The weights that were trained are of no use.

    Args:
        setup: What would be trained.
        logger: ``name`` and options.
        seconds: How long steps are measured, about.
    """
    with tempfile.TemporaryDirectory(prefix="toolkit-plan-") as name:
        warm, _, _ = _train(setup, Path(name, "warm"), logger, WARM_UP, 2, 2)
        pace = _pace(warm.batches[1])
        steps = max(min(round(seconds / max(pace, 1e-6)), setup.steps), 2)
        total = min(setup.valid.steps, setup.settings.validation_steps or setup.valid.steps)
        tests = max(min(round(seconds / 4 / max(_pace(warm.tests[1][1:-1]), 1e-6)), total), 2)
        clock, after, sizes = _train(setup, Path(name, "run"), logger, steps, 1, tests)
        a_test = _pace(clock.tests[0][1:-1])
        finish = after + _scoring(setup, a_test)
        begun = time.perf_counter()
        setup.trainable.save(Path(name, "again.keras"))
        saving = time.perf_counter() - begun
    known = len(warm.tests[1]) - 2
    return Timing(
        first_step=warm.batches[0][1] - warm.begin,
        step=_pace(clock.batches[0][1:]) or pace,
        first_end=max(warm.end(0) - warm.end(1), 0.0),
        validation=max(_span(warm.tests[1]) + (total - known) * a_test, 0.0),
        epoch_end=warm.end(1) - _span(warm.tests[1]) + saving,
        finish=finish,
        steps=steps,
    ), sizes


def _train(
    setup: Setup, path: Path, logger: dict[str, Any], steps: int, epochs: int, tests: int
) -> tuple[Clock, float, Sizes]:
    """Train so many steps; return the clock, seconds after the last epoch, and sizes of files."""
    steps = min(steps, setup.steps)
    settings = replace(setup.settings, validation_steps=tests, validate_every=1)
    short = replace(setup, settings=settings, steps=steps, epochs=epochs, total=steps * epochs)
    path.mkdir()
    folder = RunFolder(path)
    folder.checkpoints.mkdir()
    clock, watch = Clock(), watchers(_local(logger), short, folder, "")
    with watching(watch):
        fit(short, folder, reporter=Reporter(quiet=True), callbacks=[*watch, clock])
        after = time.perf_counter() - clock.ends[-1]
    (checkpoint, *_) = folder.checkpoints.iterdir()
    return clock, after, Sizes(checkpoint.stat().st_size, folder.model.stat().st_size)


def _local(logger: dict[str, Any]) -> dict[str, Any]:
    """Return a logger that sends nothing anywhere and profiles nothing."""
    if logger["name"] != "tensorboard":
        return {"name": "none"}
    return {key: value for key, value in logger.items() if key != "profile"}


def _scoring(setup: Setup, a_test: float) -> float:
    """Return how long the splits take that are scored at the end."""
    dataset, limit, total = setup.dataset, setup.settings.test_steps, 0.0
    for name in ("test", *dataset.more):
        if name in dataset.splits:
            begun = time.perf_counter()
            score(setup.trainable, dataset, setup.task, setup.batching, name, 2)
            total += time.perf_counter() - begun
            whole = _steps(setup, name)
            total += max(min(whole, limit or whole) - 2, 0) * a_test
    return total


def _steps(setup: Setup, name: str) -> int:
    from toolkit.training.batches import evaluation_batches

    part, spec = setup.dataset.splits[name], setup.dataset.spec
    return evaluation_batches(part, spec, setup.task, setup.batching).steps


def _pace(moments: list[float]) -> float:
    """Return the mean time from one moment to the next; of a single one nothing is known."""
    return (moments[-1] - moments[0]) / (len(moments) - 1) if len(moments) > 1 else 0.0


def _span(moments: list[float]) -> float:
    return moments[-1] - moments[0]
