"""Multi-head attention of stock Keras layers: who sees whom, and what they take from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolkit.blocks.masks import LOW
from toolkit.blocks.positions import Positions, places
from toolkit.blocks.state import CarriedState, Tensor
from toolkit.lazy import keras, keras_hub

Starts = Callable[[], Any]
"""Gives a new initializer at each call: one that is shared gives all kernels the same numbers."""


@dataclass(frozen=True)
class Heads:
    """What the attention layers of a network have in common.

    Attributes:
        units: Width of queries, of values and of what is given, over all heads.
        number: Heads.
        groups: Heads of keys and values, each of which several heads of queries share (Ainslie et
            al., 2023); as many as ``number`` in ordinary attention, 1 in multi-query attention.
        positions: ``rotary`` and ``alibi`` act here; others do not.
        dropout: Share of the attention weights that is set to zero in training.
        bias: Whether the maps have offsets.
        start: How the maps into heads start.
        start_out: How the map that joins the heads starts.
    """

    units: int
    number: int
    groups: int
    positions: Positions = "none"
    dropout: float = 0.0
    bias: bool = True
    start: Starts = lambda: "glorot_uniform"
    start_out: Starts = lambda: "glorot_uniform"

    @property
    def width(self) -> int:
        """Width of one head."""
        return self.units // self.number

    def map(self, parts: int) -> Any:
        """Return a layer that maps features to this many heads' widths."""
        return keras.layers.Dense(
            parts * self.width, use_bias=self.bias, kernel_initializer=self.start()
        )

    def split(self, x: Tensor, heads: int) -> Tensor:
        """Return features as heads, ``(batch, time, heads, width)``."""
        return keras.layers.Reshape((-1, heads, self.width))(x)

    def join(self, x: Tensor) -> Tensor:
        """Return what heads found, ``(batch, time, heads, width)``, as ``(batch, time, units)``."""
        x = keras.layers.Reshape((-1, self.units))(x)
        start = self.start_out()
        return keras.layers.Dense(self.units, use_bias=self.bias, kernel_initializer=start)(x)

    def attend(
        self, query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None, bias: Tensor | None
    ) -> Tensor:
        """Return the values at the positions that each position looks at, weighted and summed.

        Args:
            query: Shape ``(batch, time, heads, width)``.
            key: Shape ``(batch, other time, groups, width)``.
            value: The same.
            visible: True where a position may look, shape ``(batch or 1, 1, time or 1, other
                time)``; None: everywhere.
            bias: Added to the scores, shape ``(1, heads, time, other time)``, or None.

        Returns:
            Shape ``(batch, time, heads, width)``.
        """
        ops = keras.ops
        if self.groups != self.number:
            each = self.number // self.groups
            key, value = ops.repeat(key, each, axis=2), ops.repeat(value, each, axis=2)
        query = query * (1 / math.sqrt(self.width))
        scores = ops.einsum("btnh,bsnh->bnts", query, key)
        half = scores.dtype in ("float16", "bfloat16")
        if half:  # the sum over many positions needs more digits
            scores = ops.cast(scores, "float32")
        if bias is not None:
            scores = scores + bias
        if visible is not None:
            scores = ops.where(visible, scores, LOW)
        if scores.shape[-1] == 1:  # all the weight is on it; Keras warns of such a softmax
            weights = scores - scores + 1
        else:
            weights = ops.softmax(scores, axis=-1)
        if half:
            weights = ops.cast(weights, value.dtype)
        if self.dropout:
            weights = keras.layers.Dropout(self.dropout)(weights)
        return ops.einsum("bnts,bsnh->btnh", weights, value)


class SelfAttention:
    """Attention of a sequence's positions to one another, for all layers of a stack.

    What is the same in each layer (places, who sees whom) is computed once.

    Args:
        x: What the stack reads, ``(batch, time, features)``.
        mask: Shape ``(batch, time)``, True at real positions, or None.
        state: With a cache, keys and values of earlier turns are looked at too.
        heads: The layers' make.
        causal: Whether a position looks at itself and earlier ones only.
    """

    def __init__(
        self,
        x: Tensor,
        mask: Tensor | None,
        state: CarriedState | None,
        heads: Heads,
        causal: bool,
    ):
        ops = keras.ops
        self.heads = heads
        self.state = state if state is not None and state.cache is not None else None
        self.at = self.key_at = places(x, self.state)
        self.read: Tensor | None = None
        if self.state is not None:
            # Positions of earlier turns are read from the cache; those not yet written lie behind
            # the query, where a causal one does not look.
            self.read, mask = ops.take(self.state.position(), 0), None
        self.causal = causal
        self.mask = mask if mask is None else ops.expand_dims(mask, (1, 2))
        self.turn = None
        if heads.positions == "rotary":
            self.turn = keras_hub.layers.RotaryEmbedding()
        self.visible, self.bias = self.mask, None
        if self.state is None:
            self._look()

    def _look(self) -> None:
        """Work out who sees whom, which all layers share."""
        ops = keras.ops
        ahead = ops.expand_dims(self.at, 2) - ops.expand_dims(self.key_at, 1)  # (1, time, time)
        ahead = ops.expand_dims(ahead, 1)
        if self.causal:
            earlier = ops.greater_equal(ahead, 0)
            self.visible = earlier if self.mask is None else ops.logical_and(earlier, self.mask)
        if self.heads.positions == "alibi":
            distance = ops.cast(ops.absolute(ahead), "float32")
            slopes = [[[[-slope]] for slope in alibi_slopes(self.heads.number)]]
            self.bias = distance * ops.cast(slopes, "float32")

    def __call__(self, x: Tensor) -> Tensor:
        """Return what a layer of its own weights finds, ``(batch, time, units)``."""
        heads = self.heads
        number, groups, width = heads.number, heads.groups, heads.width
        joined = heads.map(number + 2 * groups)(x)
        edges = (number * width, (number + groups) * width)
        # Unlike that of three slices, the gradient of a split is written once.
        query, key, value = keras.ops.split(joined, edges, axis=-1)
        query = heads.split(query, number)
        key, value = heads.split(key, groups), heads.split(value, groups)
        if self.turn is not None:
            query, key = self.turn(query, positions=self.at), self.turn(key, positions=self.at)
        if self.state is not None:
            key, value = self._cached(key, "keys"), self._cached(value, "values")
        return heads.join(heads.attend(query, key, value, self.visible, self.bias))

    def _cached(self, new: Tensor, name: str) -> Tensor:
        """Return what the cache holds once it has taken new positions, and hand that on."""
        ops, state = keras.ops, self.state
        assert state is not None and state.cache is not None
        old = state.initial((state.cache, *new.shape[2:]), name, new.dtype)
        if self.key_at is self.at:  # the first cache there is tells the keys' places
            self.key_at = places(old)
            self._look()
        place = self.key_at - self.read
        last = ops.max(self.at) - self.read
        inside = ops.logical_and(ops.greater_equal(place, 0), ops.less_equal(place, last))
        taken = ops.take(new, ops.minimum(ops.maximum(place[0], 0), last), axis=1)
        held = ops.where(ops.expand_dims(inside, (2, 3)), taken, old)
        state.final(held)
        return held


class CrossAttention:
    """Attention of a sequence's positions to those of a memory, for all layers of a stack.

    Args:
        memory: Shape ``(batch, memory time, features)``.
        mask: Shape ``(batch, memory time)``, True at real positions of the memory, or None.
        state: With a cache, the memory's keys and values are computed once and kept.
        heads: The layers' make; positions do not act here, where places have no common order.
    """

    def __init__(
        self, memory: Tensor, mask: Tensor | None, state: CarriedState | None, heads: Heads
    ):
        self.memory, self.heads = memory, heads
        self.state = state or CarriedState()
        self.visible = None
        if mask is not None:
            self.visible = keras.ops.expand_dims(self.state.keep(mask, "mask"), (1, 2))

    def __call__(self, x: Tensor) -> Tensor:
        """Return what a layer of its own weights finds, ``(batch, time, units)``."""
        heads = self.heads
        query = heads.split(heads.map(heads.number)(x), heads.number)
        joined = heads.map(2 * heads.groups)(self.memory)
        key, value = keras.ops.split(joined, 2, axis=-1)
        key = self.state.keep(heads.split(key, heads.groups), "keys")
        value = self.state.keep(heads.split(value, heads.groups), "values")
        return heads.join(heads.attend(query, key, value, self.visible, None))


def alibi_slopes(heads: int) -> list[float]:
    """Return how fast each head's scores fall with distance.

    Args:
        heads: A power of two gives a geometric series that ends in 2**-8; of other numbers the
            next smaller power's series comes first, and then every second one of the next greater.
    """
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2 ** (-8 * (n + 1) / power) for n in range(power)]
    between = [2 ** (-4 * (n + 1) / power) for n in range(0, 2 * power, 2)]
    return slopes + between[: heads - power]
