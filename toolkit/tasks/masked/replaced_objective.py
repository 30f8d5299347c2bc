"""A network that tells replaced tokens, and the generator that replaces them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import keras_hub
import tensorflow as tf

from toolkit.data.spec import Field, Spec
from toolkit.models.network import build_network
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.masked.masked_objective import TokenHead
from toolkit.tasks.objective import Objective


class ReplacedObjective(Objective):
    """An objective that trains a generator and the network that tells what it has put in.

    What the generator chooses follows from the batch's ``draws``; no gradient flows through it.

    Args:
        network: From token ids to a logit for each position.
        generator: From token ids to logits of tokens at each position, cut in two: the network to
            the features, whose output layer is ``head``.
        head: Turns the generator's features into logits of tokens.
        task: The task.
        target: The ``Field`` that is learned.
        accumulate: Parts of a batch, see ``Objective``.
    """

    def __init__(
        self,
        network: keras.Model,
        generator: keras.Model,
        head: TokenHead,
        task: Any,
        target: Any,
        *,
        accumulate: int = 1,
    ):
        super().__init__(network, task, target, accumulate=accumulate)
        self.generator = generator
        self.head = head
        self.head_layers = head.layers

    def loss_sum(self, x: Any, y: Any, weight: Any, training: bool) -> tuple[Any, Any]:
        """Return the sum of both losses, and what was told."""
        x = dict(x)
        positions, draws = x.pop("positions"), x.pop("draws")
        ((name, ids),) = x.items()
        features = self.generator(x, training=training)
        logits = self.head.logits(tf.gather(features, positions, batch_dims=1))
        logits = tf.cast(logits, "float32")
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y["tokens"], logits)
        chosen = tf.where(weight > 0, drawn(tf.stop_gradient(logits), draws), y["tokens"])
        rows = tf.broadcast_to(tf.range(tf.shape(ids)[0])[:, None], tf.shape(positions))
        places = tf.stack([rows, positions], -1)
        given = tf.tensor_scatter_nd_update(ids, places, chosen)
        changed = tf.cast((chosen != y["tokens"]) & (weight > 0), "float32")
        truth = tf.tensor_scatter_nd_update(tf.zeros_like(y["counts"]), places, changed)
        found = tf.cast(self({name: given}, training=training), "float32")
        told = tf.nn.sigmoid_cross_entropy_with_logits(truth, found)
        loss = tf.reduce_sum(losses * weight)
        loss += self.task.weight * tf.reduce_sum(told * y["counts"])
        right = tf.argmax(logits, axis=-1, output_type="int32") == y["tokens"]
        return loss, {"truth": truth, "replaced": tf.sigmoid(found), "right": right}

    def update_metrics(self, y: Any, outputs: Any, weight: Any) -> None:
        """Count what was told of each token, and what the generator told of the hidden ones."""
        counts = tf.cast(y["counts"] > 0, "float32")
        for name, metric in self.task_metrics.items():
            if name == "generator_accuracy":
                metric.update_state(tf.cast(outputs["right"], "float32"), sample_weight=weight)
            else:
                metric.update_state(
                    tf.reshape(outputs["truth"], [-1]),
                    tf.reshape(outputs["replaced"], [-1]),
                    sample_weight=tf.reshape(counts, [-1]),
                )


def drawn(logits: Any, draws: Any) -> Any:
    """Return ids drawn by their probabilities.

    Args:
        logits: Shape ``(..., vocabulary)``.
        draws: Between 0 and 1, shape ``(...)``: the id is the one in whose part of the summed
            probabilities the draw falls.
    """
    summed = tf.cumsum(tf.nn.softmax(logits), axis=-1)
    below = tf.reduce_sum(tf.cast(summed <= draws[..., None], "int32"), axis=-1)
    return tf.minimum(below, tf.shape(logits)[-1] - 1)


def replaced(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build a network that tells replaced tokens, and its generator."""
    inputs, features = build_network(spec.inputs, **description(model))
    width, field = features.x.shape[-1], spec.input
    x = keras.layers.Dense(width, activation="gelu", name="head_dense")(features.x)
    logits = keras.layers.Dense(1, dtype="float32", name="head")(x)[..., 0]
    network = keras.Model(inputs, logits, name="network")
    units = task.generator_units or max(32, width // 4)
    generator = generator_network(task, spec, units, features.embedding)
    head = TokenHead(features.embedding, units, len(field.vocabulary or ()), "generator_head")
    told = head.logits(generator.output)
    beside = {"generator": keras.Model(generator.inputs[0], told, name="generator")}
    objective = ReplacedObjective(
        network, generator, head, task, spec.target, accumulate=sizes.accumulate
    )
    return Built(objective, saved(model, inputs, logits), features.stages, beside=beside)


def generator_network(task: Any, spec: Spec, units: int, embedding: Any) -> keras.Model:
    """Return a small Transformer encoder, from token ids to features ``(batch, length, units)``.

    Args:
        task: How large it is.
        spec: The input.
        units: Width of the features.
        embedding: The token embedding that it shares; None gives it one of its own.
    """
    ((name, field),) = spec.inputs.items()
    entry = keras.Input((None,), dtype=field.dtype, name=name)
    if embedding is None:
        embedding = keras.layers.Embedding(_rows(field), units, name="generator_embedding")
    x = keras.layers.Dense(units, name="generator_entry")(embedding(entry))
    x = x + keras_hub.layers.PositionEmbedding(task.length, name="generator_positions")(x)
    x = keras.layers.LayerNormalization(name="generator_norm")(x)
    x = keras.layers.Dropout(task.generator_dropout, name="generator_dropout")(x)
    real = keras.ops.not_equal(entry, field.pad)
    for number in range(task.generator_layers):
        x = keras_hub.layers.TransformerEncoder(
            4 * units,
            task.generator_heads or max(1, units // 64),
            dropout=task.generator_dropout,
            activation="gelu",
            name=f"generator_layer_{number}",
        )(x, padding_mask=real)
    return keras.Model({name: entry}, x, name="generator_features")


def _rows(field: Field) -> int:
    return len(field.vocabulary or ())
