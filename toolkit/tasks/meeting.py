"""A task learns what network it has."""

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
