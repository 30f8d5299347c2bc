"""What a denoising autoencoder has to take away again."""

from __future__ import annotations

from typing import Any, Literal

from toolkit.lazy import tf

Noise = Literal["gaussian", "masking", "salt_and_pepper", "patch"]
"""``gaussian`` adds to each number, ``masking`` sets some to zero, ``salt_and_pepper`` sets some to
zero or one, ``patch`` sets a square of an image to zero."""

ON_IMAGES = ("salt_and_pepper", "patch")


def noisy(values: Any, noise: Noise, amount: float, seed: Any) -> Any:
    """Return values with noise, float32.

    Args:
        values: Shape ``(batch, …)``; images from 0 to 1.
        noise: Which.
        amount: Standard deviation for ``gaussian``; share of the numbers (of an image's pixels,
            whole) for ``masking`` and ``salt_and_pepper``; share of each side for ``patch``.
        seed: Shape ``(2,)``; the same gives the same.
    """
    shape = tf.shape(values)
    if noise == "gaussian":
        return values + amount * tf.random.stateless_normal(shape, seed)
    if values.shape.rank == 4:  # whole pixels, over all channels
        shape = tf.concat([shape[:3], [1]], 0)
    if noise == "patch":
        return tf.where(_square(shape, amount, seed), 0.0, values)
    draw = tf.random.stateless_uniform(shape, seed)
    hit = draw < amount
    if noise == "masking":
        return tf.where(hit, 0.0, values)
    return tf.where(hit, tf.cast(draw < amount / 2, "float32"), values)


def _square(shape: Any, amount: float, seed: Any) -> Any:
    """Return where a square lies, ``(batch, height, width, 1)``, one in each image."""
    sides = tf.cast(tf.round(amount * tf.cast(shape[1:3], "float32")), "int32")
    room = tf.cast(shape[1:3] - sides + 1, "float32")
    corner = tf.random.stateless_uniform((shape[0], 2), seed) * room
    corner = tf.cast(corner, "int32")

    def within(axis: int) -> Any:
        place = tf.range(shape[1 + axis])[None]
        first = corner[:, axis, None]
        return (place >= first) & (place < first + sides[axis])

    return (within(0)[:, :, None] & within(1)[:, None, :])[..., None]
