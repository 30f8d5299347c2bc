"""Whole training states on disk, the last few of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from toolkit.errors import Refused
from toolkit.training.run_folder import replacing


class Checkpoints(keras.callbacks.Callback):
    """Writes every variable of a training, so that it can go on as if it had never stopped.

    One file holds, in list order, the weights, the optimizer's slots, averages and loss scale, the
    random generators' states, the metrics and the carried state; a JSON entry in its header holds
    the step and what the callbacks remember.

    Args:
        folder: Where; files are named ``step-00001234.safetensors``.
        steps: Batches of an epoch.
        every: Steps between two; None: at the end of each epoch.
        keep: How many of the newest stay.
        remember: Gives what else to note, as JSON.

    Attributes:
        done: Batches of the run so far.
        newest: The newest file.
    """

    def __init__(
        self,
        folder: Path,
        *,
        steps: int,
        every: int | None = None,
        keep: int = 2,
        remember: Callable[[], dict[str, Any]] = dict,
    ):
        super().__init__()
        self.folder, self.steps, self.every, self.keep = folder, steps, every, keep
        self.remember = remember
        self.newest: Path | None = None
        self.done = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save every so many steps."""
        self.done = self.epoch * self.steps + batch + 1
        if self.every is not None and self.done % self.every == 0:
            self.write(self.done)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, unless steps decide."""
        if self.every is None:
            self.write(self.done)

    def write(self, step: int) -> Path:
        """Write the state after ``step`` batches and drop the oldest files."""
        from safetensors.numpy import save_file

        path = self.folder / f"step-{step:08}.safetensors"
        arrays = {
            f"{i:04}": np.atleast_1d(np.asarray(variable))
            for i, variable in enumerate(state_variables(self.model))
        }
        note = json.dumps({"step": step, **self.remember()})
        with replacing(path) as temporary:
            try:
                save_file(arrays, temporary, metadata={"state": note})
            except Exception as error:
                if isinstance(error, OSError):
                    raise
                raise OSError(28, str(error)) from error  # safetensors has an error of its own
        self.newest = path
        for old in checkpoints(self.folder)[: -self.keep]:
            old.unlink(missing_ok=True)
        return path


def checkpoints(folder: Path) -> list[Path]:
    """Return a run's checkpoints, the oldest first."""
    return sorted(folder.glob("step-*.safetensors"))


def state_variables(model: keras.Model) -> list[Any]:
    """Return every variable of a training, in an order that the same configuration repeats."""
    return [*model.variables, *model.metrics_variables, *model.optimizer.variables]


def restore(model: keras.Model, path: Path) -> dict[str, Any]:
    """Put a checkpoint's values into a model whose optimizer is built.

    Returns:
        What was noted: ``step`` and what the callbacks remembered.

    Raises:
        Refused: If the file is damaged or of another network.
    """
    from safetensors import SafetensorError, safe_open

    variables = state_variables(model)
    try:
        with safe_open(path, "numpy") as file:
            names = sorted(file.keys())
            if len(names) != len(variables):
                raise Refused(
                    f"{path} holds {len(names)} variables and this run has {len(variables)}: "
                    "it is of another configuration."
                )
            for variable, name in zip(variables, names, strict=True):
                variable.assign(file.get_tensor(name).reshape(variable.shape))
            return json.loads(file.metadata()["state"])
    except (SafetensorError, OSError) as error:
        raise Refused(f"{path} is damaged ({error})") from error
