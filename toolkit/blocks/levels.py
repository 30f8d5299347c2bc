"""Which layers of a network go together, where a learning rate falls from level to level.

A Transformer layer is several Keras layers. Networks do not tell, so blocks note it of the layers
that they make.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from toolkit.blocks.state import Tensor
from toolkit.lazy import keras

_LEVELS: WeakKeyDictionary[Any, object] = WeakKeyDictionary()


def note_level(x: Tensor, before: Sequence[Tensor | None]) -> None:
    """Note that the layers between some tensors and what is made of them are one level."""
    level = object()
    for layer in layers_behind(x, before):
        _LEVELS.setdefault(layer, level)


def level_of(layer: Any) -> object | None:
    """Return what is the same for all layers of a level; None where a layer is in none."""
    return _LEVELS.get(layer)


def layers_behind(x: Tensor, before: Sequence[Tensor | None] = ()) -> Iterator[Any]:
    """Yield the layers from which a tensor of a functional network is made of others.

    Args:
        x: The tensor.
        before: The others. The network's inputs end the search too.
    """
    seen, left = {id(tensor) for tensor in before}, [x]
    while left:
        tensor = left.pop()
        if id(tensor) in seen or not hasattr(tensor, "_keras_history"):
            continue
        seen.add(id(tensor))
        operation, node, _ = tensor._keras_history
        if isinstance(operation, keras.layers.Layer):
            yield operation
        left += operation._inbound_nodes[node].input_tensors
