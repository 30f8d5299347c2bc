"""Lengths of time that carry their unit: ``10 epochs``, ``500 steps``."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from toolkit.errors import Refused

LENGTH = r"(\d+(?:\.\d+)?) *(epoch|step)s?"
"""Pattern of a length: a number and its unit."""


def check_length(length: Any) -> str:
    """Return a length as it is.

    Args:
        length: ``"10 epochs"``, ``"0.5 epochs"``, ``"1 step"``.

    Raises:
        ValueError: If it is not a number and a unit, or a part of a step.
    """
    match = re.fullmatch(LENGTH, length.strip()) if isinstance(length, str) else None
    if not match:
        raise ValueError(
            f"expected a length with its unit, such as '10 epochs' or '500 steps'; got {length!r}"
        )
    if match[2] == "step" and not float(match[1]).is_integer():
        raise ValueError(f"expected a whole number of steps; got {length!r}")
    return length


Length = Annotated[
    str, BeforeValidator(check_length), Field(pattern=LENGTH, examples=["10 epochs", "500 steps"])
]
"""A number and its unit, ``epochs`` or ``steps``."""


def steps_in(length: str, steps_per_epoch: int, key: str = "length", least: int = 0) -> int:
    """Return how many steps a length has.

    Args:
        length: A number and its unit. Parts of an epoch are rounded to whole steps.
        steps_per_epoch: Updates in an epoch.
        key: Name of the option, for the message.
        least: Fewest steps that make sense there.

    Raises:
        Refused: If it is not a length, or is too short.
    """
    try:
        match = re.fullmatch(LENGTH, check_length(length).strip())
    except ValueError as fault:
        raise Refused(f"{key}: {fault}.") from None
    assert match is not None
    number = float(match[1])
    steps = round(number * (steps_per_epoch if match[2] == "epoch" else 1))
    if number > 0:
        steps = max(steps, 1)
    if steps < least:
        raise Refused(f"{key}: expected at least 1 step; got {length!r}.")
    return steps
