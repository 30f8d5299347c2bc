"""The further networks of a game: how their updates differ, and when they have won."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WON = 0.99
"""Share of right verdicts over an epoch from which on a generator learns little."""


@dataclass(frozen=True)
class Own:
    """How a further network's updates differ from those of the first.

    Attributes:
        optimizer: Options in place of those of ``optimizer``; its ``name`` too, where another is
            wanted.
        schedule: Options in place of those of ``schedule``, likewise.
        updates: How often it is updated in a step.
    """

    optimizer: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] = field(default_factory=dict)
    updates: int = 1


def won(logs: Mapping[str, float], remedies: str) -> list[str]:
    """Return a sentence where a discriminator tells nearly everything apart.

    Args:
        logs: An epoch's figures by name.
        remedies: What helps besides a lower rate.
    """
    share = logs.get("discriminator_accuracy", 0.0)
    if share < WON:
        return []
    return [
        f"The discriminator has won: {share:.1%} of its verdicts are right, and the generator "
        "learns little from it. A lower rate for it (task.discriminator_optimizer), "
        f"{remedies} helps."
    ]
