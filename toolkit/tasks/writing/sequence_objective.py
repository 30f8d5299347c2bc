"""Networks that read a text and write another, and how they are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from toolkit.blocks.state import CarriedState
from toolkit.data.spec import Spec
from toolkit.models.network import Features, build_network
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.language.token_objective import TokenObjective
from toolkit.tasks.writing.writer import Writer


class SequenceObjective(TokenObjective):
    """An objective that tells each token of a text from another text and the tokens before it.

    ``loss`` is the cross entropy in nats a token, in training of smoothed labels where the task has
    ``label_smoothing``; ``perplexity`` is of labels as they are.

    Attributes:
        writer: Writes texts with the present weights.
    """

    writer: Writer

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self.entropy = keras.metrics.Mean("entropy")

    def loss_sum(self, x: Any, y: Any, weight: Any, training: bool) -> tuple[Any, Any]:
        """Return the weighted sum of the tokens' losses, and the features of each position."""
        hidden = self(x, training=training)
        real = tf.where(tf.reshape(weight, [-1]) > 0)[:, 0]  # padding would be computed for nothing
        rows = tf.gather(tf.reshape(hidden, (-1, hidden.shape[-1])), real)
        labels = tf.gather(tf.reshape(y, [-1]), real)
        counts = tf.gather(tf.reshape(weight, [-1]), real)
        loss = self.cross_entropies(rows, labels, counts)
        total = tf.reduce_sum(counts)
        self.entropy.update_state(tf.math.divide_no_nan(loss, total), sample_weight=total)
        if training and self.task.label_smoothing:
            loss += self.task.label_smoothing * self._evened(rows, labels, counts)
        return loss, hidden

    def _evened(self, rows: Any, labels: Any, counts: Any) -> Any:
        """Return what the cross entropies gain where labels are spread over all tokens evenly.

        The gain is the label's logit less the mean of all logits, which are linear in the features:
        no logits need be held.
        """
        layer = self.output_layer
        kernel = tf.convert_to_tensor(layer.embeddings if self.tied else layer.kernel)
        kernel = kernel if self.tied else tf.transpose(kernel)  # (tokens, width)
        kernel = tf.cast(kernel, rows.dtype)
        gain = tf.gather(kernel, labels) - tf.reduce_mean(kernel, 0)
        gains = tf.cast(tf.reduce_sum(rows * gain, -1), "float32")
        if not self.tied:
            bias = tf.convert_to_tensor(layer.bias)
            gains += tf.cast(tf.gather(bias, labels) - tf.reduce_mean(bias), "float32")
        return tf.reduce_sum(gains * counts)

    def results(self, training: bool) -> dict[str, Any]:
        """Return the mean loss in nats and the perplexity."""
        return {"loss": self.loss_mean.result(), "perplexity": tf.exp(self.entropy.result())}


def taught(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build an encoder and a decoder, trained on the right tokens so far (teacher forcing).

    Args:
        task: Output layer and loss.
        model: ``stem``, ``encoder`` and ``decoder``, as a model file has them.
        spec: What is read and written.
        sizes: What they are built for.
    """
    inputs, written, features = encoder_and_decoder(task, model, spec)
    hidden, layer = task.hidden(features), task.output_layer(features, spec.target)
    logits = task.head(features, spec.target, hidden, layer)
    entries = {**inputs, **written}
    network = keras.Model(entries, hidden, name="network")
    objective = SequenceObjective(network, layer, task, spec.target, accumulate=sizes.accumulate)
    inference = saved(model, entries, logits)
    objective.writer = writer_of(task, model, spec, inference)
    return Built(objective, inference, features.stages)


def writer_of(task: Any, model: Mapping[str, Any], spec: Spec, trained: keras.Model) -> Writer:
    """Return what writes texts with the weights of a network that :func:`taught` has built."""
    return Writer(partial(logits_of, task, model, spec), spec, trained)


def logits_of(
    task: Any, model: Mapping[str, Any], spec: Spec, state: Any
) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Return inputs of encoder and decoder, and logits, of a network that carries state."""
    inputs, written, features = encoder_and_decoder(task, model, spec, state)
    return inputs, written, task.head(features, spec.target)


def encoder_and_decoder(
    task: Any, model: Mapping[str, Any], spec: Spec, state: CarriedState | None = None
) -> tuple[dict[str, Any], dict[str, Any], Features]:
    """Return the encoder's inputs and the decoder's by name, and the decoder's features.

    Their stages are those of both.
    """
    inputs, memory = build_network(spec.inputs, **description(model, "encoder"))
    written, features = build_network(
        task.written(spec.target),
        **description(model, "decoder"),
        state=state,
        mask=False,  # what is written has no padding before its end
        memory=memory,
    )
    read = tuple(replace(stage, apart=True) for stage in memory.stages)
    return inputs, written, replace(features, stages=read + features.stages)
