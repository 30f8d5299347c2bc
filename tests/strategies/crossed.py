"""Trains three steps of families in ways that cross each other, in a process of its own.

``python crossed.py OUTPUT STRATEGY DEVICES [CELL …]``: a cell is ``family|precision|jit|parts``.
``OUTPUT`` is a JSON file that holds the loss of each step by cell, or the text of a refusal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from toolkit.quiet import start_tensorflow

STEPS = 3


def losses(family: str, precision: str, jit: str, parts: str, **where: Any) -> list[float] | str:
    """Train, and return the loss of each step, or why that is refused."""
    from dataclasses import replace

    from families import FAMILIES

    from toolkit.api import default_task
    from toolkit.data.batching import Batching
    from toolkit.errors import Refused
    from toolkit.training.parts import learner
    from toolkit.training.settings import TrainerSettings
    from toolkit.training.setup import prepare

    case = FAMILIES[family]
    data = case["data"]()
    optimizer = {"name": "adam", **case.get("optimizer", {})}
    optimizer["gradient_accumulation_steps"] = int(parts)
    task, spec = learner(case.get("task") or {"name": default_task(data)}, case["model"], data.spec)
    settings = TrainerSettings(precision=precision, jit=jit == "jit", threads=1, **where)
    batching = Batching(batch_size=case["batch_size"], **case.get("batching", {}))
    data = replace(data, spec=spec)
    try:
        setup = prepare(
            case["model"], data, task, optimizer=optimizer, batching=batching, settings=settings
        )
    except Refused as refusal:
        return str(refusal)
    for made in setup.objective.optimizers:
        if hasattr(made, "dynamic_scale"):
            made.dynamic_scale.assign(1024.0)  # at Keras's 32,768 an update may be left out
    batches = setup.batches.endless(0, setup.steps, setup.objective.strategy)
    how = {"steps_per_epoch": 1, "epochs": STEPS, "verbose": 0, "shuffle": False}
    with drawn_alike():
        told = setup.objective.fit(batches, **how)
    return [float(loss) for loss in told.history["loss"]]


@contextmanager
def drawn_alike() -> Iterator[None]:
    """Draw by whole numbers: XLA makes others of a seed than the kernels of TensorFlow do."""
    import tensorflow as tf

    def uniform(shape: Any, seed: Any, **_: Any) -> Any:
        begin = tf.reduce_sum(tf.cast(seed, "int64") * [7919, 104729])
        number = begin + 40503 * tf.range(tf.cast(tf.reduce_prod(shape), "int64"))
        return tf.reshape(tf.cast(number % 65521, "float32") / 65521, shape)

    def normal(shape: Any, seed: Any, **_: Any) -> Any:
        return 3.4 * uniform(shape, seed) - 1.7

    with patch.multiple(tf.random, stateless_uniform=uniform, stateless_normal=normal):
        yield


def main(output: str, strategy: str, devices: str, *cells: str) -> None:
    """Train all cells."""
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiles sooner
    start_tensorflow()
    import keras

    where = {"strategy": strategy, "devices": int(devices) or None}
    found = {}
    for cell in cells:
        keras.backend.clear_session()
        try:
            found[cell] = losses(*cell.split("|"), **where)
        except Exception as error:  # one cell's fault says nothing of the others
            found[cell] = f"{type(error).__name__}: {error}"
        print(cell, found[cell], flush=True)
    Path(output).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
