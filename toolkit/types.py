"""Ranges that options share. A signature annotated with them is its own schema."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

Count = Annotated[int, Field(ge=0)]
"""A whole number from 0."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""A whole number that NumPy and TensorFlow both take as a seed."""
PositiveInt = Annotated[int, Field(ge=1)]
"""A whole number from 1."""
Positive = Annotated[float, Field(gt=0)]
"""A number above 0."""
NonNegative = Annotated[float, Field(ge=0)]
"""A number from 0."""
Fraction = Annotated[float, Field(ge=0, lt=1)]
"""A number from 0 up to, not including, 1: a dropout rate, a momentum."""
Probability = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""


def _in_order(steps: tuple[int, int]) -> tuple[int, int]:
    if steps[0] > steps[1]:
        raise ValueError(f"expected the first step, then the last; got {list(steps)}")
    return steps


Steps = Annotated[tuple[PositiveInt, PositiveInt], AfterValidator(_in_order)]
"""First and last step of a stretch."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"expected a regular expression; got '{pattern}': {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression, found anywhere in a name."""
