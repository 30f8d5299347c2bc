"""Weights that an optimizer treats otherwise by their names: whether there are such."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import keras

from toolkit.errors import Refused, did_you_mean
from toolkit.training.keras_optimizers import Update
from toolkit.training.transfer.layers import LEARNED


def check_exclusions(objective: keras.Model, updates: Sequence[Update]) -> list[str]:
    """Refuse patterns of ``exclude_from_weight_decay`` and ``exclude_layers`` that fit nothing.

    One of ``LEARNED``, such as ``gamma``, is what a recipe for many networks names, of which not
    all have it: that is only told.

    Args:
        objective: Has all networks.
        updates: How they are updated.

    Returns:
        What the user is to be told.

    Raises:
        Refused: With each pattern, and the names that are like it.
    """
    names = {variable.name for variable in objective.variables}
    paths = {variable.path for variable in objective.variables}
    layers = {part for path in paths for part in path.split("/")[:-1]}
    key, faults = "optimizer.exclude_from_weight_decay", []
    lost = _unfit((pattern for update in updates for pattern in update.undecayed), names)
    faults += [
        f"{key}: no weight is called '{pattern}'.{did_you_mean(pattern, names)}"
        for pattern in lost
        if pattern not in LEARNED
    ]
    faults += [
        f"optimizer.exclude_layers: no layer is called '{pattern}'.{did_you_mean(pattern, layers)}"
        for pattern in _unfit((p for u in updates for p in u.beside_muon), paths)
    ]
    if faults:
        raise Refused(*faults)
    return [f"{key}: the network has no {' and no '.join(lost)}."] if lost else []


def _unfit(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the patterns that are found in none of the names, each once."""
    names = list(names)
    return [p for p in dict.fromkeys(patterns) if not any(re.search(p, name) for name in names)]
