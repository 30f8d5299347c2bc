"""Empty cells of a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from toolkit.errors import Refused

Missing = Literal["refuse", "interpolate"]


def interpolate(values: np.ndarray, names: Sequence[str], where: str) -> np.ndarray:
    """Return values with NaN replaced by a line between the neighbours in time, held at both ends.

    Raises:
        Refused: If a column is empty from top to bottom.
    """
    rows = np.arange(len(values))
    filled = values.copy()
    for j, name in enumerate(names):
        known = ~np.isnan(values[:, j])
        if not known.any():
            raise Refused(f"{where}: column '{name}' is empty from the first line to the last.")
        filled[:, j] = np.interp(rows, rows[known], values[known, j])
    return filled
