"""Which layers of a network go together, where a learning rate falls from level to level.

A Transformer layer is several Keras layers, and an encoder whose features are a decoder's memory is
no part of the chain from the decoder's input to the head. Networks do not tell, so blocks note it
of the layers that they make.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from toolkit.blocks.state import Tensor
from toolkit.lazy import keras

_LEVELS: WeakKeyDictionary[Any, object] = WeakKeyDictionary()
_REMEMBERED: WeakSet[Any] = WeakSet()


def note_level(x: Tensor, before: Sequence[Tensor | None]) -> None:
    """Note that the layers between some tensors and what is made of them are one level."""
    level = object()
    for layer in _layers(x, before):
        _LEVELS.setdefault(layer, level)


def note_memory(memory: Tensor) -> None:
    """Note that the layers behind a memory are a chain of their own."""
    _REMEMBERED.update(_layers(memory, ()))


def level_of(layer: Any) -> object | None:
    """Return what is the same for all layers of a level; None where a layer is in none."""
    return _LEVELS.get(layer)


def is_remembered(layer: Any) -> bool:
    """Whether a layer's features are read as a memory only."""
    return layer in _REMEMBERED


def _layers(x: Tensor, before: Sequence[Tensor | None]) -> Iterator[Any]:
    """Yield the layers from which a tensor of a functional network is made of others."""
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
