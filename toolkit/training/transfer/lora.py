"""Low-rank changes of an encoder that is left alone otherwise: ``model.lora_rank``."""

from __future__ import annotations

import math
from typing import Any

from toolkit.errors import Refused
from toolkit.presets.architecture import backbones
from toolkit.training.assemble import Trainable

TARGETS = ("query", "value")
"""Parts of an attention layer that are changed: those of the paper (its section 4.2)."""


def add_lora(trainable: Trainable, model: dict[str, Any]) -> int | None:
    """Freeze a backbone and add matrices of low rank to its queries and values.

    A kernel ``W`` becomes ``W + A B``, with ``B`` zero at first: training begins with the network
    as it was. Saved networks hold the sum, so they are as fast as before, and open without LoRA.

    Args:
        trainable: The networks, their weights loaded, not compiled yet.
        model: Its description; nothing is done where no ``lora_rank`` is given.

    Returns:
        The rank; None where nothing was done.

    Raises:
        Refused: If the network that is trained is another than the one that is saved.

    References:
        Hu et al., 2021, https://arxiv.org/abs/2106.09685
    """
    ranks = [options.get("lora_rank") for options in backbones(model)]
    rank = next((rank for rank in ranks if rank is not None), None)
    if rank is None:
        return None
    if not trainable.shared:
        raise Refused(
            "model.lora_rank: this task trains its network in another form than it saves it; "
            "leave lora_rank out."
        )
    for named in trainable.layers():
        if named.block != "backbone":
            continue
        inner = named.layer._flatten_layers(include_self=False)
        chosen = [part for part in inner if part.name in TARGETS and part.weights]
        named.layer.trainable = bool(chosen)
        for part in inner:  # what holds a part that is learned is itself left open
            part.trainable = any(each in chosen for each in part._flatten_layers())
        for part in chosen:
            part.enable_lora(rank)
            part.bias.trainable = False
    return rank


def learned_by_lora(trainable: Trainable, rank: int) -> str:
    """Return the sentence that says how much of a backbone is learned, frozen layers left out."""
    inside = [named.layer for named in trainable.layers() if named.block == "backbone"]
    learned = [variable for layer in inside for variable in layer.trainable_variables]
    count = sum(math.prod(variable.shape) for variable in learned)
    return f"LoRA of rank {rank}: {count:,} parameters are learned in place of the encoder's"
