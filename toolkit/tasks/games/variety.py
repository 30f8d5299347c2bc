"""How much generated images differ from each other, beside real ones."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from toolkit import replicas

MOST = 500
"""Images of a batch, at most, that are held against each other."""
LEAST = 1e-6
"""Added to what is divided, so that what one image comes to divided by another's is 1."""


def variety(fake: Any, real: Any, condition: Any, weight: Any) -> dict[str, Any]:
    """Return how generated images of a batch vary, as a share of how real ones do, scalars by name.

    ``diversity`` is of the deviation of their pixels: about 0 where all are one image. ``spacing``
    is of the mean distance from each to the nearest other one, of its class where they have any:
    about 0 where there are few that come again and again, which may deviate as much as real ones.

    Args:
        fake: Generated images, shape ``(batch, height, width, channels)``.
        real: As many real ones, likewise.
        condition: Their classes as zeros and a one, ``(batch, classes)``, or None.
        weight: Shape ``(batch,)``; what counts nothing has no distance.
    """
    fake, real = (replicas.whole(tf.cast(images, "float32"))[0] for images in (fake, real))
    counts = replicas.whole(weight)[0][:MOST] > 0
    alike = counts[:, None] & counts
    if condition is not None:
        classes = replicas.whole(condition)[0][:MOST]
        alike &= tf.matmul(classes, classes, transpose_b=True) > 0.5
    pairs = tf.linalg.set_diag(alike, tf.zeros_like(counts))
    return {
        "diversity": _deviation(fake) / _deviation(real),
        "spacing": _distance(fake[:MOST], pairs) / _distance(real[:MOST], pairs),
    }


def _deviation(images: Any) -> Any:
    """Return the deviation of a pixel from image to image, the mean over pixels, a scalar."""
    return tf.reduce_mean(tf.math.reduce_std(images, axis=0)) + LEAST


def _distance(images: Any, pairs: Any) -> Any:
    """Return the distance from an image to the nearest other, the mean over images, a scalar.

    Args:
        images: Shape ``(images, …)``.
        pairs: Which are held against each other, bool, ``(images, images)``; an image that has no
            other one is left out.
    """
    rows = tf.reshape(images, (tf.shape(images)[0], -1))
    squares = tf.reduce_sum(tf.square(rows), axis=1)
    squares = squares[:, None] + squares - 2 * tf.matmul(rows, rows, transpose_b=True)
    nearest = tf.reduce_min(tf.where(pairs, tf.maximum(squares, 0.0), float("inf")), axis=1)
    known = tf.math.is_finite(nearest)
    total = tf.reduce_sum(tf.where(known, tf.sqrt(nearest), 0.0))
    return tf.math.divide_no_nan(total, tf.reduce_sum(tf.cast(known, "float32"))) + LEAST
