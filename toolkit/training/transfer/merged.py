"""Weights of networks some of whose kernels are learned as a sum: LoRA's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

ADDED = ("lora_kernel_a", "lora_kernel_b", "lora_embeddings_a", "lora_embeddings_b")
"""Names of what LoRA adds to a layer, as Keras calls it."""


def plain_weights(network: keras.Model) -> list[Any]:
    """Return a network's weights but for what LoRA adds, in their order."""
    return [weight for weight in network.weights if weight.name not in ADDED]


def put_weights(network: keras.Model, values: Sequence[np.ndarray]) -> None:
    """Give a network the weights of a saved one, in which LoRA's sums are added up."""
    for weight in network.weights:
        if weight.name in ADDED:
            weight.assign(np.zeros(weight.shape, "float32"))
    for weight, value in zip(plain_weights(network), values, strict=True):
        weight.assign(value)
