"""One update of one side of a game: what the steps of all networks that play have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from toolkit import replicas
from toolkit.tasks.gradients import added, cut, met, norm_of, update

Told = dict[str, Any]
"""What is told of a batch by name, one number for each example or one for all."""
Begin = Callable[[Any], Any]
"""What a part of a batch needs and no gradient flows through."""
Lost = Callable[[Any, Any], tuple[Any, Told]]
"""From a part of a batch, and what it began with, to the loss of each example and what is told."""


def ready(own: Any, networks: Sequence[keras.Model]) -> Any:
    """Return a side's ``Update`` with its optimizer built, and with a loss scale where one is due.

    Args:
        own: The ``Update`` of a side that Keras's ``compile`` knows nothing of.
        networks: What it updates.
    """
    half = keras.config.dtype_policy().name == "mixed_float16"
    scales = isinstance(own.optimizer, keras.optimizers.LossScaleOptimizer)
    if half and not scales and own.optimizer.loss_scale_factor is None:
        # As Keras's compile has done to the first side's.
        own = replace(own, optimizer=keras.optimizers.LossScaleOptimizer(own.optimizer))
    own.optimizer.build(weights_of(networks))
    return own


def weights_of(networks: Sequence[keras.Model]) -> list[Any]:
    """Return what is trained of networks, in order."""
    return [variable for network in networks for variable in network.trainable_variables]


def turn(
    optimizer: Any,
    networks: Sequence[keras.Model],
    batch: Any,
    lost: Lost,
    tell: Callable[[Told, Any], None],
    *,
    begin: Begin = lambda part: None,
    parts: int = 1,
    when: Any = True,
) -> Any:
    """Update a side of the game once by a batch, and return its gradients' norm.

    Args:
        optimizer: The side's, built.
        networks: The side's: they alone are changed.
        batch: Nested tensors over its examples; the weight, shape ``(batch,)``, comes last.
        lost: What the side loses by a part.
        tell: Takes note of what is told and of the part's weights.
        begin: Makes what ``lost`` needs and no gradient flows through.
        parts: Parts of the batch whose gradients are summed before the update.
        when: Whether the update is made, a bool tensor; else the weights stay as they are.
    """
    variables = weights_of(networks)
    total, whole = replicas.total(tf.reduce_sum(batch[-1])), 0.0
    gradients: list[Any] = []
    for part in cut(batch, parts):
        begun = begin(part)
        with tf.GradientTape() as tape:
            losses, told = lost(part, begun)
            loss = tf.math.divide_no_nan(tf.reduce_sum(losses * part[-1]), total)
            loss += regularization(networks) / (parts * replicas.count())
            scaled = optimizer.scale_loss(loss)
        found = tape.gradient(scaled, variables)
        gradients = added(gradients, found) if gradients else found
        whole += loss
        tell(told, part[-1])
    whole, gradients = met(whole, gradients)
    norm = norm_of(gradients, optimizer)
    sound = tf.math.is_finite(whole) & tf.math.is_finite(norm)
    update(optimizer, gradients, variables, sound, when)
    return norm


def regularization(networks: Sequence[keras.Model]) -> Any:
    """Return what the layers of networks add to their loss."""
    terms = [tf.cast(v, "float32") for network in networks for v in network.losses]
    return tf.add_n([tf.constant(0.0), *terms])


def right(real: Any, fake: Any, edge: float) -> Any:
    """Return the share of right verdicts on each real example and the generated one beside it.

    Args:
        real: Logits of the real ones, shape ``(batch, …)``.
        fake: Logits of the generated ones.
        edge: The logit above which an example is taken for real.
    """
    verdicts = [tf.cast(t, "float32") for t in (real > edge, fake <= edge)]
    both = tf.concat([tf.reshape(t, (tf.shape(t)[0], -1)) for t in verdicts], axis=1)
    return tf.reduce_mean(both, axis=1)


def tell(metric: Any, values: Any, weight: Any) -> None:
    """Add what is told of a batch to its mean.

    Args:
        metric: A mean.
        values: Shape ``(batch,)``, or a scalar that counts for each example.
        weight: Shape ``(batch,)``.
    """
    metric.update_state(tf.broadcast_to(values, tf.shape(weight)), sample_weight=weight)
