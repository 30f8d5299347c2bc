"""Which layers a pattern means, and those that keep their weights: ``model.freeze``."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from toolkit.errors import Refused, did_you_mean
from toolkit.training.assemble import Trainable
from toolkit.training.transfer.layers import NamedLayer


def freeze(trainable: Trainable, patterns: Sequence[str]) -> None:
    """Keep the weights of layers as they are.

    Neither the optimizer nor weight decay changes them, and a batch normalization among them uses
    its moving statistics and leaves them alone, as Keras has it.

    Args:
        trainable: The networks, not compiled yet.
        patterns: Names, as :func:`chosen` reads them.

    Raises:
        Refused: If a pattern fits no layer, or nothing is left to train.
    """
    pairs = list(zip(trainable.layers(), trainable.training_layers(), strict=True))
    fits = chosen(trainable, patterns, "model.freeze")
    if patterns and all(map(any, fits)):
        raise Refused("model.freeze: every layer would be frozen; nothing is left to train.")
    for (saved, trained), row in zip(pairs, fits, strict=True):
        if any(row):
            saved.layer.trainable = trained.layer.trainable = False


def chosen(trainable: Trainable, patterns: Sequence[str], key: str) -> list[list[bool]]:
    """Return for each layer which patterns choose it.

    A pattern is a part of the model file (``stem``, ``body``, ``body[0]``, ``body[0:2]``,
    ``body[-1]``, and so ``encoder``, ``decoder`` and ``generator`` where it has these; ``head`` for
    what the task adds), the name of a layer, with ``*`` and ``?`` for what differs (``gru_1``,
    ``transformer_layer_*``), that of a block (``conv``) where no layer is called so, or
    ``embeddings``, all layers before those of an encoder.

    Args:
        trainable: The networks.
        patterns: What chooses among their layers.
        key: Of the configuration, for messages.

    Raises:
        Refused: If a pattern fits no layer, with those that are like it.
    """
    layers, parts = trainable.layers(), [stage.part for stage in trainable.stages]
    names = {layer.name for layer in layers}
    fits = [
        [layer.name == p if p in names else _fits(layer, p, parts) for p in patterns]
        for layer in layers
    ]
    known = {name for layer in layers for name in (layer.part, layer.block, layer.name)}
    known |= {part.partition("[")[0] for part in parts}
    known |= {"embeddings"} if any(layer.embeds for layer in layers) else set()
    faults = [
        f"{key}: '{pattern}' is a network of its own, and layers of model.keras alone are chosen."
        f"{did_you_mean(pattern, known)}"
        if pattern in trainable.beside
        else f"{key}: no layer with weights is called '{pattern}'.{did_you_mean(pattern, known)}"
        for i, pattern in enumerate(patterns)
        if not any(row[i] for row in fits)
    ]
    if faults:
        raise Refused(*faults)
    return fits


def _fits(layer: NamedLayer, pattern: str, parts: Sequence[str]) -> bool:
    if pattern == "embeddings" and layer.embeds:
        return True
    if pattern in (layer.part, layer.block) or fnmatch.fnmatchcase(layer.name, pattern):
        return True
    return layer.part in _blocks(pattern, parts)


def _blocks(pattern: str, parts: Sequence[str]) -> Sequence[str]:
    """Return the parts that ``body``, ``body[1]`` or ``body[0:2]`` means, as Python counts."""
    network, bracket, places = pattern.partition("[")
    own = [part for part in parts if part.startswith(f"{network}[")]
    if not bracket:
        return own
    if match := re.fullmatch(r"(-?\d+)\]", places):
        place = int(match[1])
        return own[place : place + 1 or None]
    if match := re.fullmatch(r"(-?\d+)?:(-?\d+)?\]", places):
        first, end = (None if text is None else int(text) for text in match.groups())
        return own[first:end]
    return []
