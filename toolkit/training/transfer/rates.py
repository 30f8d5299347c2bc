"""Learning rates of a layer's own: ``optimizer.layer_decay`` and ``optimizer.learning_rates``."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.blocks.levels import level_of
from toolkit.training.assemble import Trainable
from toolkit.training.keras_optimizers import Update
from toolkit.training.transfer.freeze import chosen
from toolkit.training.transfer.layers import NamedLayer


def set_rates(trainable: Trainable, update: Update) -> str | None:
    """Give each layer's variables their factor of the learning rate.

    Args:
        trainable: The networks, some of their layers frozen already; the optimizer is built.
        update: Its ``layer_decay`` counts from the topmost layer down; of several patterns of its
            ``learning_rates`` that fit a layer the last counts, on top of ``layer_decay``.

    Returns:
        The factor of each layer, as it is told to the user; None where all rates are the same.

    Raises:
        Refused: If a pattern fits no layer.
    """
    if update.layer_decay == 1.0 and not update.learning_rates:
        return None
    layers, factors = trainable.layers(), layer_factors(trainable, update)
    by_variable = {
        id(variable): factor
        for layer, factor in zip(trainable.training_layers(), factors, strict=True)
        for variable in layer.layer.trainable_variables
    }
    # What is trained beside the saved network, such as a discriminator, keeps its rate.
    optimizer = update.optimizer
    optimizer.factors = tuple(by_variable.get(id(v), 1.0) for v in optimizer._trainable_variables)
    told = [
        f"{layer.name} {factor:.3g}"
        for layer, factor in zip(layers, factors, strict=True)
        if layer.layer.trainable
    ]
    return f"learning rate, times: {', '.join(told)}"


def layer_factors(trainable: Trainable, update: Update) -> list[float]:
    """Return the factor of each layer, from input to output."""
    patterns = update.learning_rates or {}
    layers = trainable.layers()
    fits = chosen(trainable, list(patterns), "optimizer.learning_rates")
    found = []
    for row, depth in zip(fits, depths(layers), strict=True):
        own = [factor for factor, fit in zip(patterns.values(), row, strict=True) if fit]
        found.append(update.layer_decay**depth * (own[-1] if own else 1.0))
    return found


def depths(layers: Sequence[NamedLayer]) -> list[int]:
    """Return how many levels lie above each layer.

    All of a Transformer layer is one level, and so are both directions of a recurrent layer, the
    layers by which a recurrent decoder looks at an encoder, and embeddings of tokens, places and
    segments, with what normalizes and widens their sum; a normalization goes with the layer before
    it. An encoder that a decoder looks at is counted by itself, its topmost layer like the
    decoder's.
    """
    found = [0] * len(layers)
    above = 0
    for apart in (False, True):
        places = [place for place, layer in enumerate(layers) if layer.apart == apart]
        chain = [layers[place] for place in places]
        for place, depth in zip(places, _depths(chain), strict=True):
            found[place] = above + depth
        above = min((found[place] for place in places if layers[place].part != "head"), default=0)
    return found


def _depths(layers: Sequence[NamedLayer]) -> list[int]:
    """Return how many levels of a chain lie above each of its layers."""
    levels: list[int] = []
    level, embeds, held = -1, False, None
    for layer in layers:
        kernels = [w for w in layer.layer.weights if len(w.shape) > 1 and "bias" not in w.name]
        inside = level_of(layer.layer)
        joins = (layer.embeds and embeds) or layer.kind.endswith("_backward")
        begins = kernels and not joins if inside is None else inside is not held
        if level < 0 or begins:
            level, held = level + 1, inside
        embeds = layer.embeds
        levels.append(level)
    return [level - each for each in levels]
