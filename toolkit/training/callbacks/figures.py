"""Figures for a logger: by step while an epoch runs, by epoch at its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import keras

from toolkit.training.callbacks.names import split_names
from toolkit.training.loggers.sink import Mark, Sink
from toolkit.training.optimizers import rate_of
from toolkit.training.setup import Setup


class Figures(keras.callbacks.Callback):
    """Hands loss, metrics, learning rate, gradient norm and speed to a sink, which it owns.

    Args:
        sink: Where figures go; the first of its logger's callbacks to be called.
        setup: What is trained.
        config_text: The configuration, as YAML.
        every: Steps between two points; each epoch's last step has one in any case.
    """

    def __init__(self, sink: Sink, setup: Setup, config_text: str, every: int):
        super().__init__()
        self.sink, self.config_text, self.every = sink, config_text, every
        self.steps, self.speed = setup.steps, f"{setup.batches.unit}_per_second"
        self.per_step = setup.batches.examples / setup.batches.steps
        self.step = self.epochs = 0
        self._mark: Mark | None = None
        self._begun = False
        self._watch, self._whole = Stopwatch(), Stopwatch()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint notes; what came before it is written by then."""
        sink = {"name": self.sink.name, **self.sink.state()}
        return {"step": self.step, "epochs": self.epochs, "sink": sink}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where the checkpoint was, if it is the same logger's.

        The figures of an epoch that was cut short, and now goes on, are void.
        """
        self.step, self.epochs = state["step"], min(state["epochs"], self.epoch)
        if state["sink"]["name"] == self.sink.name:
            self._mark = Mark(self.step, self.epochs, state["sink"])

    def begin(self) -> None:
        """Begin, or go on; the first thing that is written."""
        if not self._begun:
            self.sink.begin(self.config_text, self._mark)
            self._begun = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clocks."""
        self.epoch, self.begun = epoch, time.monotonic()
        self._watch.start()
        self._whole.start()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Begin with the first batch: only then it is known where a run goes on."""
        self.begin()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write the running figures every few steps, and after an epoch's last one."""
        self.step = self.epoch * self.steps + batch + 1
        self._whole.lap()
        self._watch.lap()
        last = batch + 1 == self.steps or self.model.stop_training
        if self.step % self.every and not last:
            return
        figures = {name: float(value) for name, value in (logs or {}).items()}
        figures["learning_rate"] = rate_of(self.model.optimizer)
        if rate := self._watch.per_second:
            figures[self.speed] = rate * self.per_step
        self.sink.step(figures, self.step)
        self._watch.start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the epoch's figures."""
        self.begin()
        self.epochs = epoch + 1
        figures = split_names(logs or {})
        figures["train/learning_rate"] = rate_of(self.model.optimizer)
        figures["train/seconds"] = time.monotonic() - self.begun
        if rate := self._whole.per_second:
            figures[f"train/{self.speed}"] = rate * self.per_step
        self.sink.epoch(figures, epoch + 1)

    def finish(self, results: Mapping[str, float]) -> None:
        """Write the final figures."""
        self.begin()
        self.sink.results({name: value for name, value in results.items() if "/" in name})

    def close(self, succeeded: bool) -> None:
        """End."""
        if self._begun:
            self.sink.close(succeeded)


class Stopwatch:
    """Counts laps and the time they take; the very first, which compiles, is no measure."""

    def __init__(self) -> None:
        self._compiled = False
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self.begun, self.ended, self.laps = time.monotonic(), 0.0, 0

    def lap(self) -> None:
        """End a lap."""
        if not self._compiled:
            self._compiled = True
            self.start()
            return
        self.ended = time.monotonic()
        self.laps += 1

    @property
    def per_second(self) -> float:
        """Laps a second; 0 before there is one."""
        return self.laps / max(self.ended - self.begun, 1e-9) if self.laps else 0.0
