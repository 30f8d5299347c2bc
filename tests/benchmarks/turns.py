"""Contestants that take turns in one process, so that what else the machine does hits all alike."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

WARM = 6
"""Steps of each contestant before anything is measured: tracing, first allocations."""


@dataclass
class Turns:
    """When whose turn is, and how long the steps took.

    Each contestant runs in a thread of its own, of which one at a time is awake. It calls its
    ``tick`` before each of ``total`` steps; the time from one tick to the next is that step's, with
    all that belongs to it: data, update, callbacks. The first step of each turn is not counted.
    Beside the time by the clock stands the processor time of all threads of the process, which
    other processes hardly disturb.

    Attributes:
        steps: Counted steps of a turn.
        rounds: Turns of each contestant.
    """

    steps: int
    rounds: int
    _now: int = 0
    _error: BaseException | None = None
    _change: threading.Condition = field(default_factory=threading.Condition)

    @property
    def total(self) -> int:
        """Steps that each contestant makes."""
        return WARM + self.rounds * (self.steps + 1) + 1

    def race(self, contestants: dict[str, Callable[[Ticks], None]]) -> dict[str, np.ndarray]:
        """Run the contestants in turns.

        Args:
            contestants: By name, functions that train for ``total`` steps, with the callback that
                they are given or by calling its ``tick`` before each step.

        Returns:
            Seconds of each contestant's steps, by the clock and of processor time, shape
            ``(2, rounds, steps)``.
        """
        clocks = [Ticks(self, index, len(contestants)) for index in range(len(contestants))]
        threads = [
            threading.Thread(target=self._run, args=(run, clock), daemon=True)
            for run, clock in zip(contestants.values(), clocks, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error
        sizes = {name: clock.weights for name, clock in zip(contestants, clocks, strict=True)}
        if max(sizes.values()) > 1.01 * min(sizes.values()):  # PyTorch's LSTM has two biases
            raise ValueError(f"the networks are not the same; weights: {sizes}")
        return {
            name: np.reshape(clock.seconds, (self.rounds, self.steps, 2)).transpose(2, 0, 1)
            for name, clock in zip(contestants, clocks, strict=True)
        }

    def _run(self, contestant: Callable[[Ticks], None], clock: Ticks) -> None:
        try:
            self.wait(clock.index)
            contestant(clock)
        except BaseException as error:  # also of a contestant that waits: nobody may wait for ever
            self._error = self._error or error
        self.hand_over(clock.next)

    def wait(self, index: int) -> None:
        """Return when it is this contestant's turn."""
        with self._change:
            self._change.wait_for(lambda: self._now == index or self._error is not None)
        if self._error is not None:
            raise SystemExit

    def hand_over(self, index: int) -> None:
        """Let a contestant go on."""
        with self._change:
            self._now = index
            self._change.notify_all()


class Ticks(keras.callbacks.Callback):
    """A contestant's clock, which Keras's ``fit`` takes as a callback.

    Attributes:
        seconds: Of each counted step: by the clock, and of processor time.
        weights: Number of trained weights, so that only equal networks are compared.
        epoch_end: Seconds between validation and the end of the callbacks before this one.
    """

    def __init__(self, turns: Turns, index: int, contestants: int):
        super().__init__()
        self.turns, self.index, self.next = turns, index, (index + 1) % contestants
        self.seconds: list[tuple[float, float]] = []
        self.weights, self.done, self.epoch_end = 0, 0, 0.0
        self._last, self._tested = (0.0, 0.0), 0.0

    def tick(self) -> None:
        """Say that a step begins; returns when this contestant may make it."""
        now = (time.perf_counter(), time.process_time())
        place = (self.done - WARM) % (self.turns.steps + 1) if self.done >= WARM else -1
        last = self.done == self.turns.total - 1
        if self.done > WARM and place != 1:
            self.seconds.append((now[0] - self._last[0], now[1] - self._last[1]))
        if place == 0 and not last:
            self.turns.hand_over(self.next)
            self.turns.wait(self.index)
        self.done += 1
        self._last = (time.perf_counter(), time.process_time())

    def on_train_begin(self, logs: Any = None) -> None:
        """Count the weights."""
        self.weights = sum(int(np.prod(w.shape)) for w in self.model.trainable_variables)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Begin a step."""
        self.tick()

    def on_test_end(self, logs: Any = None) -> None:
        """Note when validation ends."""
        self._tested = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note what the callbacks before this one took."""
        self.epoch_end = time.perf_counter() - self._tested


def milliseconds(seconds: np.ndarray) -> str:
    """Return the median step, by the clock and of processor time.

    Args:
        seconds: What ``race`` returns for a contestant.
    """
    clock, processor = np.median(seconds, axis=(1, 2)) * 1e3
    return f"{clock:.2f} ms a step ({processor:.2f} ms of processor time)"


def ratio(of: np.ndarray, to: np.ndarray) -> str:
    """Return how many times as long one contestant's steps took as another's: median over rounds.

    Args:
        of: What ``race`` returns for the one.
        to: And for the other.
    """
    rounds = np.median(of, axis=2) / np.median(to, axis=2)
    return "; ".join(
        f"{name} {middle:.3f} (quartiles {low:.3f} to {high:.3f})"
        for name, values in zip(("by the clock", "of processor time"), rounds, strict=True)
        for low, middle, high in [np.quantile(values, (0.25, 0.5, 0.75))]
    )


def limit_threads(count: int | None) -> None:
    """Let TensorFlow use this many threads within an operation, and for operations side by side."""
    if count is not None:
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)


def load() -> str:
    """Return what else the machine does, to be told beside every figure."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"


def data_root() -> Path | None:
    """Return the folder of real data sets, or None where there is none."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    root = Path(os.environ.get("TOOLKIT_DATA", beside))
    return root if root.is_dir() else None
