"""What the toolkit's ``fit`` costs over a hand-written Keras ``fit`` of the same network and data.

    python tests/benchmarks/overhead.py [mnist] [ptb] [--rounds 24] [--threads N]

The hand-written side has no callbacks and prints nothing; the toolkit's has all of its own: guard,
progress, csv, TensorBoard, checkpoints. Both run in one process and take turns.
"""

from __future__ import annotations

import argparse
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from contests import (
    BATCH,
    DROPOUT,
    LENGTH,
    STREAMS,
    UNITS,
    digits_by_toolkit,
    pictures,
    text,
    words_by_toolkit,
)
from turns import Ticks, Turns, limit_threads, load, milliseconds, ratio

from toolkit.losses import linear_cross_entropy


def main() -> None:
    """Run the contests named on the command line and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contests", nargs="*", metavar="mnist|ptb", help="default: both")
    parser.add_argument("--rounds", type=int, default=24, help="turns of each contestant")
    parser.add_argument("--threads", type=int, help="default: all cores")
    given = parser.parse_args()
    limit_threads(given.threads)
    wanted = given.contests or ["mnist", "ptb"]
    if "mnist" in wanted:
        data = pictures()
        contest("mnist", Turns(10, given.rounds), digits_by_toolkit(data), digits_by_hand(data))
    if "ptb" in wanted:
        data = text()
        by_hand = words_by_hand(data) | fused_by_hand(data)
        contest("ptb", Turns(4, given.rounds), words_by_toolkit(data, "gru"), by_hand)


def contest(name: str, turns: Turns, toolkit: Any, by_hand: dict[str, Any]) -> None:
    """Run the toolkit in turns with what is written by hand, and print steps and ratios."""
    clocks: list[Ticks] = []

    def watched(ticks: Ticks) -> None:
        clocks.append(ticks)
        toolkit(ticks)

    seconds = turns.race({"toolkit": watched, **by_hand})
    print(f"{name}: {turns.rounds} rounds of {turns.steps} steps; {load()}")
    print(f"  toolkit: {milliseconds(seconds['toolkit'])}")
    for other in by_hand:
        print(f"  {other}: {milliseconds(seconds[other])}")
        print(f"    toolkit / {other}: {ratio(seconds['toolkit'], seconds[other])}")
    end = clocks[0].epoch_end
    print(f"  toolkit, end of an epoch beside validation (csv, best, checkpoint): {end:.2f} s")


def digits_by_hand(data: Any) -> dict[str, Any]:
    """Return the convnet as a Keras user writes it."""

    def run(ticks: Ticks) -> None:
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1), dtype="uint8"),
                keras.layers.Rescaling(1 / 255),
                keras.layers.Conv2D(32, 3, activation="relu"),
                keras.layers.MaxPooling2D(),
                keras.layers.Conv2D(64, 3, activation="relu"),
                keras.layers.MaxPooling2D(),
                keras.layers.Flatten(),
                keras.layers.Dropout(0.5),
                keras.layers.Dense(10),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"], jit_compile=False)
        arrays = data.train.arrays
        (name,) = data.spec.inputs
        batches = tf.data.Dataset.from_tensor_slices((arrays[name], arrays["label"]))
        batches = batches.shuffle(len(arrays["label"]), seed=1).batch(BATCH, drop_remainder=True)
        train(model, batches, ticks)

    return {"by hand": run}


def train(model: keras.Model, batches: Any, ticks: Ticks) -> None:
    """Train by Keras's ``fit``."""
    batches = batches.repeat().prefetch(tf.data.AUTOTUNE)
    steps = ticks.turns.total
    model.fit(batches, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[ticks])


def words_by_hand(data: Any) -> dict[str, Any]:
    """Return the language model as a Keras user writes it, with Keras's own loss."""

    def run(ticks: Ticks) -> None:
        network, embedding = recurrent_network(len(data.spec.target.vocabulary))
        logits = embedding(network.output, reverse=True)
        model = keras.Model(network.input, logits)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.AdamW(3e-3), loss, jit_compile=False)
        train(model, streams(data), ticks)

    return {"by hand, Keras's loss": run}


def fused_by_hand(data: Any) -> dict[str, Any]:
    """Return the language model in a small train step that calls the toolkit's loss.

    Against it the toolkit's overhead shows alone.
    """

    class Fused(keras.Model):
        def __init__(self, network: keras.Model, embedding: keras.layers.Layer):
            super().__init__()
            self.network, self.embedding = network, embedding
            self.mean = keras.metrics.Mean("loss")

        def train_step(self, batch: Any) -> dict[str, Any]:
            x, y = batch
            rows = STREAMS * LENGTH
            with tf.GradientTape() as tape:
                hidden = tf.reshape(self.network(x, training=True), (rows, UNITS))
                matrix, labels = self.embedding.embeddings, tf.reshape(y, [rows])
                loss = linear_cross_entropy(
                    hidden, matrix, None, labels, tf.ones([rows]), transposed=True
                )
                loss /= rows
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            self.mean.update_state(loss)
            return {"loss": self.mean.result()}

    def run(ticks: Ticks) -> None:
        model = Fused(*recurrent_network(len(data.spec.target.vocabulary)))
        model.built = True
        model.compile(keras.optimizers.AdamW(3e-3), jit_compile=False)
        train(model, streams(data), ticks)

    return {"by hand, toolkit's loss": run}


def recurrent_network(words: int) -> tuple[keras.Model, keras.layers.Layer]:
    """Return stock Keras layers from words to features, and the embedding."""
    keras.utils.set_random_seed(1)
    tokens = keras.Input(batch_shape=(STREAMS, LENGTH), dtype="int32")
    embedding = keras.layers.ReversibleEmbedding(words, UNITS)
    x = keras.layers.Dropout(DROPOUT)(embedding(tokens))
    unroll = not tf.config.list_physical_devices("GPU")
    for _ in range(2):
        x = keras.layers.GRU(UNITS, return_sequences=True, stateful=True, unroll=unroll)(x)
        x = keras.layers.Dropout(DROPOUT)(x)
    return keras.Model(tokens, x), embedding


def streams(data: Any) -> Any:
    """Return batches ``(20, 35)`` of contiguous streams, and of what follows each word."""
    (words,) = data.train.arrays.values()
    steps = (len(words) // STREAMS - 1) // LENGTH
    rows = np.asarray(words[: len(words) // STREAMS * STREAMS]).reshape(STREAMS, -1)

    def cut(part: np.ndarray) -> np.ndarray:
        return part.reshape(STREAMS, steps, LENGTH).swapaxes(0, 1)

    x, y = rows[:, : steps * LENGTH], rows[:, 1 : steps * LENGTH + 1]
    return tf.data.Dataset.from_tensor_slices((cut(x), cut(y)))


if __name__ == "__main__":
    main()
