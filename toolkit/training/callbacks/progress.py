"""A bar where someone watches, plain lines where no one does."""

from __future__ import annotations

import time
from typing import Any

import keras
from rich.progress import BarColumn, Progress, TextColumn

from toolkit.training.console import Reporter, describe, duration, figure


class ProgressBar(keras.callbacks.Callback):
    """Shows loss, metrics, speed and the time left.

    Args:
        reporter: Where to.
        epochs: Epochs of the run.
        steps: Batches of an epoch.
        examples: Examples or tokens of an epoch.
        unit: Which of the two.
        every: Seconds between plain lines; the bar is redrawn twice a second.
    """

    def __init__(
        self,
        reporter: Reporter,
        *,
        epochs: int,
        steps: int,
        examples: int,
        unit: str,
        every: float = 20.0,
    ):
        super().__init__()
        self.reporter, self.epochs, self.steps, self.unit = reporter, epochs, steps, unit
        self.per_step = examples / steps
        self.every = 0.5 if reporter.is_terminal else every
        self.bar: Progress | None = None
        self.validation_seconds = 0.0
        self._testing = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock and, on a terminal, the bar."""
        self.epoch, self.begun, self.last, self.step = epoch, time.monotonic(), 0.0, 0
        self.first = 0  # above 1 where an epoch is resumed in its midst
        self.first_done: float | None = None
        if self.reporter.is_terminal:
            self.bar = Progress(
                TextColumn("epoch {task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[text]}"),
                console=self.reporter.console,
                transient=True,
                auto_refresh=False,
            )
            self.line = self.bar.add_task(f"{epoch + 1}/{self.epochs}", total=self.steps, text="")
            self.bar.start()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Show where the epoch stands, now and then."""
        now = time.monotonic()
        self.step = batch + 1
        if self.first_done is None:  # the first step compiles; it says nothing of the speed
            self.first, self.first_done, self.last = self.step, now, now
            return
        if now - self.last < self.every:
            return
        self.last = now
        speed = (self.step - self.first) / (now - self.first_done)
        left = (self.steps - self.step + (self.epochs - self.epoch - 1) * self.steps) / speed
        left += (self.epochs - self.epoch) * self.validation_seconds
        text = (
            f"{describe(shown(logs))}  {figure(round(speed * self.per_step))} {self.unit}/s"
            f"  {duration(left)} left"
        )
        if self.bar is not None:
            self.bar.update(self.line, completed=self.step, text=text, refresh=True)
        else:
            self.reporter.say(
                f"epoch {self.epoch + 1}/{self.epochs}  {self.step}/{self.steps}  {text}"
            )

    def on_test_begin(self, logs: Any = None) -> None:
        """Stop the clock of training."""
        self._testing = time.monotonic()

    def on_test_end(self, logs: Any = None) -> None:
        """Remember how long validation takes, for the time left."""
        self.validation_seconds = time.monotonic() - self._testing

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Print the epoch's line."""
        self._close()
        logs = shown(logs)
        valid = {k.removeprefix("val_"): v for k, v in logs.items() if k.startswith("val_")}
        train = {k: v for k, v in logs.items() if not k.startswith("val_")}
        seconds = time.monotonic() - self.begun
        training = seconds - (self.validation_seconds if valid else 0.0)
        done = self.step - self.first + 1 if self.first else 0
        speed = done * self.per_step / max(training, 1e-9)
        parts = [f"epoch {epoch + 1}/{self.epochs}", f"train {describe(train)}"]
        if valid:
            parts.append(f"valid {describe(valid)}")
        parts.append(f"{duration(seconds)}  {figure(round(speed))} {self.unit}/s")
        self.reporter.say("  ".join(parts))

    def on_train_end(self, logs: Any = None) -> None:
        """Take the bar away."""
        self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def shown(logs: dict[str, Any] | None) -> dict[str, float]:
    """Return the figures that people follow: without the norm, which TensorBoard has."""
    return {name: value for name, value in (logs or {}).items() if name != "gradient_norm"}
