"""What a strategy costs on one device, and what a second process gains.

    python tests/benchmarks/replicas.py [mirrored] [workers] [--rounds 8] [--steps 12]

``mirrored``: the PTB language model and the MNIST convnet under ``trainer.strategy=mirrored`` with
one device, in turns with no strategy. ``workers``: an encoder of 6 layers of 384 units on batches
of 32 x 64 tokens, by one process with one thread and by two with one thread each, one after the
other and again; needs two free cores.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ENCODER = (
    "model=transformer",
    "model.layers=6",
    "model.units=384",
    "model.heads=6",
    "data=python_docs",
    "data.tokenizer=wordpiece",
    "data.vocabulary_size=4000",
    "data.batch_size=32",
    "task=masked_language_model",
    "task.sequence_length=64",
    "logger=none",
    "trainer.epochs=1",
    "trainer.validation_steps=1",
    "trainer.test_steps=1",
    "trainer.threads=1",
)


BEGIN = 4
"""Steps of a run that are not counted: graphs are made, and the end of the epoch is the same."""


def main() -> None:
    """Run the contests named on the command line and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contests", nargs="*", metavar="mirrored|workers", help="default: both")
    parser.add_argument("--rounds", type=int, default=8, help="turns, or times of each command")
    parser.add_argument("--steps", type=int, default=12, help="steps of workers that are timed")
    given = parser.parse_args()
    wanted = given.contests or ["mirrored", "workers"]
    if "mirrored" in wanted:
        mirrored(given.rounds)
    if "workers" in wanted:
        workers(given.rounds, given.steps)


def mirrored(rounds: int) -> None:
    """Print the step under a strategy of one device over that of none."""
    from contests import digits_by_toolkit, pictures, text, words_by_toolkit
    from turns import Turns, load, milliseconds, ratio

    words, digits = text(), pictures()
    for name, make, steps in (
        ("ptb", lambda **more: words_by_toolkit(words, "gru", **more), 4),
        ("mnist", lambda **more: digits_by_toolkit(digits, **more), 10),
    ):
        seconds = Turns(steps, rounds).race(
            {"mirrored": make(strategy="mirrored"), "none": make(strategy="one_device")}
        )
        print(f"{name}: {rounds} rounds of {steps} steps; {load()}")
        for contestant, part in seconds.items():
            print(f"  {contestant}: {milliseconds(part)}")
        print(f"    mirrored / none: {ratio(seconds['mirrored'], seconds['none'])}")


def workers(rounds: int, steps: int) -> None:
    """Print the seconds of a step of one process and of two, and how much faster two are."""
    alone = ["train", "trainer.strategy=one_device"]
    both = ["launch", "workers=2"]
    taken = np.array([[_seconds(words, steps) for words in (alone, both)] for _ in range(rounds)])
    print(f"workers: an encoder of 6 x 384 on 32 x 64 tokens, {rounds} rounds of {steps} steps")
    for name, part in zip(("one process", "two processes"), taken.T, strict=True):
        print(f"  {name}: {np.median(part) / steps:.2f} s a step")
    low, middle, high = np.quantile(taken[:, 0] / taken[:, 1], (0.25, 0.5, 0.75))
    print(f"  two are {middle:.2f} times as fast (quartiles {low:.2f} to {high:.2f})")


def _seconds(words: list[str], steps: int) -> float:
    """Return what so many steps take: a run that has them, less one that only begins."""
    taken = []
    for number in (BEGIN, BEGIN + steps):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "run"
            command = [sys.executable, "-m", "toolkit", *words, *ENCODER, f"run_dir={folder}"]
            command.append(f"trainer.steps_per_epoch={number}")
            subprocess.run(command, check=True, capture_output=True)
            with open(folder / "metrics.csv", encoding="utf-8") as file:
                (row,) = csv.DictReader(file)
        taken.append(float(row["seconds"]))
    return taken[1] - taken[0]


if __name__ == "__main__":
    main()
