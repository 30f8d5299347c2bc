"""Where a network is cut, so that what lies between the cuts need not be kept in memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.lazy import keras, tf

UNKNOWN = 64
"""What a size counts that is known only when a batch is there: examples, tokens of a text."""

BUDGETS = 24
"""How many bounds on a segment's memory are tried."""


@dataclass(frozen=True)
class Segment:
    """Nodes of a functional network's graph that follow one another.

    Attributes:
        nodes: In the order in which they are computed.
        inputs: Tensors that they read and do not make.
        outputs: Tensors that they make and others read.
    """

    nodes: tuple[Any, ...]
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]

    @property
    def layers(self) -> list[Any]:
        """The layers that are called in it."""
        called = {id(n.operation): n.operation for n in self.nodes}
        return [op for op in called.values() if isinstance(op, keras.layers.Layer)]

    @property
    def variables(self) -> list[Any]:
        """The variables that it reads or changes: weights, statistics, generators' states."""
        held = [variable for layer in self.layers for variable in layer.variables]
        return list({id(variable): variable for variable in held}.values())

    @property
    def pays(self) -> bool:
        """Whether it makes more than is kept of it, and may be computed again."""
        if any(map(stands_alone, self.nodes)) or not any(map(is_floating, self.outputs)):
            return False
        made = sum(len(node.outputs) for node in self.nodes)
        inner = any(layer._flatten_layers(include_self=False) for layer in self.layers)
        return inner or made > len(self.outputs)


def segments_of(network: Any) -> list[Segment]:
    """Return a network in segments, of each of which only the inputs are to be kept.

    Kept are what crosses a cut and, while a segment is computed again, all within it. For each of
    several bounds on the latter the cuts with the least of the former are found, and of these the
    ones with the least sum are taken (Chen et al., 2016, call it planning with a budget; with equal
    layers n of them come to about the root of n segments, or to one a layer where the layers hold
    much within).

    Args:
        network: A functional Keras model.

    References:
        Chen et al., 2016, https://arxiv.org/abs/1604.06174
    """
    depths = sorted(network._nodes_by_depth, reverse=True)
    every = [node for depth in depths for node in network._nodes_by_depth[depth]]
    nodes = [node for node in every if not node.is_input]
    if not nodes:
        return []
    last = {id(t): place for place, node in enumerate(nodes) for t in node.input_tensors}
    last.update({id(t): len(nodes) for t in network.outputs})
    cuts = _cuts(nodes, last)
    return [_segment(nodes, a, b, last) for a, b in zip(cuts, cuts[1:], strict=False)]


def stands_alone(node: Any) -> bool:
    """Whether a node is computed once, and not with others.

    So is a network within, which has segments of its own, and what makes features of ids: it keeps
    little, and nothing it reads has a gradient that it could wait for.
    """
    ids = not any(map(is_floating, node.input_tensors)) and any(map(is_floating, node.outputs))
    return ids or isinstance(node.operation, keras.Model)


def _segment(nodes: Sequence[Any], begin: int, end: int, last: dict[int, int]) -> Segment:
    part = tuple(nodes[begin:end])
    made = {id(t): t for node in part for t in node.outputs}
    read = {id(t): t for node in part for t in node.input_tensors if id(t) not in made}
    kept = tuple(t for t in made.values() if last.get(id(t), -1) >= end)
    return Segment(part, tuple(read.values()), kept)


def _cuts(nodes: Sequence[Any], last: dict[int, int]) -> list[int]:
    """Return where segments begin, and the number of nodes."""
    count = len(nodes)
    within = np.concatenate([[0.0], np.cumsum([_held(node) for node in nodes])])
    alone = np.concatenate([[0], np.cumsum([stands_alone(node) for node in nodes])])
    kept = np.zeros((count + 1, count + 1))  # [a, b]: what nodes a to b - 1 make for later ones
    for place, node in enumerate(nodes):
        for tensor in node.outputs:
            kept[: place + 1, place + 1 : last.get(id(tensor), -1) + 1] += _size(tensor)
    begin, end = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
    inside = within[end] - within[begin]
    mixed = (alone[end] > alone[begin]) & (end - begin > 1)
    possible = (end > begin) & ~mixed
    least = max(_held(node) for node in nodes)
    best, cuts = math.inf, [0, count]
    for budget in np.geomspace(least, max(within[-1], least), BUDGETS):
        cost = np.where(possible & (inside <= budget * (1 + 1e-9)), kept, np.inf)
        total, origin = np.zeros(count + 1), np.zeros(count + 1, int)
        for place in range(1, count + 1):
            through = total[:place] + cost[:place, place]
            origin[place] = int(np.argmin(through))
            total[place] = through[origin[place]]
        if total[-1] + budget < best:
            best, cuts = total[-1] + budget, [count]
            while cuts[0]:
                cuts.insert(0, int(origin[cuts[0]]))
    return cuts


def _held(node: Any) -> float:
    """Return the bytes that a node leaves for its gradient, about: each layer within an output."""
    flat = getattr(node.operation, "_flatten_layers", None)
    leaves = [x for x in flat() if not any(x._flatten_layers(include_self=False))] if flat else []
    return sum(map(_size, node.outputs)) * max(len(leaves), 1)


def _size(tensor: Any) -> float:
    shape = [UNKNOWN if size is None else size for size in tensor.shape]
    return math.prod(shape) * tf.as_dtype(tensor.dtype).size


def is_floating(tensor: Any) -> bool:
    """Whether a tensor, symbolic or not, holds real numbers."""
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))
