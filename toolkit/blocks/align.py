"""Attention of recurrent decoders to what an encoder gave (Bahdanau; Luong)."""

from __future__ import annotations

from typing import Literal

from toolkit.blocks.levels import note_level
from toolkit.blocks.masks import LOW
from toolkit.blocks.state import CarriedState, Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.types import Fraction, PositiveInt


def align(
    x: Tensor,
    mask: Tensor | None = None,
    state: CarriedState | None = None,
    memory: Tensor | None = None,
    memory_mask: Tensor | None = None,
    *,
    score: Literal["additive", "general", "dot"] = "additive",
    units: PositiveInt = 256,
    dropout: Fraction = 0.0,
) -> Tensor:
    """Look at each position's place in the memory, and join what is there to the features.

    Each position weighs the memory's positions by a score, softmax over all of them, and the
    weighted sum is joined to the position's own feature by a dense layer with tanh (Luong et al.,
    2015). What it found is not handed to the recurrent layer's next step, so that training reads
    all positions at once; a recurrent block behind this one does read it.

    Args:
        x: A decoder's features, shape ``(batch, time, features)``.
        mask: Without effect: the memory's padding counts, not the decoder's.
        state: With a cache, what is computed of the memory is kept.
        memory: An encoder's features, shape ``(batch, memory time, its features)``.
        memory_mask: Shape ``(batch, memory time)``, True at its real positions, or None.
        score: ``additive``: a layer of tanh units over both features (Bahdanau et al., 2015);
            ``general``: the product of the memory and a map of the feature; ``dot``: the product
            itself, where both have one width (Luong et al., 2015).
        units: Width of what is given, and of the additive score's hidden layer.
        dropout: Share of what is given that is set to zero in training.

    Returns:
        Shape ``(batch, time, units)``.

    Raises:
        Refused: If there is no memory, or ``dot`` meets two widths.

    References:
        Bahdanau, Cho and Bengio, 2015, https://arxiv.org/abs/1409.0473; Luong, Pham and Manning,
        2015, https://arxiv.org/abs/1508.04025
    """
    ops = keras.ops
    if memory is None:
        raise Refused("block 'align': looks at what an encoder gave, and this model has none")
    if score == "dot" and memory.shape[-1] != x.shape[-1]:
        raise Refused(
            f"block 'align': score 'dot' needs features of one width, and the decoder's have "
            f"{x.shape[-1]}, the encoder's {memory.shape[-1]}; expected additive or general"
        )
    state = state or CarriedState()
    values = state.keep(memory, "memory")
    if score == "additive":
        keys = state.keep(keras.layers.Dense(units, use_bias=False)(memory), "keys")
        query = keras.layers.Dense(units)(x)
        both = ops.tanh(ops.expand_dims(query, 2) + ops.expand_dims(keys, 1))
        scores = ops.squeeze(keras.layers.Dense(1, use_bias=False)(both), -1)
    else:
        query = x if score == "dot" else keras.layers.Dense(memory.shape[-1], use_bias=False)(x)
        scores = ops.einsum("btf,bsf->bts", query, values)
    if scores.dtype in ("float16", "bfloat16"):  # the sum over many positions needs more digits
        scores = ops.cast(scores, "float32")
    if memory_mask is not None:
        seen = ops.expand_dims(state.keep(memory_mask, "mask"), 1)
        scores = ops.where(seen, scores, LOW)
    weights = ops.cast(ops.softmax(scores, axis=-1), values.dtype)
    found = ops.einsum("bts,bsf->btf", weights, values)
    joined = ops.concatenate([found, x], axis=-1)
    given, x = x, keras.layers.Dense(units, activation="tanh")(joined)
    note_level(x, (given, memory, memory_mask))
    return keras.layers.Dropout(dropout)(x) if dropout else x
