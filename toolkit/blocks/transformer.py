"""Stacks of Transformer layers: what encoders and decoders have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from toolkit.blocks.levels import note_level
from toolkit.blocks.multi_head import CrossAttention, Heads, SelfAttention
from toolkit.blocks.positions import Positions, add_positions
from toolkit.blocks.state import CarriedState, Tensor
from toolkit.lazy import keras

FeedForward = Literal["relu", "gelu", "gelu_tanh", "silu", "swiglu", "geglu"]
"""What a layer's hidden units apply: ``gelu_tanh`` is GELU as GPT-2 and BERT's first code
approximate it; ``swiglu`` and ``geglu`` multiply half of them by SiLU or GELU of the other half
(Shazeer, 2020)."""

Order = Literal["pre", "post"]
"""Where normalisation stands: before each sublayer (Xiong et al., 2020), which trains deep stacks
without warm-up, or after each addition (Vaswani et al., 2017; BERT)."""


@dataclass(frozen=True)
class Stack:
    """The make of a stack; the blocks encoder and decoder say what each of these is.

    Attributes:
        units: Width of the features between layers; the others are the blocks' options.
    """

    units: int
    layers: int
    heads: int
    groups: int | None
    hidden: int | None
    activation: FeedForward
    normalization: Literal["layer", "rms"]
    order: Order
    epsilon: float
    positions: Positions
    max_length: int
    scale_embedding: bool
    normalize_embedding: bool
    dropout: float
    attention_dropout: float
    hidden_dropout: float
    bias: bool
    init_std: float | None
    init_depth: bool

    def __call__(
        self,
        x: Tensor,
        mask: Tensor | None,
        state: CarriedState | None,
        field: Any,
        *,
        causal: bool,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
    ) -> Tensor:
        """Return the features after the last layer, ``(batch, time, units)``."""
        x = self._enter(x, state, field)
        heads = Heads(
            self.units,
            self.heads,
            self.groups or self.heads,
            self.positions,
            self.attention_dropout,
            self.bias,
            self._start,
            self._start_out,
        )
        look = SelfAttention(x, mask, state, heads, causal)
        look_over = None
        if memory is not None:
            look_over = CrossAttention(memory, memory_mask, state, heads)
        given = (x, mask, memory, memory_mask)
        for place in range(self.layers):
            below = x
            x = self._add(x, look)
            if look_over is not None:
                x = self._add(x, look_over)
            x = self._add(x, self._feed_forward)
            if self.order == "pre" and place == self.layers - 1:
                x = self._norm(x)
            note_level(x, (below, *given))
        return x

    def _enter(self, x: Tensor, state: CarriedState | None, field: Any) -> Tensor:
        """Return what the first layer reads: of the stack's width, with places told."""
        if x.shape[-1] != self.units:
            x = keras.layers.Dense(self.units, kernel_initializer=self._start())(x)
        if self.scale_embedding:
            x = x * math.sqrt(self.units)
        # Only the lengths of texts vary; pixels, rows and columns have one place each.
        fixed = field is not None and field.kind != "tokens" and x.shape[1] is not None
        longest = x.shape[1] if fixed else self.max_length
        start = self._start()
        x = add_positions(x, state, kind=self.positions, longest=longest, initializer=start)
        return self._drop(self._norm(x) if self.normalize_embedding else x, self.dropout)

    def _add(self, x: Tensor, sublayer: Any) -> Tensor:
        """Return x and what a sublayer finds in it, normalised before or after."""
        if self.order == "pre":
            return x + self._drop(sublayer(self._norm(x)), self.dropout)
        return self._norm(x + self._drop(sublayer(x), self.dropout))

    def _feed_forward(self, x: Tensor) -> Tensor:
        """Return what two maps with hidden units between them make of each position."""
        gated = self.activation in ("swiglu", "geglu")
        hidden = self.hidden or (-(-self.units // 3) * 8 if gated else 4 * self.units)
        maps = {"use_bias": self.bias}
        start = self._start()
        x = keras.layers.Dense((1 + gated) * hidden, kernel_initializer=start, **maps)(x)
        if gated:
            x, gate = keras.ops.split(x, 2, axis=-1)
            x = x * (keras.ops.silu(gate) if self.activation == "swiglu" else _gelu(gate))
        elif self.activation == "gelu_tanh":
            x = keras.ops.gelu(x, approximate=True)
        elif self.activation == "gelu":
            x = _gelu(x)
        else:
            x = keras.layers.Activation(self.activation)(x)
        x = self._drop(x, self.hidden_dropout)
        return keras.layers.Dense(self.units, kernel_initializer=self._start_out(), **maps)(x)

    def _norm(self, x: Tensor) -> Tensor:
        kind = "RMSNormalization" if self.normalization == "rms" else "LayerNormalization"
        return getattr(keras.layers, kind)(epsilon=self.epsilon)(x)

    def _drop(self, x: Tensor, rate: float) -> Tensor:
        return keras.layers.Dropout(rate)(x) if rate else x

    def _start(self, scale: float = 1.0) -> Any:
        """Return how a map starts."""
        if self.init_std is None:
            return "glorot_uniform"
        return keras.initializers.RandomNormal(stddev=self.init_std * scale)

    def _start_out(self) -> Any:
        """Return how a map starts whose outcome is added to the features."""
        return self._start(1 / math.sqrt(2 * self.layers) if self.init_depth else 1.0)


def _gelu(x: Tensor) -> Tensor:
    return keras.ops.gelu(x, approximate=False)


def fault(units: int, heads: int, groups: int | None, positions: str) -> str | None:
    """Return why attention cannot have so many heads; None where it can."""
    if units % heads:
        return f"units ({units}) must be a multiple of heads ({heads})"
    if groups is not None and heads % groups:
        return f"heads ({heads}) must be a multiple of groups ({groups})"
    if positions == "rotary" and units // heads % 2:
        return f"rotary positions need heads of an even width, and units/heads is {units // heads}"
    return None
