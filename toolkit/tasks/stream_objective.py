"""Language models trained on streams, with recurrent state carried from batch to batch."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from toolkit.losses import linear_cross_entropy
from toolkit.tasks.objective import Objective


class StreamObjective(Objective):
    """An objective whose network takes and gives recurrent states.

    The states lie in variables of this objective, one set for training and one for evaluation, and
    are among what a checkpoint holds. An evaluation in the midst of training leaves the training
    states alone. The output layer and the loss are computed together, without holding the logits
    (``toolkit.losses.linear_cross_entropy``).

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
        super().__init__(network, task, target, accumulate=accumulate)
        self.output_layer = output_layer
        self.state_names = states
        widths = {t.name: t.shape[-1] for t in network.inputs if t.name in states}
        self.train_states = self._state_variables(widths, batch_size, "train")
        self.eval_states = self._state_variables(widths, eval_batch_size, "eval")

    def _state_variables(self, widths: dict[str, int], rows: int, part: str) -> list[Any]:
        return [
            self.add_weight(
                shape=(rows, widths[name]),
                initializer="zeros",
                trainable=False,
                name=f"{part}_{name}",
                dtype="float32",
            )
            for name in self.state_names
        ]

    @property
    def saved_weights(self) -> list[Any]:
        """The weights of the saved network, in its order: the output layer's last, unless tied."""
        tied = not isinstance(self.output_layer, keras.layers.Dense)
        return self.network.weights + ([] if tied else self.output_layer.weights)

    def begin(self, x: Any, training: bool) -> Any:
        """Add the carried states to the inputs, zeroed where an epoch begins."""
        x = dict(x)
        carry = x.pop("carry")[:, None]
        states = self.train_states if training else self.eval_states
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
        tied = not isinstance(self.output_layer, keras.layers.Dense)
        loss = linear_cross_entropy(
            tf.reshape(hidden, (-1, hidden.shape[-1])),
            self.output_layer.embeddings if tied else self.output_layer.kernel,
            None if tied else self.output_layer.bias,
            tf.reshape(y, [-1]),
            tf.reshape(weight, [-1]),
            transposed=tied,
        )
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

    def update_metrics(self, y: Any, outputs: Any, weight: Any) -> None:
        """Do nothing: perplexity follows from the loss."""

    def results(self) -> dict[str, Any]:
        """Return the mean cross entropy in nats and the perplexity."""
        loss = self.loss_mean.result()
        return {"loss": loss, "perplexity": tf.exp(loss)}
