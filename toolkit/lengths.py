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
    number, unit = _parse(length)
    if unit == "step" and not number.is_integer():
        raise ValueError(f"expected a whole number of steps; got {length!r}")
    return length


def check_positive_length(length: Any) -> str:
    """Return a length as it is.

    Raises:
        ValueError: If it is not a length, or is zero.
    """
    if _parse(check_length(length))[0] == 0:
        raise ValueError(f"expected a length above zero; got {length!r}")
    return length


def _parse(length: Any) -> tuple[float, str]:
    match = re.fullmatch(LENGTH, length.strip()) if isinstance(length, str) else None
    if not match:
        raise ValueError(
            f"expected a length with its unit, such as '10 epochs' or '500 steps'; got {length!r}"
        )
    return float(match[1]), match[2]


_shape = Field(pattern=LENGTH, examples=["10 epochs", "500 steps"])
Length = Annotated[str, BeforeValidator(check_length), _shape]
"""A number and its unit, ``epochs`` or ``steps``."""
PositiveLength = Annotated[str, BeforeValidator(check_positive_length), _shape]
"""The same, above zero."""


def steps_in(length: str, steps_per_epoch: int, key: str = "length") -> int:
    """Return how many steps a length has.

    Args:
        length: A number and its unit. Parts of an epoch are rounded to whole steps, at least one.
        steps_per_epoch: Updates in an epoch.
        key: Name of the option, for the message.

    Raises:
        Refused: If it is not a length.
    """
    try:
        number, unit = _parse(check_length(length))
    except ValueError as fault:
        raise Refused(f"{key}: {fault}.") from None
    steps = round(number * (steps_per_epoch if unit == "epoch" else 1))
    return max(steps, 1) if number else 0
