"""Language models trained on streams, with recurrent state carried from batch to batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from toolkit import replicas
from toolkit.blocks.state import CarriedState
from toolkit.data.spec import Spec
from toolkit.models.network import build_network
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.language.token_objective import TokenObjective


class StreamObjective(TokenObjective):
    """An objective whose network takes and gives recurrent states.

    The states lie in variables of this objective, one set for training and one for evaluation, and
    are among what a checkpoint holds. An evaluation in the midst of training leaves the training
    states alone.

    Args:
        network: From token ids and states, by name, to ``[hidden, *states]``.
        states: Names of the states among the network's inputs, in the order of its outputs.
        output_layer: A built ``Dense`` or ``ReversibleEmbedding`` that would turn hidden to logits.
        task: The language modelling task.
        target: The ``Field`` that is learned.
        batch_size: Streams in training.
        eval_batch_size: Streams in evaluation.
        accumulate: Parts of a batch, see ``Objective``.
    """

    def __init__(
        self,
        network: keras.Model,
        states: list[str],
        output_layer: Any,
        task: Any,
        target: Any,
        *,
        batch_size: int,
        eval_batch_size: int,
        accumulate: int = 1,
    ):
        super().__init__(network, output_layer, task, target, accumulate=accumulate)
        self.state_names, self.rows = states, (batch_size, eval_batch_size)
        widths = {t.name: t.shape[-1] for t in network.inputs if t.name in states}
        self.train_states = self._state_variables(widths, batch_size, "train")
        self.eval_states = self._state_variables(widths, eval_batch_size, "eval")

    @property
    def carried(self) -> list[tuple[Any, int]]:
        """The states, of which each replica has those of its own rows, and the rows of all."""
        both = zip((self.train_states, self.eval_states), self.rows, strict=True)
        return [(state, rows) for states, rows in both for state in states]

    def _state_variables(self, widths: dict[str, int], rows: int, part: str) -> list[Any]:
        return [
            self.add_weight(
                shape=(-(-rows // replicas.count()), widths[name]),
                initializer="zeros",
                trainable=False,
                name=f"{part}_{name}",
                dtype="float32",
            )
            for name in self.state_names
        ]

    def begin(self, x: Any, training: bool) -> Any:
        """Add the carried states to the inputs, zeroed where an epoch begins."""
        states = self.train_states if training else self.eval_states
        rows = states[0].shape[0]  # several workers forget it on the way
        x = {name: tf.ensure_shape(t, (rows, *t.shape[1:])) for name, t in x.items()}
        carry = x.pop("carry")[:, None]
        for name, state in zip(self.state_names, states, strict=True):
            x[name] = tf.convert_to_tensor(state) * tf.cast(carry, state.dtype)
        return x

    def end(self, outputs: list[Any], training: bool) -> None:
        """Keep the states for the next batch."""
        states = self.train_states if training else self.eval_states
        for state, *parts in zip(states, *outputs, strict=True):
            state.assign(tf.concat(parts, 0) if len(parts) > 1 else parts[0])

    def loss_sum(self, x: Any, y: Any, weight: Any, training: bool) -> tuple[Any, Any]:
        """Return the weighted sum of the tokens' cross entropies, and the states after them."""
        hidden, *states = self(x, training=True) if training else self._read_on(x)
        loss = self.cross_entropies(hidden, y, weight)
        return loss, states

    def _read_on(self, x: Any) -> list[Any]:
        """Return what the network gives for several of its lengths of tokens, one after another.

        Evaluation reads one stream: so few rows that the output layer is best computed for many
        steps at once.
        """
        (entry,) = (t for t in self.network.inputs if t.name not in self.state_names)
        name, length, tokens = entry.name, entry.shape[1], x[entry.name]
        parts = tokens.shape[1] // length if tokens.shape[1] else tf.shape(tokens)[1] // length
        # Parts of one fixed shape: XLA knows no slice whose ends are computed.
        cut = tf.transpose(tf.reshape(tokens, (tokens.shape[0], -1, length)), (1, 0, 2))

        def read(part: Any, states: list[Any], hidden: Any) -> tuple[Any, list[Any], Any]:
            given = dict(zip(self.state_names, states, strict=True))
            given[name] = tf.gather(cut, part)
            out, *states = self(given, training=False)
            return part + 1, states, hidden.write(part, out)

        states = [x[state] for state in self.state_names]
        collected = tf.TensorArray(self.compute_dtype, size=parts)
        _, states, collected = tf.while_loop(
            lambda part, *_: part < parts, read, (0, states, collected), parallel_iterations=1
        )
        hidden = tf.transpose(collected.stack(), (1, 0, 2, 3))  # (rows, parts, length, width)
        return [tf.reshape(hidden, (tokens.shape[0], -1, hidden.shape[-1])), *states]


def streams(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build a language model in two forms: one that carries state, and the one that is saved."""
    target, build = spec.target, description(model)
    inputs, features = build_network(spec.inputs, **build, mask=False)
    inference = saved(model, inputs, task.finish(task.head(features, target)))

    state = CarriedState()
    length = sizes.length or task.sequence_length
    inputs, trained = build_network(spec.inputs, **build, mask=False, length=length, state=state)
    hidden, layer = task.hidden(trained), task.output_layer(trained, target)
    if not layer.built:
        layer.build(hidden.shape)
    entries = {**inputs, **{t.name: t for t in state.inputs}}
    objective = StreamObjective(
        keras.Model(entries, [hidden, *state.outputs], name="network"),
        [t.name for t in state.inputs],
        layer,
        task,
        target,
        batch_size=sizes.batch_size,
        eval_batch_size=sizes.eval_batch_size or 1,
        accumulate=sizes.accumulate,
    )
    return Built(objective, inference, features.stages, shared=False)
