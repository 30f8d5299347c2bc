"""Networks that tell hidden tokens, and how they are trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from toolkit.data.spec import Spec
from toolkit.losses import linear_cross_entropy
from toolkit.models.network import Features, build_network
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.objective import Objective


class TokenHead:
    """From a network's features to logits of tokens, as BERT has it.

    A dense layer with GELU, a layer normalization, then the embedding turned round and a bias; a
    dense layer where there is no embedding to share.

    Args:
        embedding: What the output layer shares, or None.
        width: Of the features.
        vocabulary: How many tokens there are.
        name: In front of the layers' names.
    """

    def __init__(self, embedding: Any, width: int, vocabulary: int, name: str = "head"):
        self.embedding = embedding
        width = width if embedding is None else embedding.output_dim
        self.dense = keras.layers.Dense(width, activation="gelu", name=f"{name}_dense")
        self.norm = keras.layers.LayerNormalization(name=f"{name}_norm")
        # A bias by itself: Keras has no layer that holds one and nothing more.
        self.bias = keras.layers.Dense(
            vocabulary, use_bias=False, kernel_initializer="zeros", name=f"{name}_bias"
        )
        self.output = keras.layers.Dense(vocabulary, name=name) if embedding is None else None

    @property
    def layers(self) -> list[Any]:
        """The layers that belong to the head alone."""
        last = self.bias if self.output is None else self.output
        return [self.dense, self.norm, last]

    def hidden(self, x: Any) -> Any:
        """Return what the output layer reads, for features of any positions."""
        return self.norm(self.dense(x))

    def logits(self, x: Any) -> Any:
        """Return the logits, shape ``(..., vocabulary)``."""
        hidden = self.hidden(x)
        if self.output is not None:
            return self.output(hidden)
        one = keras.ops.ones_like(hidden[..., :1])
        return self.embedding(hidden, reverse=True) + self.bias(one)

    def cross_entropies(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any]:
        """Return the weighted sum of the cross entropies, and the likeliest token of each row.

        Args:
            x: Features, shape ``(rows, width)``.
            y: Ids, shape ``(rows,)``.
            weight: What each row counts, shape ``(rows,)``.
        """
        tied = self.output is None
        kernel = self.embedding.embeddings if self.output is None else self.output.kernel
        bias = self.bias.kernel[0] if self.output is None else self.output.bias
        return linear_cross_entropy(
            self.hidden(x), kernel, bias, y, weight, transposed=tied, guesses=True
        )


class MaskedObjective(Objective):
    """An objective that tells what stood at some positions of each example.

    Args:
        network: From token ids to features, and for pairs the logits of whether they follow.
        head: Turns features into logits of tokens.
        task: The task.
        target: The ``Field`` that is learned.
        accumulate: Parts of a batch, see ``Objective``.
    """

    def __init__(
        self, network: keras.Model, head: TokenHead, task: Any, target: Any, *, accumulate: int = 1
    ):
        super().__init__(network, task, target, accumulate=accumulate)
        self.head = head
        self.head_layers = head.layers

    def loss_sum(self, x: Any, y: Any, weight: Any, training: bool) -> tuple[Any, Any]:
        """Return the sum of the losses, and the guesses: tokens, and whether texts follow.

        What is told of pairs counts as much as all hidden tokens together.
        """
        x = dict(x)
        positions = x.pop("positions")
        features, *follows = tf.nest.flatten(self(x, training=training))
        at = tf.gather(features, positions, batch_dims=1)
        loss, guesses = self.head.cross_entropies(
            tf.reshape(at, (-1, at.shape[-1])),
            tf.reshape(y["tokens"], [-1]),
            tf.reshape(weight, [-1]),
        )
        outputs = {"tokens": tf.reshape(guesses, tf.shape(positions))}
        if follows:
            logits = tf.cast(follows[0], "float32")
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y["follows"], logits)
            # A row counts what its hidden tokens count: the batch's mean is that over its rows.
            loss += tf.reduce_sum(losses * tf.reduce_sum(weight, axis=1))
            outputs["follows"] = tf.argmax(logits, axis=1, output_type="int32")
        return loss, outputs

    def update_metrics(self, y: Any, outputs: Any, weight: Any) -> None:
        """Count the tokens, and the pairs, that were told right."""
        right = tf.cast(y["tokens"] == outputs["tokens"], "float32")
        self.task_metrics["accuracy"].update_state(right, sample_weight=weight)
        if "follows" in outputs:
            right = tf.cast(y["follows"] == outputs["follows"], "float32")
            counts = tf.cast(tf.reduce_sum(weight, axis=1) > 0, "float32")
            metric = self.task_metrics["next_sentence_accuracy"]
            metric.update_state(right, sample_weight=counts)


def masked(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build a masked language model."""
    inputs, features = build_network(spec.inputs, **description(model))
    field = spec.input
    head = TokenHead(features.embedding, features.x.shape[-1], len(field.vocabulary or ()))
    inference = saved(model, inputs, head.logits(features.x))
    outputs, beside = [features.x], {}
    if task.next_sentence:
        follows = next_sentence(features)
        outputs.append(follows)
        beside["next_sentence"] = saved({"name": "next_sentence"}, inputs, follows)
    network = keras.Model(inputs, outputs if beside else features.x, name="network")
    objective = MaskedObjective(network, head, task, spec.target, accumulate=sizes.accumulate)
    return Built(objective, inference, features.stages, beside=beside)


def next_sentence(features: Features) -> Any:
    """Return logits of whether the second text follows, of the first position, ``(batch, 2)``."""
    width = features.x.shape[-1]
    pooled = keras.layers.Dense(width, activation="tanh", name="pooler")(features.x[:, 0])
    return keras.layers.Dense(2, dtype="float32", name="next_sentence")(pooled)
