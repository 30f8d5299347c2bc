"""How far a picture is from the content of one and from the style of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.lazy import keras

Seen = Mapping[str, Any]
"""What layers see, ``(batch, height, width, channels)`` float32, by name."""


def gram(features: Any) -> Any:
    """Return how channels go together, whatever the place: the Gram matrix over positions.

    Args:
        features: Shape ``(batch, height, width, channels)``.

    Returns:
        Shape ``(batch, channels, channels)``, the mean over positions of products of channels.
    """
    batch, height, width, channels = features.shape
    flat = keras.ops.reshape(features, (-1, height * width, channels))
    return keras.ops.matmul(keras.ops.transpose(flat, (0, 2, 1)), flat) / (height * width)


def apart(made: Any, wanted: Any) -> Any:
    """Return the squared difference of two tensors as a share of the wanted one's squares.

    So a layer counts the same whatever the range of its numbers.

    Args:
        made: Shape ``(batch, …)``.
        wanted: The same shape, or one for all.

    Returns:
        Shape ``(batch,)``: 0 where they agree, 1 for zeros.
    """
    return _sum(keras.ops.square(made - wanted)) / (_sum(keras.ops.square(wanted)) + 1e-12)


def content_loss(made: Seen, wanted: Seen) -> Any:
    """Return the mean over layers of how far apart what they see is, shape ``(batch,)``."""
    return _mean([apart(made[name], wanted[name]) for name in wanted])


def style_loss(made: Seen, wanted: Seen, weights: Mapping[str, float]) -> Any:
    """Return how far apart Gram matrices are, the weighted mean over layers, shape ``(batch,)``.

    Args:
        made: What the layers see.
        wanted: Gram matrices, by layer.
        weights: What each layer counts.
    """
    terms = [apart(gram(made[name]), wanted[name]) * weights[name] for name in wanted]
    return sum(terms[1:], terms[0]) / sum(weights.values())


def variation(image: Any) -> Any:
    """Return the mean absolute difference of neighbours, down plus across, shape ``(batch,)``.

    Args:
        image: Shape ``(batch, height, width, channels)``.

    References:
        Rudin, Osher and Fatemi, 1992 (total variation, here without directions between the axes).
    """
    down = keras.ops.abs(image[:, 1:] - image[:, :-1])
    across = keras.ops.abs(image[:, :, 1:] - image[:, :, :-1])
    return keras.ops.mean(down, axis=(1, 2, 3)) + keras.ops.mean(across, axis=(1, 2, 3))


def _sum(values: Any) -> Any:
    """Return the sum over all axes but the first."""
    return keras.ops.sum(values, axis=tuple(range(1, len(values.shape))))


def _mean(terms: list[Any]) -> Any:
    return sum(terms[1:], terms[0]) / len(terms)
