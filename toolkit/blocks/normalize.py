"""Normalisation of features."""

from __future__ import annotations

import math
from typing import Literal

from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.types import Fraction, Positive, PositiveInt


def normalize(
    x: Tensor,
    mask: Tensor | None = None,
    *,
    kind: Literal["batch", "layer", "group", "instance", "rms"] = "batch",
    momentum: Fraction = 0.99,
    groups: PositiveInt = 32,
    epsilon: Positive = 1e-3,
) -> Tensor:
    """Bring features to mean 0 and spread 1, and then to a learned mean and spread.

    Args:
        x: Any shape with the features last.
        mask: Shape ``(batch, time)``, True at real positions; padding does not count in a batch's
            mean.
        kind: Over what: ``batch`` each feature over the batch and all positions (Ioffe and Szegedy,
            2015), ``layer`` each position over its features (Ba et al., 2016), ``group`` each
            example over all positions and a group of features (Wu and He, 2018), ``instance`` each
            feature of each example over all positions (Ulyanov et al., 2016), ``rms`` as ``layer``
            with the spread alone (Zhang and Sennrich, 2019).
        momentum: Share of the old value that a batch norm's running mean keeps at each step.
        groups: Number of groups of features, for ``group``; fewer where the features cannot be
            divided among so many.
        epsilon: Added to the variance.

    Returns:
        The same shape.

    Raises:
        Refused: If ``group`` or ``instance`` would take padding into its mean, or ``instance`` has
            no positions to take a mean of.
    """
    layers = keras.layers
    if kind == "batch":
        return layers.BatchNormalization(momentum=momentum, epsilon=epsilon)(x, mask=mask)
    if kind == "layer":
        return layers.LayerNormalization(epsilon=epsilon)(x)
    if kind == "rms":
        return layers.RMSNormalization(epsilon=epsilon)(x)
    if mask is not None:
        raise Refused(
            f"normalization '{kind}' averages over all positions, so that padding of texts would "
            "change the result; use batch, layer or rms"
        )
    if kind == "instance" and len(x.shape) == 2:
        raise Refused(
            "normalization 'instance' takes each feature's mean over all positions, and a vector "
            "has one; use batch, layer or rms"
        )
    if kind == "instance":
        return layers.GroupNormalization(-1, epsilon=epsilon)(x)
    return layers.GroupNormalization(math.gcd(groups, x.shape[-1]), epsilon=epsilon)(x)
