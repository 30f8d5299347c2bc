"""What each layer of a network costs: parameters, arithmetic, memory of what it gives."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from toolkit.lazy import tf
from toolkit.training.assemble import Trainable
from toolkit.training.transfer.layers import NamedLayer, kind_of

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """A layer, or an operation without weights, as it is used once in a network.

    Attributes:
        layer: The layer or operation.
        given: Shape of its first input.
        gives: Shape of its output.
        size: Bytes of its output.
        reverse: Whether an embedding is used as an output layer.
    """

    layer: Any
    given: Shape
    gives: Shape
    size: int
    reverse: bool = False


@dataclass(frozen=True)
class LayerCost:
    """A line of the table of layers.

    Attributes:
        name: As ``model.freeze`` names it.
        part: The part of the model file that it belongs to, or the name of the network beside
            the one that is saved as ``model.keras``; empty for what has no weights.
        type: Its class.
        output: Shape of what it gives for a batch.
        parameters: How many numbers its weights are.
        trainable: Whether training changes them.
        flops: Arithmetic of a batch, forward: a multiplication and an addition are two. Only what
            grows with a product of widths is counted: matrix products and convolutions.
        flops_training: The same, forward and backward.
    """

    name: str
    part: str
    type: str
    output: Shape
    parameters: int
    trainable: bool
    flops: int
    flops_training: int


def calls(model: keras.Model, shapes: Sequence[Shape]) -> list[Call]:
    """Return each use of a layer in a functional network, in order, inner networks' too.

    Args:
        model: The network.
        shapes: Of its inputs, batch included.
    """
    found: list[Call] = []

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        out = layer(*args, **kwargs)
        given = [tuple(t.shape) for t in keras.tree.flatten(args) if hasattr(t, "shape")]
        if isinstance(layer, keras.Model):
            found.extend(calls(layer, given))
        else:
            outs = [t for t in keras.tree.flatten(out) if hasattr(t, "shape")]
            size = sum(math.prod(t.shape) * tf.as_dtype(t.dtype).size for t in outs)
            reverse = bool(kwargs.get("reverse"))
            first = given[0] if given else ()
            found.append(Call(layer, first, tuple(outs[0].shape), size, reverse))
        return out

    fixed = [
        keras.Input(batch_shape=shape, dtype=tensor.dtype, name=tensor.name)
        for shape, tensor in zip(shapes, keras.tree.flatten(model.input), strict=True)
    ]
    keras.models.clone_model(
        model,
        input_tensors=keras.tree.pack_sequence_as(model.input, fixed),
        clone_function=lambda layer: layer,
        call_function=call,
    )
    return found


def layer_costs(trainable: Trainable, batch: Shape) -> tuple[list[LayerCost], int]:
    """Return the table of layers, and the bytes of what they give in a training step.

    Of the networks beside the one that is saved as ``model.keras`` those layers follow that have
    weights of their own.

    Args:
        trainable: The networks.
        batch: Shape of a batch of what is read.
    """
    uses = calls(trainable.inference, _entries(trainable.inference, batch))
    rows = _rows(uses, trainable.layers())
    kept = uses if trainable.shared else uses[:-1]  # a language model's logits are never whole
    for name, own in trainable.layers_beside().items():
        network, ids = trainable.beside[name], {id(layer.layer) for layer in own}
        found = [
            use
            for use in calls(network, _entries(network, batch))
            if id(getattr(use.layer, "forward_layer", use.layer)) in ids
        ]
        rows += _rows(found, [replace(layer, part=name) for layer in own])
        kept += found
    return rows, sum(use.size + _gates(use) for use in kept)


def _entries(network: keras.Model, batch: Shape) -> list[Shape]:
    """Return the shapes of what a network reads, free places (rows, time) being as a batch's."""
    return [
        tuple(length or batch[min(i, len(batch) - 1)] for i, length in enumerate(entry.shape))
        for entry in network.inputs
    ]


def _rows(uses: Sequence[Call], layers: Sequence[NamedLayer]) -> list[LayerCost]:
    """Return a row for each layer that is used.

    Args:
        uses: In order.
        layers: Those that have weights.
    """
    names = {id(layer.layer): layer for layer in layers}
    numbers: Counter[str] = Counter()
    rows: dict[int, LayerCost] = {}
    learns = False
    for use in uses:
        if not isinstance(use.layer, keras.layers.Layer):
            continue
        for layer, named in _weighted(use.layer, names):
            trained = layer.trainable and bool(layer.trainable_weights)
            if named is None:
                kind = kind_of(layer)
                name = f"{kind}_{numbers[kind]}" if numbers[kind] else kind
                numbers[kind] += 1
                part = ""
            else:
                name, part = named.name, named.part
            flops = forward_flops(replace(use, layer=layer))
            row = rows.get(id(layer)) or LayerCost(
                name, part, type(layer).__name__, use.gives, layer.count_params(), trained, 0, 0
            )
            passes = 1 + trained + learns  # forward; of the weights; of the input
            learns = learns or trained
            rows[id(layer)] = replace(
                row,
                flops=row.flops + flops,
                flops_training=row.flops_training + flops * passes,
            )
    return list(rows.values())


def forward_flops(use: Call) -> int:
    """Return the arithmetic of a layer, forward."""
    layer, given, gives = use.layer, use.given, use.gives
    # A GRU's two biases are a matrix of one each for the input and the state.
    kernels = [w for w in layer.weights if len(w.shape) > 1 and "bias" not in w.name]
    matrices = sum(math.prod(w.shape) for w in kernels)
    if isinstance(layer, keras.layers.Embedding):
        return 2 * matrices * math.prod(given[:-1]) if use.reverse else 0
    if isinstance(layer, keras.layers.RNN):
        return 2 * matrices * math.prod(given[:2])
    transposed = (
        keras.layers.Conv1DTranspose,
        keras.layers.Conv2DTranspose,
        keras.layers.Conv3DTranspose,
    )
    places = given if isinstance(layer, transposed) else gives
    return 2 * matrices * math.prod(places[:-1])


def _weighted(
    layer: keras.layers.Layer, names: dict[int, NamedLayer]
) -> Iterator[tuple[keras.layers.Layer, NamedLayer | None]]:
    """Yield a layer with its name; for one that reads from both ends the two within."""
    if isinstance(layer, keras.layers.Bidirectional):
        for inner in (layer.forward_layer, layer.backward_layer):
            yield inner, names[id(inner)]
    else:
        yield layer, names.get(id(layer))


def _gates(use: Call) -> int:
    """Return the bytes of what a recurrent layer keeps within for its gradient."""
    if not isinstance(use.layer, keras.layers.RNN) or not use.layer.weights:
        return 0
    width = use.layer.weights[0].shape[-1]
    return math.prod(use.given[:2]) * width * (use.size // max(math.prod(use.gives), 1))
