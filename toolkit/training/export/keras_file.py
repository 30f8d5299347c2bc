"""A ``.keras`` file, which takes and gives arrays in the data's own units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from toolkit.lazy import keras
from toolkit.training.export.subject import Subject

FILE = "model.keras"


def write(subject: Subject, folder: Path) -> None:
    """Write ``model.keras`` into a folder.

    It differs from a run's in computing in float32 whatever the run was trained in, in scaling a
    table's columns itself, and in giving pictures as files hold them.
    """
    entries = {
        name: keras.Input(entry.shape[1:], dtype=entry.dtype.name, name=name)
        for name, entry in subject.entries.items()
    }
    outputs = {subject.output: subject(subject.structured(entries))}
    keras.Model(entries, outputs, name=subject.model.name).save(folder / FILE)


def open_written(folder: Path) -> Any:
    """Return a function from arrays by name to the output, of what was written."""
    network = keras.models.load_model(folder / FILE, compile=False)

    def run(given: dict[str, np.ndarray]) -> np.ndarray:
        (output,) = network(given, training=False).values()
        return np.asarray(output)

    return run
