"""The layers of a network that have weights, named as a user names them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import keras

from toolkit.blocks.levels import layers_behind
from toolkit.models.network import Stage

LEARNED = ("kernel", "bias", "gamma", "beta", "embeddings")
"""Names of weights that are learned unless they are kept; moving statistics never are."""


@dataclass(frozen=True)
class NamedLayer:
    """A layer that has weights.

    Attributes:
        name: Its kind with a number, ``gru``, ``gru_1``, or the name that its block or task gave
            it, such as ``head``. Unlike Keras's it does not depend on what was built before.
        kind: Its class in small letters; ``embedding`` for both of Keras's embeddings.
        layer: The Keras layer.
        part: ``stem``, ``body[0]``, ``encoder[0]``, … or ``head``: what the task adds.
        block: The name of the block that made it; the part where no block did.
        apart: Whether it belongs to an encoder that a decoder looks at.
    """

    name: str
    kind: str
    layer: keras.layers.Layer
    part: str = "head"
    block: str = "head"
    apart: bool = False

    @property
    def size(self) -> int:
        """How many numbers its weights are."""
        return self.layer.count_params()

    @property
    def frozen(self) -> int:
        """How many of them are not learned though others of its kind are."""
        if not self.layer.trainable:
            return self.size
        held = [w for w in self.layer.weights if not w.trainable and w.name in LEARNED]
        return sum(math.prod(weight.shape) for weight in held)

    @property
    def embeds(self) -> bool:
        """Whether it is an embedding, or normalizes or widens embeddings."""
        return "embedding" in self.kind or "embedding" in self.name


def layers_of(model: keras.Model, stages: Sequence[Stage] = ()) -> list[NamedLayer]:
    """Return the layers of a network that have weights, from input to output.

    Args:
        model: The network.
        stages: What its stem and each of its blocks gave, in order.
    """
    home = _homes(stages)
    numbers: Counter[str] = Counter()
    found = []
    for layer, backward in _leaves(model.layers):
        kind, named = _kind(layer, backward)
        name = kind if not numbers[kind] else f"{kind}_{numbers[kind]}"
        if not named:
            numbers[kind] += 1
        made = NamedLayer(layer.name if named else name, kind, layer)
        if stage := home.get(id(layer)):
            made = replace(made, part=stage.part, block=stage.block, apart=stage.apart)
        found.append(made)
    return found


def _homes(stages: Sequence[Stage]) -> dict[int, Stage]:
    """Return the stage that each layer belongs to, by its id: the first whose result needs it."""
    homes: dict[int, Stage] = {}
    for stage in stages:
        for layer, _ in _leaves(layers_behind(stage.x)):
            homes.setdefault(id(layer), stage)
    return homes


def _leaves(layers: Iterable[keras.layers.Layer]) -> Iterator[tuple[keras.layers.Layer, bool]]:
    """Yield each layer with weights once, and whether it reads from the end."""
    seen = set()
    for layer in layers:
        if isinstance(layer, keras.Model):
            inner = list(_leaves(layer.layers))
        elif isinstance(layer, keras.layers.Bidirectional):
            inner = [(layer.forward_layer, False), (layer.backward_layer, True)]
        else:
            inner = [(layer, False)] if layer.weights else []
        for leaf in inner:
            if id(leaf[0]) not in seen:
                seen.add(id(leaf[0]))
                yield leaf


def _kind(layer: keras.layers.Layer, backward: bool) -> tuple[str, bool]:
    """Return a layer's kind, and whether somebody gave it a name."""
    own = _snake(type(layer).__name__)
    named = re.fullmatch(rf"(forward_|backward_)?{own}(_\d+)?", layer.name) is None
    return f"{kind_of(layer)}_backward" if backward else kind_of(layer), named


def kind_of(layer: keras.layers.Layer) -> str:
    """Return a layer's class in small letters; ``embedding`` for both of Keras's embeddings."""
    return (
        "embedding" if isinstance(layer, keras.layers.Embedding) else _snake(type(layer).__name__)
    )


def _snake(name: str) -> str:
    """Return a class's name as Keras names its layers by."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
