"""From the description of a network to Keras tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolkit.blocks import BLOCKS, Layout
from toolkit.blocks.state import CarriedState, Given, Tensor
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.models.rules import Body, blocks_of, describe
from toolkit.models.stems import STEMS


@dataclass(frozen=True)
class Stage:
    """What a part of a network gives.

    Attributes:
        part: Where the model file has it: ``stem``, ``body[0]``, ``encoder[1]``, …
        block: The name of the block; ``stem`` for the stem.
        x: What it gives.
        apart: Whether it belongs to an encoder that a decoder looks at, and so to no chain from the
            decoder's input to the head.
    """

    part: str
    block: str
    x: Tensor
    apart: bool = False


@dataclass(frozen=True)
class Features:
    """What a network gives and a task's head reads.

    Attributes:
        x: Shape ``(batch, features)`` (vector), ``(batch, time, features)`` (sequence) or
            ``(batch, height, width, channels)`` (grid).
        layout: ``vector``, ``sequence`` or ``grid``.
        causal: Whether a position of a sequence depends on itself and earlier ones only.
        embedding: The embedding whose weights a language model's output layer shares: call it with
            ``reverse=True`` on features of width ``embedding.output_dim``. None: do not share.
        mask: Shape ``(batch, time)``, True at real positions of a sequence; None where all are.
        stages: What the stem and each block gave, in order.
        latent: Mean and logarithm of the variance of the normal distribution that ``x`` was drawn
            from; None where it was not drawn.
        rows: What the stem has read.
    """

    x: Tensor
    layout: Layout
    causal: bool
    embedding: keras.layers.Layer | None = None
    mask: Tensor | None = None
    stages: tuple[Stage, ...] = ()
    latent: tuple[Tensor, Tensor] | None = None
    rows: Tensor = None


def build_network(
    inputs: Mapping[str, Field],
    *,
    body: Body,
    part: str = "body",
    stem: Mapping[str, Mapping[str, Any] | None] | None = None,
    batch_size: int | None = None,
    length: int | None = None,
    state: CarriedState | None = None,
    mask: bool = True,
    memory: Features | None = None,
    condition: Tensor | None = None,
    goal: Field | None = None,
    rows: Callable[[Tensor, Field], Tensor] | None = None,
) -> tuple[dict[str, Tensor], Features]:
    """Build a network of stock Keras layers from its description.

    The same description gives the same weights in the same order whatever ``batch_size``,
    ``length``, ``state`` and ``mask`` are, so that ``set_weights(get_weights())`` copies a network
    that was trained on streams into one with a free batch size.

    Args:
        inputs: The data's inputs by name; one.
        body: The network's blocks, mappings of one name to its options.
        part: The model file's name for them, by which their layers are chosen.
        stem: Options of the stem for each kind of input; those of other kinds are not read.
        batch_size: Fixed number of examples in a batch; None leaves it free.
        length: Fixed number of positions of tokens or series; None takes the field's.
        state: Takes the state inputs and outputs of blocks that carry state; None has none.
        mask: Whether token id 0 is padding that must change nothing. False for streams (target
            ``next``), where id 0 is a word.
        memory: What an encoder gave, for the blocks of a decoder that look at it.
        condition: What blocks are told besides, shape ``(batch, numbers)``: a class as zeros and a
            one.
        goal: What the network is to make; blocks that make images have their size from it.
        rows: Makes of the input, and its field, what the stem reads; None: it reads the input.

    Returns:
        The network's inputs by name, and its features.

    Raises:
        Refused: If the blocks cannot read one another or this kind of input.
    """
    if len(inputs) != 1:
        raise Refused(f"a network with one body reads one input; the data has {', '.join(inputs)}")
    ((name, field),) = inputs.items()
    shape = describe(field.kind, body)
    entry = keras.Input(_input_shape(field, length), batch_size, field.dtype, name=name)
    begin, own = STEMS[field.kind], (stem or {}).get(field.kind) or {}
    if memory is not None and "before" in inspect.signature(begin).parameters:
        own = {**own, "before": memory.embedding}
    x = read = entry if rows is None else rows(entry, field)
    given: Given = begin(x, field, shape.reads, mask, **own)
    stages = [Stage("stem", "stem", given.x)]
    for place, (block, options) in enumerate(blocks_of(body)):
        function = BLOCKS[block]
        known = inspect.signature(function).parameters
        extra = {
            "mask": given.mask,
            "state": state,
            "field": field,
            "memory": memory and memory.x,
            "memory_mask": memory and memory.mask,
            "condition": condition,
            "goal": goal,
        }
        result = function(given.x, **{k: v for k, v in extra.items() if k in known}, **options)
        given = _joined(given, result)
        stages.append(Stage(f"{part}[{place}]", block, given.x))
    x, padding = given.x, given.mask
    if shape.gives != "sequence":
        padding = None
    return {name: entry}, Features(
        x, shape.gives, shape.causal, given.embedding, padding, tuple(stages), given.latent, read
    )


def _joined(before: Given, result: Any) -> Given:
    """Return what there is after a block: what it gave, and of what came before the rest."""
    if isinstance(result, Given):
        return replace(result, embedding=result.embedding or before.embedding)
    x, mask = result if isinstance(result, tuple) else (result, before.mask)
    return Given(x, mask, before.embedding)


def _input_shape(field: Field, length: int | None) -> tuple[int | None, ...]:
    if length is None or field.kind not in ("tokens", "series"):
        return field.shape
    return (length, *field.shape[1:])
