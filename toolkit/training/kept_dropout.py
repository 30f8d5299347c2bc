"""A network that goes on dropping what it drops in training."""

from __future__ import annotations

import keras
import numpy as np

from toolkit.errors import Refused


class KeptDropout(keras.layers.Dropout):
    """Dropout at all times."""

    def call(self, inputs, training=None):  # type: ignore[no-untyped-def]
        """Return inputs of which some are set to zero."""
        return super().call(inputs, training=True)


def with_dropout(network: keras.Model, seed: int | None) -> keras.Model:
    """Return a network with the same weights whose dropout is always on, and all else as saved.

    Args:
        network: A functional network.
        seed: The same one drops the same in each call; None draws anew.

    Raises:
        Refused: If it drops nothing.
    """
    dropping = [x for x in network.layers if isinstance(x, keras.layers.Dropout) and x.rate > 0]
    if not dropping:
        raise Refused("dropout: the run's network has none; model.dropout is its share.")
    seeds = np.random.SeedSequence(seed).generate_state(len(dropping), "uint32")
    kept = {
        layer.name: KeptDropout(layer.rate, layer.noise_shape, int(number), name=layer.name)
        for layer, number in zip(dropping, seeds, strict=True)
    }
    return keras.models.clone_model(
        network, clone_function=lambda layer: kept.get(layer.name, layer)
    )
