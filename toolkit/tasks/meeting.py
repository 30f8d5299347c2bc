"""A task learns what network and batches it has."""

from __future__ import annotations

from typing import Any

from toolkit.errors import Refused


def meet(task: Any, shape: Any) -> None:
    """Tell a task what its network does, and hold the task's windows against the network.

    Args:
        task: A task; one that has ``meet(shape)`` chooses by it what was left open. Where it has a
            ``sequence_length``, its examples have so many tokens.
        shape: What ``toolkit.models.rules.describe`` says of the network.

    Raises:
        Refused: If the network has fewer positions than examples have tokens.
    """
    if (told := getattr(task, "meet", None)) is not None:
        told(shape)
    length = getattr(task, "sequence_length", None)
    if length is not None and shape.longest is not None and length > shape.longest:
        raise Refused(
            f"task.sequence_length={length}: this network has {shape.longest} positions; expected "
            "at most so many tokens, or a network with more."
        )


def divide(task: Any, parts: int) -> None:
    """Hold a task against batches that are cut into parts.

    Args:
        task: A task; one that compares a batch's examples with each other has ``whole_batches``.
        parts: How many parts gradients are summed over.

    Raises:
        Refused: If such a batch is cut.
    """
    if parts > 1 and getattr(task, "whole_batches", False):
        raise Refused(
            f"optimizer.gradient_accumulation_steps={parts}: the task's loss compares all examples "
            "of a batch, which cannot be cut into parts; expected 1, or another task.loss."
        )
