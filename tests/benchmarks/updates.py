"""What an update of all weights by AdamW costs: the toolkit's, in two passes, and Keras's.

    python tests/benchmarks/updates.py [--rounds 8] [--steps 5] [--threads 1]

The weights have the shapes of an encoder of 6 layers of 384 units with a vocabulary of 30,522.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from turns import Ticks, Turns, limit_threads, load, milliseconds, ratio

from toolkit.training.optimizers import OPTIMIZERS

LAYER = [(384, 384)] * 4 + [(384, 1536), (1536, 384), (1536,)] + [(384,)] * 9
SHAPES = [(30522, 384), (512, 384), *LAYER * 6]


def main() -> None:
    """Let both take turns, and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=8, help="turns of each")
    parser.add_argument("--steps", type=int, default=5, help="updates of a turn")
    parser.add_argument("--threads", type=int, default=1, help="threads of an operation")
    given = parser.parse_args()
    limit_threads(given.threads)
    turns = Turns(given.steps, given.rounds)
    seconds = turns.race(
        {
            "toolkit": updates(OPTIMIZERS["adamw"]().optimizer, turns.total),
            "Keras": updates(keras.optimizers.AdamW(), turns.total),
        }
    )
    weights = sum(int(np.prod(shape)) for shape in SHAPES)
    print(f"AdamW on {weights:,} weights, {given.rounds} rounds of {given.steps}; {load()}")
    for name, part in seconds.items():
        print(f"  {name}: {milliseconds(part)}")
    print(f"    toolkit / Keras: {ratio(seconds['toolkit'], seconds['Keras'])}")


def updates(optimizer: keras.Optimizer, count: int) -> Callable[[Ticks], None]:
    """Return a contestant that updates the weights so often by the same gradients."""
    random = np.random.default_rng(0)
    drawn = [random.normal(size=shape).astype("float32") for shape in SHAPES]
    weights, gradients = [keras.Variable(d) for d in drawn], [tf.constant(d) for d in drawn]
    optimizer.build(weights)
    step = tf.function(lambda: optimizer.apply(gradients, weights))

    def run(clock: Ticks) -> None:
        for _ in range(count):
            clock.tick()
            step()

    return run


if __name__ == "__main__":
    main()
