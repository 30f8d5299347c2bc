"""A trained encoder and decoder that write texts, keeping what they have computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.blocks.state import CarriedState
from toolkit.data.pipeline import example_batches
from toolkit.data.shares import shared
from toolkit.data.spec import Spec, Split
from toolkit.models.twins import copy_weights, lent_weights
from toolkit.replicas import scope
from toolkit.tasks.writing.decoding import Decoding, Written, write
from toolkit.undisturbed import undisturbed

FEWEST = 1
"""Positions that a cache has at least."""


class Writer:
    """Writes what a network of an encoder and a decoder makes of texts.

    The networks are made again in a form that reads a text once and then writes a token at a time,
    with cached keys, values and states; they take the trained weights each time.

    Args:
        build: Makes, from a ``CarriedState``, the inputs and the logits of such a network.
        spec: What is read and written.
        trained: The network whose weights are taken: that which is saved.
    """

    def __init__(
        self,
        build: Callable[[CarriedState], tuple[dict[str, Any], dict[str, Any], Any]],
        spec: Spec,
        trained: keras.Model,
    ):
        self.build, self.spec, self.trained = build, spec, trained
        self.special: dict[str, int] = spec.target.special or {}
        self.strategy: Any = None
        self._made: dict[int, tuple[keras.Model, keras.Model, keras.Model, CarriedState]] = {}
        self._graphs: dict[Decoding, Any] = {}

    def share(self, strategy: Any) -> None:
        """Have the replicas of a strategy share the texts; those that are drawn one device writes.

        Replicas would draw the same numbers, each for its share.
        """
        self.strategy = strategy
        self._made.clear()
        self._graphs.clear()

    def __call__(
        self,
        split: Split,
        options: Decoding,
        *,
        batch_size: int = 128,
        seed: int | None = None,
        versions: int = 1,
    ) -> tuple[list[list[list[int]]], np.ndarray]:
        """Return texts for the examples of a split, in order.

        Texts of similar length are written side by side.

        Args:
            split: Rows of token ids under the input's name.
            options: How they are written.
            batch_size: Texts at a time.
            seed: Of what is drawn; None draws anew.
            versions: Texts drawn of each example, where tokens are drawn.

        Returns:
            For each example its texts as ids, without marks, the best first; and their scores,
            ``(examples, texts)``.
        """
        copy_weights(self.trained, self._networks(options)[0])
        graph = self._graph(options, seed)
        (name,) = self.spec.inputs
        rows: Any = split.arrays[name]
        number = len(rows)
        order = np.argsort(rows.lengths, kind="stable")
        texts: list[Any] = [None] * number
        scores: list[Any] = [None] * number
        part = Split({name: rows[order]})
        spec = Spec(self.spec.inputs, {})
        place = 0
        for x, _, _ in example_batches(part, spec, batch_size).once():
            tokens = tf.repeat(x[name], versions, axis=0)
            ids, score = graph(tokens)
            count = x[name].shape[0]
            ids = ids.numpy().reshape(count, -1, ids.shape[-1])
            score = score.numpy().reshape(count, -1)
            for i in range(count):
                which = np.argsort(-score[i], kind="stable")
                texts[order[place + i]] = [self._words(ids[i, k]) for k in which]
                scores[order[place + i]] = score[i, which]
            place += count
        return texts, np.array(scores)

    def _words(self, ids: np.ndarray) -> list[int]:
        return [int(i) for i in ids if i != self.special.get("pad", 0)]

    def _networks(
        self, options: Decoding
    ) -> tuple[keras.Model, keras.Model, keras.Model, CarriedState]:
        """Return the whole network for texts of some length, and its parts: reader and writer."""
        length = options.max_length
        if length not in self._made:
            state = CarriedState(cache=max(length, FEWEST))
            with undisturbed(), scope(self.strategy):
                inputs, written, logits = self.build(state)
            entries = [*state.inputs, *state.kept]
            entries += [] if state.positions is None else [state.positions]
            outputs = [logits, *state.outputs]
            whole = keras.Model(
                [*inputs.values(), *written.values(), *entries], [*outputs, *state.sources]
            )
            reader = keras.Model(list(inputs.values()), list(state.sources))
            step = keras.Model([*written.values(), *entries], outputs)
            self._made[length] = whole, reader, step, state
        return self._made[length]

    def _graph(self, options: Decoding, seed: int | None) -> Any:
        """Return a function from token ids to texts and scores."""
        if options in self._graphs and seed is None:
            return self._graphs[options]
        sampler = options.sampler(seed, self._networks(options)[2].outputs[0].shape[-1])
        graph = self._steps(options, sampler)
        signature = [tf.TensorSpec((None, None), "int32")]
        if sampler is None and self.strategy is not None:
            made = shared(self.strategy, graph)
        else:
            made = tf.function(graph, input_signature=signature, autograph=False)
        if seed is None:
            self._graphs[options] = made
        return made

    def function(self, options: Decoding) -> tuple[Callable[[Any], tuple[Any, Any]], keras.Model]:
        """Return what writes in a graph, and the network by whose layers it does.

        Args:
            options: How texts are written; nothing is drawn.

        Returns:
            A function from ids ``(batch, time)`` to texts, ``(batch, beams, max_length)``, and
            their scores, which reads the trained network's variables; and the network.
        """
        whole, steps = self._networks(options)[0], self._steps(options)

        def written(tokens: Any) -> tuple[Any, Any]:
            with lent_weights(self.trained, whole):
                return steps(tokens)

        return written, whole

    def _steps(self, options: Decoding, sampler: Any = None) -> Callable[[Any], tuple[Any, Any]]:
        """Return a function from ids to texts ``(batch, beams, max_length)`` and their scores."""
        _, reader, network, state = self._networks(options)
        special = self.special

        def graph(tokens: Any) -> tuple[Any, Any]:
            rows = tf.shape(tokens)[0]
            total = rows * options.beams
            kept = tf.nest.flatten(reader([tokens], training=False))
            kept = [tf.repeat(tensor, options.beams, axis=0) for tensor in kept]
            first = [tf.zeros([total, *entry.shape[1:]], entry.dtype) for entry in state.inputs]

            def step(token: Any, before: Any, states: Any) -> tuple[Any, Any]:
                moved = states[: len(first)]
                held = states[len(first) :]
                place = [] if state.positions is None else [tf.fill([tf.shape(token)[0]], before)]
                logits, *after = tf.nest.flatten(
                    network([token, *moved, *held, *place], training=False)
                )
                return logits[:, -1], (*after, *held)

            found: Written = write(step, (*first, *kept), rows, special, options, sampler)
            free = options.max_length - tf.shape(found.ids)[2]  # shares are to be joined
            return tf.pad(found.ids, [[0, 0], [0, 0], [0, free]]), found.scores

        return graph
