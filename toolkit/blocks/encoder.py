"""The Transformer's encoder."""

from __future__ import annotations

from typing import Any, Literal

from toolkit.blocks.positions import Positions
from toolkit.blocks.state import CarriedState, Tensor
from toolkit.blocks.transformer import FeedForward, Order, Stack
from toolkit.errors import Refused
from toolkit.types import Count, Fraction, Positive, PositiveInt


def encoder(
    x: Tensor,
    mask: Tensor | None = None,
    state: CarriedState | None = None,
    field: Any = None,
    *,
    units: PositiveInt = 128,
    layers: Count = 2,
    heads: PositiveInt = 4,
    groups: PositiveInt | None = None,
    hidden: PositiveInt | None = None,
    activation: FeedForward = "gelu",
    normalization: Literal["layer", "rms"] = "layer",
    order: Order = "pre",
    epsilon: Positive = 1e-5,
    positions: Positions = "learned",
    max_length: PositiveInt = 512,
    scale_embedding: bool = False,
    normalize_embedding: bool = False,
    dropout: Fraction = 0.1,
    attention_dropout: Fraction = 0.0,
    hidden_dropout: Fraction = 0.0,
    bias: bool = True,
    init_std: Positive | None = None,
    init_depth: bool = False,
) -> Tensor:
    """Layers of attention in which each position looks at all (Vaswani et al., 2017).

    Args:
        x: Shape ``(batch, time, features)``; features of another width than ``units`` are mapped
            to it first.
        mask: Shape ``(batch, time)``, True at real positions, which alone are looked at.
        state: Refused with a cache: what is read later would change what was read before.
        field: The network's input; places of what is no text are as many as it has.
        units: Width of the features; a multiple of ``heads``.
        layers: Number of layers, each attention and then two maps with hidden units between them.
        heads: Heads of attention.
        groups: Heads of keys and values (Ainslie et al., 2023); null: as many as ``heads``, 1 is
            multi-query attention.
        hidden: Hidden units of each layer; null: four times ``units``, where gated 8/3 times, which
            has as many weights.
        activation: Of the hidden units: ``relu``, ``gelu``, ``gelu_tanh``, ``silu``, ``swiglu`` or
            ``geglu``.
        normalization: ``layer`` (Ba et al., 2016) or ``rms`` (Zhang and Sennrich, 2019).
        order: ``pre``: before each sublayer and once at the end (Xiong et al., 2020); ``post``:
            after each addition (Vaswani et al., 2017), which wants a warm-up.
        epsilon: Added to the variance.
        positions: How layers know the order: ``learned`` (up to ``max_length``), ``sinusoidal``,
            ``rotary`` (Su et al., 2021), ``alibi`` (Press et al., 2022; here by distance to either
            side) or ``none``.
        max_length: Positions of texts that are learned; longer texts are refused.
        scale_embedding: Whether what is read is multiplied by the root of ``units`` before
            positions are added (Vaswani et al., 2017).
        normalize_embedding: Whether it is normalised afterwards (BERT).
        dropout: Share set to zero in training of what is read, and of what each sublayer gives.
        attention_dropout: The same of attention weights.
        hidden_dropout: The same of hidden units.
        bias: Whether the layers' maps have offsets.
        init_std: Maps and positions start normal with this deviation (BERT, GPT-2: 0.02); null is
            Keras's choice, Glorot.
        init_depth: Whether maps whose outcome is added start smaller by the root of twice the
            number of layers (GPT-2); it needs ``init_std``.

    Returns:
        Shape ``(batch, time, units)``.

    Raises:
        Refused: If keys and values are to be cached.

    References:
        Vaswani et al., 2017, https://arxiv.org/abs/1706.03762
    """
    if state is not None and state.cache is not None:
        raise Refused(
            "block 'encoder': its positions look at later ones, so no text can be written with it "
            "token by token; use block 'decoder'"
        )
    stack = Stack(
        units=units,
        layers=layers,
        heads=heads,
        groups=groups,
        hidden=hidden,
        activation=activation,
        normalization=normalization,
        order=order,
        epsilon=epsilon,
        positions=positions,
        max_length=max_length,
        scale_embedding=scale_embedding,
        normalize_embedding=normalize_embedding,
        dropout=dropout,
        attention_dropout=attention_dropout,
        hidden_dropout=hidden_dropout,
        bias=bias,
        init_std=init_std,
        init_depth=init_depth,
    )
    return stack(x, mask, None, field, causal=False)
