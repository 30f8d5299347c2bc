"""Single steps of augmentation: what was drawn for each example goes in, the batch comes out.

Images are ``(batch, height, width, channels)`` of any numeric type, which they keep. ``u`` holds
uniform numbers from [0, 1), ``(batch, k)``. Everything is computed for the whole batch at once.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from toolkit.lazy import tf
from toolkit.types import Count, Fraction, NonNegative, Positive, PositiveInt, Probability

Fill = Literal["zero", "nearest", "reflect"]
Interpolation = Literal["bilinear", "nearest"]
AtLeastOne = Annotated[float, Field(ge=1)]


def flip(x: Any, u: Any, *, horizontal: bool = True, vertical: bool = False) -> Any:
    """Mirror every second image.

    Args:
        x: Images.
        u: Two uniform numbers each.
        horizontal: Swap left and right, in half of them.
        vertical: Swap top and bottom, in half of them.
    """
    if horizontal:
        x = tf.where(u[:, 0, None, None, None] < 0.5, tf.reverse(x, [2]), x)
    if vertical:
        x = tf.where(u[:, 1, None, None, None] < 0.5, tf.reverse(x, [1]), x)
    return x


def jitter(
    x: Any, u: Any, *, scale: AtLeastOne = 1.117, interpolation: Interpolation = "bilinear"
) -> Any:
    """Enlarge each image and cut its size out again, anywhere.

    Isola et al. 2017, arXiv:1611.07004.

    Args:
        x: Images.
        u: Two uniform numbers each.
        scale: How many times as high and as wide; 1.117 makes 286 pixels of 256, as pix2pix does.
        interpolation: Whether pixels between others are blended (``bilinear``) or the ``nearest``
            is taken, as it always is for label maps.
    """
    # One axis after the other: what enlarges rows and columns is a product of both.
    pixels = tf.cast(x, "float32")
    for axis in (1, 2):
        length = x.shape[axis]
        large = round(length * scale)
        first = tf.floor(u[:, axis - 1] * (large - length + 1))[:, None]
        at = (tf.range(length, dtype="float32") + first + 0.5) * (length / large)  # (batch, length)
        if interpolation == "nearest":
            pixels = _taken(pixels, tf.floor(at), axis)
            continue
        at = tf.clip_by_value(at - 0.5, 0.0, float(length - 1))
        low = tf.floor(at)
        share = (at - low)[:, :, None, None] if axis == 1 else (at - low)[:, None, :, None]
        before, after = _taken(pixels, low, axis), _taken(pixels, low + 1, axis)
        pixels = before + share * (after - before)
    return _as(pixels, x.dtype)


def crop(x: Any, u: Any, *, padding: Count = 4, fill: Fill = "zero") -> Any:
    """Pad each image on all sides and cut its size out again, anywhere (He et al. 2015).

    Args:
        x: Images.
        u: Two uniform numbers each.
        padding: Pixels on each side.
        fill: What is padded: zeros, the nearest pixel, or the mirrored image.
    """
    return _moved(x, _whole(u[:, 0], padding), _whole(u[:, 1], padding), fill)


def shift(
    x: Any, u: Any, *, height: Fraction = 0.1, width: Fraction = 0.1, fill: Fill = "nearest"
) -> Any:
    """Move each image by up to a share of its size, up or down and left or right.

    Args:
        x: Images.
        u: Two uniform numbers each.
        height: Largest move up or down, a share of the height.
        width: Largest move to either side, a share of the width.
        fill: What comes in at the edge: zeros, the nearest pixel, or the mirrored image.
    """
    rows, columns = int(x.shape[1] * height), int(x.shape[2] * width)
    return _moved(x, _whole(u[:, 0], rows), _whole(u[:, 1], columns), fill)


def cutout(x: Any, u: Any, *, size: PositiveInt = 8) -> Any:
    """Blank a square of each image (DeVries and Taylor 2017, arXiv:1708.04552).

    The square's middle is anywhere in the image, so it may lie partly outside.

    Args:
        x: Images.
        u: Two uniform numbers each.
        size: Side of the square, in pixels.
    """

    def inside(length: int, u: Any) -> Any:
        first = tf.cast(tf.floor(u * length), "int32") - size // 2
        at = tf.range(length)[None] - first[:, None]  # (batch, length)
        return (at >= 0) & (at < size)

    rows = inside(x.shape[1], u[:, 0])[:, :, None, None]
    columns = inside(x.shape[2], u[:, 1])[:, None, :, None]
    return tf.where(rows & columns, tf.zeros((), x.dtype), x)


def noise(x: Any, seeds: Any, *, stddev: NonNegative = 0.05) -> Any:
    """Add Gaussian noise.

    Args:
        x: Images, or arrays of numbers of any rank.
        seeds: A seed each, ``(batch, 2)``.
        stddev: Its size: for whole-numbered images a share of white, else in the data's own units.
    """
    spec = tf.TensorSpec(x.shape[1:], "float32")
    shape = tf.shape(x)[1:]
    drawn = tf.map_fn(
        lambda seed: tf.random.stateless_normal(shape, seed, alg="philox"),
        seeds,
        fn_output_signature=spec,
    )
    scale = x.dtype.max if x.dtype.is_integer else 1.0
    return _as(tf.cast(x, "float32") + drawn * stddev * scale, x.dtype)


def mixup(x: Any, y: Any, share: Any, *, alpha: Positive = 0.2) -> tuple[Any, Any]:
    """Blend each example and its label with another's (Zhang et al. 2018, arXiv:1710.09412).

    The other is the one at the opposite end of the batch.

    Args:
        x: Images or arrays of numbers.
        y: A share of each class, ``(batch, classes)`` float32, or a value.
        share: How much of the example itself is kept, ``(batch, 1)``, from Beta(alpha, alpha).
        alpha: The distribution's parameter; small values blend little.

    Returns:
        Blended examples, of the same type, and blended labels, float32.
    """
    del alpha  # used where `share` is drawn
    kept = tf.maximum(share, 1 - share)  # an example stays the larger part of itself

    def blend(a: Any) -> Any:
        a = tf.cast(a, "float32")
        by = tf.reshape(kept, [-1] + [1] * (a.shape.rank - 1))
        return by * a + (1 - by) * tf.reverse(a, [0])

    return _as(blend(x), x.dtype), blend(y)


def word_dropout(
    x: Any, seeds: Any, *, rate: Probability = 0.1, unknown: Count | None = None
) -> Any:
    """Replace words by the unknown word; padding (id 0) and the data's special tokens stay.

    Args:
        x: Token ids, ``(batch, length)``.
        seeds: A seed each, ``(batch, 2)``.
        rate: Share of the words that are replaced.
        unknown: Id of the unknown word; null: the data's, or 1 where it names none.
    """
    length = tf.shape(x)[1]
    drawn = tf.map_fn(
        lambda seed: tf.random.stateless_uniform([length], seed, alg="philox"),
        seeds,
        fn_output_signature=tf.TensorSpec(x.shape[1:], "float32"),
    )
    put = tf.cast(1 if unknown is None else unknown, x.dtype)
    return tf.where((drawn < rate) & (x != 0), put, x)


def _whole(u: Any, most: int) -> Any:
    """Turn uniform numbers into whole ones from ``-most`` to ``most``."""
    return tf.cast(tf.floor(u * (2 * most + 1)), "int32") - most


def _taken(x: Any, at: Any, axis: int) -> Any:
    """Return images made of the rows or columns ``at``, ``(batch, length)``; the last one after."""
    at = tf.minimum(tf.cast(at, "int32"), x.shape[axis] - 1)
    return tf.gather(x, at, axis=axis, batch_dims=1)


def _moved(x: Any, down: Any, right: Any, fill: str) -> Any:
    """Return images whose pixel (i, j) is the old one at (i + down, j + right)."""
    for axis, by in ((1, down), (2, right)):
        length = x.shape[axis]
        at = tf.range(length)[None] + by[:, None]  # (batch, length)
        inside = (at >= 0) & (at < length)
        if fill == "reflect":
            at = tf.where(at < 0, -at, at)
            at = tf.where(at >= length, 2 * (length - 1) - at, at)
        x = tf.gather(x, tf.clip_by_value(at, 0, length - 1), axis=axis, batch_dims=1)
        if fill == "zero":
            mask = inside[:, :, None, None] if axis == 1 else inside[:, None, :, None]
            x = tf.where(mask, x, tf.zeros((), x.dtype))
    return x


def _as(x: Any, dtype: Any) -> Any:
    """Return ``x`` as the type its input had, rounded and saturated where that is whole."""
    return tf.saturate_cast(tf.round(x), dtype) if dtype.is_integer else tf.cast(x, dtype)
