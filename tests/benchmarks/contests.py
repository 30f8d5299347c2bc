"""What both benchmarks train with the toolkit: data, networks, and its ``fit`` as users get it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from turns import Ticks, data_root

import toolkit
from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.tasks import TASKS
from toolkit.training.console import Reporter
from toolkit.training.fit import fit
from toolkit.training.loggers import watchers
from toolkit.training.run_folder import RunFolder
from toolkit.training.settings import TrainerSettings
from toolkit.training.setup import prepare

BATCH, STREAMS, LENGTH, UNITS, DROPOUT = 128, 20, 35, 200, 0.3


def pictures() -> Dataset:
    """Return MNIST, or as many made-up pictures of that size."""
    root = data_root()
    if root is not None and (root / "mnist").is_dir():
        return toolkit.load_data("mnist", root=str(root))
    made_up = {"examples": 54_000, "classes": 10, "height": 28, "width": 28}
    return toolkit.load_data("synthetic", kind="image", **made_up)


def text() -> Dataset:
    """Return the Penn Treebank, or as many random words of a vocabulary of 10,000."""
    root = data_root()
    if root is not None and (root / "ptb").is_dir():
        return toolkit.load_data("ptb", root=str(root))
    words = tuple(f"w{i}" for i in range(10_000))
    field = {"shape": (None,), "dtype": "int32", "vocabulary": words}
    spec = Spec({"tokens": Field("tokens", **field)}, {"next": Field("next", **field)})
    random = np.random.default_rng(0)
    train, rest = (random.integers(0, 10_000, n).astype("int32") for n in (929_589, 73_760))
    return Dataset(spec, Split({"tokens": train}), Split({"tokens": rest}), None)


def language_model(cell: str) -> dict[str, Any]:
    """Return the description of the recurrent network, embeddings tied to the output layer."""
    return toolkit.model(cell, units=UNITS, layers=2, dropout=DROPOUT, tie_embeddings=True)


def by_toolkit(
    model: dict[str, Any],
    data: Dataset,
    task: str,
    optimizer: str,
    rate: float,
    batch_size: int,
    **trainer: Any,
) -> Callable[[Ticks], None]:
    """Return a contestant: the toolkit's ``fit`` with all of its callbacks, in a new folder."""

    def run(ticks: Ticks) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = RunFolder.create(str(Path(place) / "run"))
            learned = TASKS[task]()
            shaped = getattr(learned, "shaped", None)
            spec = data.spec if shaped is None else shaped(data.spec)
            setup = prepare(
                model,
                replace(data, spec=spec),
                learned,
                optimizer={"name": optimizer, "learning_rate": rate},
                batching=Batching(batch_size=batch_size),
                settings=TrainerSettings(
                    epochs=1, steps_per_epoch=ticks.turns.total, validation_steps=1, **trainer
                ),
            )
            watch = watchers({"name": "tensorboard"}, setup, folder, "")
            reporter = Reporter(folder.log, quiet=True)
            fit(setup, folder, reporter=reporter, callbacks=[*watch, ticks])

    return run


def digits_by_toolkit(data: Dataset, **trainer: Any) -> Callable[[Ticks], None]:
    """Return a contestant: the convnet of keras.io on MNIST, batches of 128, Adam."""
    model = toolkit.model("cnn")
    return by_toolkit(model, data, "classification", "adam", 1e-3, BATCH, **trainer)


def game_by_toolkit(data: Dataset, **trainer: Any) -> Callable[[Ticks], None]:
    """Return a contestant: DCGAN on MNIST, batches of 128, Adam for both networks."""
    return by_toolkit(toolkit.model("dcgan"), data, "adversarial", "adam", 2e-4, BATCH, **trainer)


def words_by_toolkit(data: Dataset, cell: str, **trainer: Any) -> Callable[[Ticks], None]:
    """Return a contestant: the language model, 20 streams, 35 steps, AdamW."""
    task = "language_modelling"
    return by_toolkit(language_model(cell), data, task, "adamw", 3e-3, STREAMS, **trainer)
