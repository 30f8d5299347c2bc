"""Networks of one description that differ in form: one trained, one that writes token by token."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from toolkit.errors import Refused
from toolkit.lazy import keras


def copy_weights(source: keras.Model, into: keras.Model) -> None:
    """Give a network the weights of another that was made from the same description.

    Args:
        source: Where the weights come from; layers that the other one lacks are left aside.
        into: What takes them.

    Raises:
        Refused: If the layers of a class are not as many, or not of the same shapes.
    """
    for layer, other in _twins(source, into):
        layer.set_weights(other.get_weights())


def lent_weights(source: keras.Model, into: keras.Model) -> Any:
    """Return a context in which a network computes with another's weights in place of its own.

    What is traced within reads the other's variables. Arguments and faults are those of
    :func:`copy_weights`.
    """
    lent = [
        pair
        for mine, theirs in _twins(source, into)
        for pair in zip(mine.weights, theirs.weights, strict=True)
    ]
    return keras.StatelessScope(state_mapping=lent)


def _twins(source: keras.Model, into: keras.Model) -> Iterator[tuple[Any, Any]]:
    """Yield each layer of a network with that of another made from the same description.

    What a network reads and gives decides in what order Keras lists its layers, so that weights of
    networks with and without a cache do not stand in the same order. Their layers were made in the
    same order, though, and Keras numbers those of a class (``dense``, ``dense_1``) as they are
    made: so the first of a class is paired with the first, and so on.
    """
    given = _by_class(source)
    for name, layers in _by_class(into).items():
        others = given.get(name, [])
        shapes = [[w.shape for w in layer.weights] for layer in layers]
        if [[w.shape for w in layer.weights] for layer in others] != shapes:
            raise Refused(
                f"these networks are not made alike: layers '{name}' have {shapes} and "
                f"{[[w.shape for w in layer.weights] for layer in others]}"
            )
        yield from zip(layers, others, strict=True)


def _by_class(model: keras.Model) -> dict[str, list[Any]]:
    """Return a network's layers with weights by their names without numbers, as they were made."""
    found: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for layer in model.layers:
        if layer.weights:
            name, number = re.fullmatch(r"(.*?)(?:_(\d+))?", layer.name).groups()  # type: ignore[union-attr]
            found[name].append((int(number or 0), layer))
    return {
        name: [layer for _, layer in sorted(numbered, key=lambda pair: pair[0])]
        for name, numbered in found.items()
    }
