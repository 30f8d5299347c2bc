"""A language model that writes token by token and keeps what it has computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.blocks.state import CarriedState
from toolkit.data.spec import Spec
from toolkit.models.network import build_network
from toolkit.models.twins import copy_weights
from toolkit.tasks.built import description
from toolkit.undisturbed import undisturbed


class TokenWriter:
    """Reads a prompt at once and then each token as it is drawn.

    The network is made again in a form that takes recurrent states, and the keys and values of
    earlier tokens, as inputs. Where it has these, as many tokens can be looked back at as the
    windows had that it was trained on.

    Args:
        model: A model file's description.
        spec: What the network reads.
        task: The language modelling task, which has met the network.
    """

    def __init__(self, model: Mapping[str, Any], spec: Spec, task: Any):
        self.state = state = CarriedState(cache=task.sequence_length)
        with undisturbed():
            inputs, features = build_network(
                spec.inputs, **description(model), mask=False, state=state
            )
            last = keras.ops.expand_dims(features.x[:, -1], 1)
            logits = task.head(replace(features, x=last), spec.target)
        places = [] if state.positions is None else [state.positions]
        entries = [*inputs.values(), *places, *state.inputs]
        self.network = keras.Model(entries, [logits, *state.outputs])
        self.bound = None if state.positions is None else state.cache
        self._turn = tf.function(
            self._read,
            input_signature=[
                tf.TensorSpec((None, None), "int32"),
                tf.TensorSpec((), "int32"),
                [tf.TensorSpec((None, *t.shape[1:]), t.dtype) for t in state.inputs],
            ],
        )

    def take(self, source: keras.Model) -> None:
        """Take the weights of the network that a run saves."""
        copy_weights(source, self.network)

    def write(
        self,
        prompt: np.ndarray,
        length: int,
        draw: Callable[[np.ndarray], np.ndarray],
    ) -> Iterator[np.ndarray]:
        """Give the tokens that follow a prompt, one step after another.

        Args:
            prompt: Shape ``(n, tokens)``, at least one token.
            length: Steps.
            draw: From logits ``(n, vocabulary)`` to tokens ``(n,)``.

        Yields:
            Shape ``(n,)``, int32.
        """
        text = np.asarray(prompt, "int32")
        new = text if self.bound is None else text[:, -self.bound :]
        read, states = 0, self._nothing(len(text))
        for _ in range(length):
            if self.bound is not None and read + new.shape[1] > self.bound:
                new = text[:, -max(self.bound // 2, 1) :]
                read, states = 0, self._nothing(len(text))
            logits, states = self._turn(tf.constant(new), tf.constant(read), states)
            read += new.shape[1]
            tokens = draw(logits.numpy())
            new = tokens[:, None]
            if self.bound is not None:
                text = np.concatenate([text[:, -self.bound :], new], axis=1)
            yield tokens

    def _nothing(self, rows: int) -> list[Any]:
        """Return the states before the first token."""
        return [tf.zeros((rows, *t.shape[1:]), t.dtype) for t in self.state.inputs]

    def _read(self, tokens: Any, read: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Return the logits after the last token, float32, and the states."""
        places = [] if self.bound is None else [tf.fill([tf.shape(tokens)[0]], read)]
        logits, *after = tf.nest.flatten(self.network([tokens, *places, *states], training=False))
        return tf.cast(logits[:, -1], "float32"), after
