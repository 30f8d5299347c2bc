"""Texts that are longer than a network has positions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from toolkit.data.spec import Ragged, Split


def limited(encoder: Any, longest: int | None) -> Any:
    """Return an encoder of texts that cuts them where a network's positions end.

    Args:
        encoder: The run's. One that cuts texts already stays as it is; so does one of no texts.
        longest: The network's positions; None where their number is free.
    """
    if longest is None or getattr(encoder, "max_length", longest) is not None:
        return encoder
    return replace(encoder, max_length=longest)


def told(split: Split, name: str, limit: int | None) -> str | None:
    """Return the sentence that says how many texts were cut, if any were.

    What reads a long text in several rows knows itself what it left out (``source.left_out``).

    Args:
        split: Texts as they were read.
        name: The array of their tokens.
        limit: Tokens of a text at most.
    """
    if hasattr(split.source, "left_out"):
        return split.source.left_out
    rows = split.arrays.get(name)
    if limit is None or not isinstance(rows, Ragged):
        return None
    full = int(np.sum(rows.lengths >= limit))
    if not full:
        return None
    return (
        f"{full:,} of {len(rows):,} texts fill all {limit} tokens that are read; what they have "
        "beyond is left out."
    )
