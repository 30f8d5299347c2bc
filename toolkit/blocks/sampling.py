"""A draw from a distribution that the network has learned."""

from __future__ import annotations

from toolkit.blocks.state import Given, Tensor
from toolkit.lazy import keras
from toolkit.types import PositiveInt, Seed


def sampling(
    x: Tensor,
    mask: Tensor | None = None,
    *,
    units: PositiveInt = 2,
    seed: Seed | None = None,
) -> Given:
    """Draw a code from a normal distribution, as the encoder of a variational autoencoder does.

    Two dense layers give its mean and the logarithm of its variance, one of each for every unit;
    both are float32 whatever the precision is. The task reads them as ``latent``, adds their
    divergence from the standard normal distribution to its loss (``toolkit.losses.gaussian_kl``),
    and saves the path without noise. A sequence or a grid has a draw at each position; block
    ``pool`` with kind ``flatten`` before this one makes it one vector.

    Args:
        x: Any shape with the features last.
        mask: Shape ``(batch, time)``, True at real positions, or None; handed on.
        units: Numbers of a code; 2 can be drawn on paper, 10 to 100 hold an image.
        seed: Of the noise; null: from the run's seed.

    Returns:
        The draw, the same shape but for the last axis, which has ``units``; and its mean and
        logarithm of the variance.

    References:
        Kingma and Welling, 2014, https://arxiv.org/abs/1312.6114
    """
    from toolkit.blocks.sampling_layer import Sampling  # a class of Keras's: it would import it

    mean = keras.layers.Dense(units, dtype="float32")(x)
    log_variance = keras.layers.Dense(units, dtype="float32")(x)
    return Given(Sampling(seed)((mean, log_variance)), mask, latent=(mean, log_variance))
