"""One layer of multi-head attention."""

from __future__ import annotations

from toolkit.blocks.multi_head import CrossAttention, Heads, SelfAttention
from toolkit.blocks.positions import Positions
from toolkit.blocks.state import CarriedState, Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.types import Fraction, PositiveInt


def attention(
    x: Tensor,
    mask: Tensor | None = None,
    state: CarriedState | None = None,
    memory: Tensor | None = None,
    memory_mask: Tensor | None = None,
    *,
    units: PositiveInt = 128,
    heads: PositiveInt = 4,
    groups: PositiveInt | None = None,
    cross: bool = False,
    causal: bool = False,
    positions: Positions = "none",
    residual: bool = False,
    attention_dropout: Fraction = 0.0,
    dropout: Fraction = 0.0,
    bias: bool = True,
) -> Tensor:
    """Attention alone, without the hidden units and norms of a Transformer's layer.

    Args:
        x: Shape ``(batch, time, features)``.
        mask: Shape ``(batch, time)``, True at real positions, which alone are looked at.
        state: With a cache, keys and values of earlier turns are kept and looked at.
        memory: Shape ``(batch, memory time, features)``, for ``cross``.
        memory_mask: Shape ``(batch, memory time)``, True at its real positions, or None.
        units: Width of what is given; a multiple of ``heads``.
        heads: Heads, each of which looks elsewhere.
        groups: Heads of keys and values (Ainslie et al., 2023); null: as many as ``heads``, 1 is
            multi-query attention.
        cross: Whether positions look at the memory, and not at one another.
        causal: Whether a position looks at itself and earlier ones only.
        positions: ``rotary`` (Su et al., 2021) or ``alibi`` (Press et al., 2022); others do not act
            within attention.
        residual: Whether the input is added to what is found where their widths agree.
        attention_dropout: Share of the attention weights that is set to zero in training.
        dropout: Share of what is found that is set to zero in training.
        bias: Whether the maps to queries, keys, values and out of them have offsets.

    Returns:
        Shape ``(batch, time, units)``.

    Raises:
        Refused: If there is no memory to look at, or keys are to be cached that look ahead.

    References:
        Vaswani et al., 2017, https://arxiv.org/abs/1706.03762
    """
    heads_of = Heads(units, heads, groups or heads, positions, attention_dropout, bias)
    if cross:
        if memory is None:
            raise Refused(
                "block 'attention': cross is true, and there is no memory to look at; it belongs "
                "into the decoder of a network that has an encoder"
            )
        y = CrossAttention(memory, memory_mask, state, heads_of)(x)
    else:
        if not causal and state is not None and state.cache is not None:
            raise Refused(
                "block 'attention': its positions look at later ones, so no text can be written "
                "with it token by token; use causal: true"
            )
        y = SelfAttention(x, mask, state, heads_of, causal)(x)
    if dropout:
        y = keras.layers.Dropout(dropout)(y)
    return x + y if residual and x.shape[-1] == units else y
