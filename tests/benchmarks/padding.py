"""What batches of similar lengths save: padding, and examples a second, at SST-2's real lengths.

    python tests/benchmarks/padding.py [--size mini] [--steps 40] [--tokenizer wordpiece]

A BERT encoder is trained on SST-2 in batches of 32: bucketed by length, as the data set's file has
it; shuffled; and with every sentence padded to 128 tokens. The three take turns in one process.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

import numpy as np
from turns import data_root, limit_threads, load

import toolkit
from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset, Ragged, Split
from toolkit.tasks import TASKS
from toolkit.training.setup import Setup, prepare

BATCH, LONG = 32, 128


def main() -> None:
    """Train in turns and print padding and speed of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="mini", help="of the encoder: tiny, mini, small, …")
    parser.add_argument("--steps", type=int, default=40, help="counted steps of each contestant")
    parser.add_argument("--tokenizer", default="wordpiece", help="a kind, or a tokenizer's name")
    parser.add_argument("--threads", type=int, help="default: all cores")
    given = parser.parse_args()
    limit_threads(given.threads)
    root = data_root()
    if root is None:
        raise SystemExit("set TOOLKIT_DATA to the folder that holds glue/SST-2/")
    data = toolkit.load_data("sst2", root=str(root), tokenizer=given.tokenizer, max_length=LONG)
    model = toolkit.model("bert", size=given.size)
    contestants = {
        "bucketed": trained(model, data, bucket=True),
        "shuffled": trained(model, data, bucket=False),
        f"padded to {LONG}": trained(model, replace(data, train=padded(data)), bucket=False),
    }
    lengths = data.train.arrays["tokens"].lengths
    print(f"SST-2: {len(lengths):,} sentences of {lengths.mean():.1f} tokens; {load()}")
    speed = race(contestants, given.steps)
    slowest = min(speed.values())
    for name, setup in contestants.items():
        share = padding(setup, lengths)
        print(
            f"{name:>14}: {100 * share:4.1f} % padding, {speed[name]:7.1f} examples/s, "
            f"{speed[name] / slowest:.2f} x"
        )


def padded(data: Dataset) -> Split:
    """Return the training split with every row filled up to 128 tokens."""
    rows = data.train.arrays["tokens"]
    filled = np.full((len(rows), LONG), data.spec.input.pad, "int32")
    place = np.arange(len(rows.values)) - np.repeat(rows.starts[:-1], rows.lengths)
    filled[np.repeat(np.arange(len(rows)), rows.lengths), place] = rows.values
    even = Ragged(filled.reshape(-1), np.arange(len(rows) + 1, dtype="int64") * LONG)
    return Split({**data.train.arrays, "tokens": even})


def trained(model: dict[str, Any], data: Dataset, *, bucket: bool) -> Setup:
    """Return a training that is ready to begin."""
    return prepare(
        model,
        data,
        TASKS["classification"](),
        optimizer={"name": "adamw", "learning_rate": 1e-4},
        batching=Batching(batch_size=BATCH, bucket_by_length=bucket),
    )


def race(contestants: dict[str, Setup], steps: int) -> dict[str, float]:
    """Return examples a second; batches of different lengths make a mean, not a median."""
    functions, batches, seconds = {}, {}, dict.fromkeys(contestants, 0.0)
    for name, setup in contestants.items():
        setup.objective.make_train_function()
        functions[name] = setup.objective.train_function
        batches[name] = iter(setup.batches.endless())
    for step in range(steps + 2):  # the first two trace and warm up
        for name, function in functions.items():
            begun = time.perf_counter()
            float(function(batches[name])["loss"])
            seconds[name] += (time.perf_counter() - begun) * (step >= 2)
    return {name: steps * BATCH / total for name, total in seconds.items()}


def padding(setup: Setup, lengths: np.ndarray) -> float:
    """Return the share of an epoch's positions that are padding."""
    order = np.asarray(setup.batches.sampler.order(np.int64(0)))
    long = setup.dataset.train.arrays["tokens"].lengths[order]
    positions = sum(
        len(long[start : start + BATCH]) * long[start : start + BATCH].max()
        for start in range(0, len(long), BATCH)
    )
    return 1 - float(lengths.sum()) / float(positions)


if __name__ == "__main__":
    main()
