"""The last layer of a discriminator: logits that an example is real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from toolkit.models.network import Features

KERNEL = 4
"""Size of the convolution that judges patches (Isola et al. 2017)."""


def verdict(entries: Mapping[str, Any], features: Features) -> Any:
    """Return logits that an example is real: one, or of a grid one for each patch.

    Args:
        entries: What the discriminator reads, by name.
        features: What its blocks give.
    """
    layer: keras.layers.Layer
    if features.layout == "grid":
        layer = keras.layers.Conv2D(1, KERNEL, padding="same", dtype="float32", name="verdict")
    else:
        layer = keras.layers.Dense(1, dtype="float32", name="verdict")
    if _is_normalised(entries, features.x):  # or the bound on its gradient would be none
        layer = keras.layers.SpectralNormalization(layer, dtype="float32", name="verdict")
    x = features.x
    return layer(keras.layers.Flatten()(x) if features.layout == "sequence" else x)


def _is_normalised(entries: Mapping[str, Any], x: Any) -> bool:
    """Return whether a network's kernels are divided by their spectral norm."""
    layers = keras.Model(entries, x).layers
    return any(isinstance(layer, keras.layers.SpectralNormalization) for layer in layers)
