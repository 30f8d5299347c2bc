"""Gradients of parts of a batch: cut, added, measured and applied."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from toolkit import replicas


def update(
    optimizer: Any, gradients: list[Any], variables: list[Any], finite: Any, when: Any = True
) -> None:
    """Apply gradients, unless the loss or they are no numbers: then the weights stay.

    Args:
        optimizer: Applies them.
        gradients: One for each variable, or None.
        variables: What is updated.
        finite: Whether loss and gradients are numbers.
        when: Whether there is to be an update at all, True or a bool tensor.
    """
    if not hasattr(optimizer, "inner_optimizer"):
        replicas.apply_if(finite & when, optimizer, gradients, variables)
    elif when is True:  # a loss scale skips such steps itself
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
    else:
        replicas.apply_if(when, optimizer, gradients, variables)


def cut(batch: Any, parts: int, weights: int = 1) -> list[Any]:
    """Return a batch in so many parts.

    Of a batch with fewer examples than parts each part has all, which count one part in so many.

    Args:
        batch: A tuple of nested tensors (or None) over the examples.
        parts: How many.
        weights: How many of the tuple, from its end, say what examples count.
    """
    if parts == 1:
        return [batch]
    size = tf.shape(tf.nest.flatten(batch)[0])[0]
    few = size < parts
    share = tf.where(few, 1 / parts, 1.0)
    edges = [size * i // parts for i in range(parts + 1)]

    def part(start: Any, stop: Any) -> tuple[Any, ...]:
        start, stop = tf.where(few, 0, start), tf.where(few, size, stop)
        rows = tf.nest.map_structure(lambda t: None if t is None else t[start:stop], batch)
        return (*rows[:-weights], *(w * tf.cast(share, w.dtype) for w in rows[-weights:]))

    return [part(start, stop) for start, stop in zip(edges, edges[1:], strict=False)]


def met(loss: Any, gradients: list[Any]) -> tuple[Any, list[Any]]:
    """Return a loss and gradients summed over replicas, all dense.

    The gradient of an embedding lists a row as often as its token was read. Keras's optimizers
    would square, and norms and clipping measure, what is listed in place of its sum, so that Adam
    took other steps than with a gradient whose parts were added.
    """
    loss, gradients = replicas.meet((loss, gradients))
    return loss, [None if g is None else tf.convert_to_tensor(g) for g in gradients]


def norm_of(gradients: list[Any], optimizer: Any = None) -> Any:
    """Return the norm of all gradients together, in float32 whatever their types.

    Args:
        gradients: One for each variable, or None.
        optimizer: By whose scale the loss was multiplied that they are of; None: by none.
    """
    norm = tf.linalg.global_norm([tf.cast(g, "float32") for g in gradients if g is not None])
    return norm if optimizer is None else norm / optimizer.scale_loss(tf.constant(1.0))


def added(gradients: list[Any], more: list[Any]) -> list[Any]:
    """Add gradients pair by pair, sparse ones as dense."""
    return [
        a if b is None else b if a is None else tf.convert_to_tensor(a) + tf.convert_to_tensor(b)
        for a, b in zip(gradients, more, strict=True)
    ]
