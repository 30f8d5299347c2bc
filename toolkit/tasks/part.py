"""A run's networks that are of use by themselves, and what each takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.data.spec import Spec


@dataclass(frozen=True)
class Part:
    """One of a run's networks.

    Attributes:
        spec: What it takes, under the names of its inputs, and gives.
        encoder: What turns raw input into the first of its inputs; None where nothing does.
        file: Name of its file in the run's folder, without ``.keras``.
        meanings: What inputs are, where their kind does not tell.
    """

    spec: Spec
    encoder: Any = None
    file: str = "model"
    meanings: Mapping[str, str] = field(default_factory=dict)


def parts_of(task: Any, spec: Spec, encoder: Any) -> dict[str, Part]:
    """Return a run's networks by name, ``model.keras`` first; told without TensorFlow.

    A task with several, or whose network reads something else than the data, has
    ``saved_parts(spec, encoder)``, which returns them.

    Args:
        task: What the run has learned.
        spec: Inputs and targets as the task has them.
        encoder: Turns raw input into the data's input; None where there is none.
    """
    several = getattr(task, "saved_parts", None)
    return {"network": Part(spec, encoder)} if several is None else several(spec, encoder)
