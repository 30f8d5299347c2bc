"""``data.batch_size=auto``: the largest batch that a machine has memory for."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from toolkit.data.batching import AUTO
from toolkit.data.spec import Dataset, Split
from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.training.batches import training_batches
from toolkit.training.memory import available, peak_of, resident
from toolkit.training.parts import batching_of, learner
from toolkit.training.settings import TrainerSettings
from toolkit.training.setup import prepare
from toolkit.training.strategy import strategy_of

FIRST, LIMIT = 32, 8192
"""The batch that is tried first, and the largest that is tried."""

STEPS = 2
"""Steps of a trial: what the first one makes for good is there in the second."""

MARGIN = 0.8
"""Share of the memory that a training on a CPU may take: checkpoints and validation take some."""

GROWTH = 256 * 2**20
"""Bytes by which memory has to grow from a trial to one of twice the size to be foreseen."""

SECONDS = 60.0
"""Seconds after which larger batches are foreseen on a CPU whatever the growth was."""


def settle_batch_size(
    config: dict[str, Any], dataset: Dataset, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return a configuration with ``data.batch_size=auto`` replaced by the number it comes to.

    Steps of the run's own are made with batches of its longest examples, 32, 64, 128 and so on. On
    a GPU the largest is taken that does not run out of memory. On a CPU, which would swap, the
    memory of the process is measured until it is seen how it grows, and the largest batch taken
    that would leave a fifth of what is free. Nothing of the trials remains: a run goes on as if the
    number had been given.

    Args:
        config: As ``toolkit.training.run.train`` takes it.
        dataset: Loaded.
        say: Takes the line that says what was found.

    Raises:
        Refused: If not even the smallest batch fits.
    """
    if config["data"].get("batch_size") != AUTO:
        return config
    trial = Trial(config, dataset)
    try:
        best, told = trial.largest()
    finally:
        del trial
        keras.utils.clear_session()  # the run names its layers as if there had been no trial
        gc.collect()
    say(f"batch_size=auto: {told}")
    return {**config, "data": {**config["data"], "batch_size": best}}


class Trial:
    """Trains a few steps with batches of one size or another, and tells whether they fit.

    Args:
        config: The run's.
        dataset: What it trains on.
    """

    def __init__(self, config: dict[str, Any], dataset: Dataset):
        self.config, self.dataset = config, dataset
        self.settings = TrainerSettings(**config["trainer"])
        self.batching = replace(batching_of(config["data"]), batch_size=1)
        task, _ = learner(config["task"], config["model"], dataset.spec)
        self.examples = training_batches(dataset, task, self.batching, config["seed"]).steps
        self.memory = None
        if not tf.config.list_physical_devices("GPU"):
            self.memory = MARGIN * (available() + resident())
        self.begun = time.monotonic()
        self.peaks: dict[int, int] = {}

    def largest(self) -> tuple[int, str]:
        """Return the largest batch that fits, and a sentence on how it was found.

        Raises:
            Refused: If none fits.
        """
        strategy = strategy_of(self.settings)
        least = 1 if strategy is None else strategy.num_replicas_in_sync
        optimizer = self.config["optimizer"]
        if isinstance(optimizer, dict):
            least = max(least, optimizer.get("gradient_accumulation_steps") or 1)
        best, fails = largest(self.fits, least, min(self.examples, LIMIT))
        if best is None:
            raise Refused(
                f"data.batch_size=auto: not even a batch of {least} fits into the memory; a "
                "smaller model, shorter examples, or trainer.rematerialize=true."
            )
        told = f"{best:,} fits"
        if fails is not None:
            told += f" ({fails:,} does not)"
        elif self.examples < 2 * best:
            told += f" ({self.examples:,} examples are all there are)"
        else:
            told += " (more is not tried)"
        if best not in self.peaks and self.memory is not None:
            told += f", by the memory that {' and '.join(f'{n:,}' for n in self._last())} took"
        return best, told

    def fits(self, size: int) -> bool:
        """Return whether a batch of a size fits, by a trial or by what trials have shown."""
        if self.memory is None:
            try:
                self._train(size)
            except tf.errors.ResourceExhaustedError:
                return False
            return True
        foreseen = self._foreseen(size)
        if foreseen is not None and (self._grown() or foreseen > self.memory):
            return foreseen <= self.memory
        self.peaks[size] = peak_of(lambda: self._train(size))
        return self.peaks[size] <= self.memory

    def _last(self) -> list[int]:
        return sorted(self.peaks)[-2:]

    def _grown(self) -> bool:
        """Whether memory has grown enough, or time gone by, to foresee how it goes on."""
        less, more = self._last()
        grown = self.peaks[more] - self.peaks[less] >= GROWTH
        return grown or time.monotonic() - self.begun > SECONDS

    def _foreseen(self, size: int) -> float | None:
        """Return the bytes that a batch would take; None before there are two trials."""
        if len(self.peaks) < 2:
            return None
        less, more = self._last()
        each = max(self.peaks[more] - self.peaks[less], 0) / (more - less)
        return self.peaks[more] + each * (size - more)

    def _train(self, size: int) -> None:
        """Make a few steps; keep nothing."""
        config = self.config
        keras.utils.clear_session()
        gc.collect()
        optimizer = config["optimizer"]
        if isinstance(optimizer, keras.Optimizer):
            optimizer = type(optimizer).from_config(optimizer.get_config())
        task, spec = learner(config["task"], config["model"], self.dataset.spec)
        dataset = replace(self.dataset, spec=spec)
        batching = replace(self.batching, batch_size=size)
        setup = prepare(
            config["model"],
            dataset,
            task,
            optimizer=optimizer,
            schedule=config["schedule"],
            batching=batching,
            settings=self.settings,
            seed=config["seed"],
            resumed=True,  # with whatever weights
        )
        batches, parts = setup.batches, setup.batches.parts
        if task.sampler == "examples" and (longest := _longest(dataset.train, size * parts)):
            of_them = replace(dataset, train=longest)
            batches = training_batches(of_them, task, batching, config["seed"])
        setup.objective.fit(
            batches.endless(0, 1, setup.objective.strategy),
            steps_per_epoch=STEPS,
            verbose=0,
            shuffle=False,
        )


def largest(
    fits: Callable[[int], bool], least: int, most: int, first: int = FIRST
) -> tuple[int | None, int | None]:
    """Return the largest size that fits, and the least that was found not to.

    Powers of two are tried, and then what lies halfway.

    Args:
        fits: Whether a size does.
        least: The smallest size there can be.
        most: The largest; where that is less than the smallest, the smallest alone is tried.
        first: The size to begin with.
    """
    sizes = [2**n for n in range(LIMIT.bit_length()) if least <= 2**n <= most] or [least]
    place = max((i for i, size in enumerate(sizes) if size <= first), default=0)
    if fits(sizes[place]):
        while place + 1 < len(sizes) and fits(sizes[place + 1]):
            place += 1
        fails = sizes[place + 1] if place + 1 < len(sizes) else None
    else:
        while place > 0 and not fits(sizes[place - 1]):
            place -= 1
        if place == 0:
            return None, sizes[0]
        place, fails = place - 1, sizes[place]
    best = sizes[place]
    between = best + best // 2
    if fails is not None and best < between < fails:
        best, fails = (between, fails) if fits(between) else (best, between)
    return best, fails


def _longest(split: Split, count: int) -> Split | None:
    """Return the longest examples of texts; None of data whose examples are all alike."""
    if not split.lengths:
        return None
    return split.take(np.argsort(-np.sum(split.lengths, axis=0), kind="stable")[:count])
