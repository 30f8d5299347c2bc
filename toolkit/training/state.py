"""The whole state of a training in one file: what a checkpoint holds, and how it is read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.training.replica_values import put, shape_of, value_of
from toolkit.training.run_folder import checkpoints, replacing


@dataclass(frozen=True)
class State:
    """The values of every variable of a training, and what else it has to remember.

    Attributes:
        names: Names of the variables, in list order. They repeat: the order tells them apart.
        values: Their values.
        note: Position in the data and what callbacks remember, as JSON has it.
    """

    names: list[str]
    values: list[np.ndarray]
    note: dict[str, Any]

    @classmethod
    def of(
        cls, model: keras.Model, note: dict[str, Any], metrics: list[np.ndarray] | None = None
    ) -> State:
        """Copy a training's state to host memory.

        Args:
            model: What is trained.
            note: Position in the data and what callbacks remember.
            metrics: What the metrics held before a validation; None: what they hold now.
        """
        variables = variables_of(model)
        held = {id(v): m for v, m in zip(model.metrics_variables, metrics or (), strict=False)}
        values = [held[id(v)] if id(v) in held else value_of(v, model) for v in variables]
        return cls([v.path for v in variables], values, note)

    def write(self, path: Path) -> None:
        """Write the state, whole or not at all.

        Raises:
            Refused: If the disk is full or the folder read-only.
        """
        arrays = {f"{i:05}": np.atleast_1d(_storable(value)) for i, value in enumerate(self.values)}
        notes = {"state": json.dumps(self.note), "names": json.dumps(self.names)}
        with replacing(path) as temporary:
            try:
                save_file(arrays, temporary, metadata=notes)
            except SafetensorError as error:  # its name for whatever the disk says
                raise OSError(28, str(error)) from error

    @classmethod
    def read(cls, path: Path) -> State:
        """Read a state.

        Raises:
            Refused: If the file is damaged.
        """
        try:
            with safe_open(path, "numpy") as file:
                values = [file.get_tensor(key) for key in sorted(file.keys())]
                notes = file.metadata()
            return cls(json.loads(notes["names"]), values, json.loads(notes["state"]))
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise Refused(f"{path} is damaged ({error}).") from error

    def check(self, model: keras.Model) -> None:
        """Refuse a network or optimizer that the state is not of.

        Raises:
            Refused: With what differs.
        """
        variables = variables_of(model)
        differ = [
            f"{name} {difference}"
            for name, value, here in zip(self.names, self.values, variables, strict=False)
            if (difference := _difference(value, here, model))
        ]
        if len(self.values) != len(variables):
            differ.append(f"there are {len(self.values)} variables there and {len(variables)} here")
        if differ:
            listed = "; ".join([*differ[:3], *(["…"] if len(differ) > 4 else []), *differ[3:][-1:]])
            raise Refused(f"the checkpoint is of another network or optimizer: {listed}.")

    def put_into(self, model: keras.Model) -> None:
        """Set a training's variables; its optimizer is built.

        Raises:
            Refused: If the state is of another network or optimizer.
        """
        self.check(model)
        variables = variables_of(model)
        for variable, value in zip(variables, self.values, strict=True):
            dtype = tf.as_dtype(variable.dtype).as_numpy_dtype
            put(variable, restored(value, shape_of(variable, model), dtype), model)


def variables_of(model: keras.Model) -> list[Any]:
    """Return every variable of a training, in an order that the same configuration repeats.

    Weights, random generators and carried state; metrics; slots, averages and loss scale of each
    optimizer.
    """
    slots = [v for optimizer in model.optimizers for v in optimizer.variables]
    return [*model.variables, *model.metrics_variables, *slots]


def _difference(stored: np.ndarray, here: Any, model: keras.Model) -> str:
    """Return why a stored value is not of a variable; empty where it is."""
    shape, dtype = shape_of(here, model), tf.as_dtype(here.dtype).name
    if stored.shape != (shape or (1,)):
        return f"has shape {stored.shape} there and {shape} here"
    if stored.dtype.name != ("uint16" if dtype == "bfloat16" else dtype):
        return f"is of type {stored.dtype.name} there and {dtype} here"
    return ""


def restored(stored: np.ndarray, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return a stored value in the type and shape of its variable."""
    value = stored.view(dtype) if stored.dtype != dtype else stored
    return value.reshape(shape)


def _storable(value: np.ndarray) -> np.ndarray:
    """Return bfloat16, which NumPy does not know, as whole numbers of the same bits."""
    return value.view("uint16") if value.dtype.name == "bfloat16" else value


def newest(folder: Path) -> tuple[Path, State, list[str]]:
    """Return the newest checkpoint that can be read, and what is wrong with newer ones.

    Raises:
        Refused: If there is none.
    """
    damaged: list[str] = []
    for path in reversed(checkpoints(folder)):
        try:
            return path, State.read(path), damaged
        except Refused as refusal:
            damaged += refusal.faults
    raise Refused(*damaged, f"run: no checkpoint in {folder} to go on from.")
