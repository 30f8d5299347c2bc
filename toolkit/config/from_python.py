"""The check of settings that Python gives, by the schemas that a command line is held to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from toolkit.config import pairs
from toolkit.config.groups import GROUPS
from toolkit.config.model import check_model
from toolkit.config.origins import Origins, dotted
from toolkit.config.schema import Fault, schema_of
from toolkit.config.validate import run
from toolkit.config.values import (
    check_batching,
    check_group,
    further_networks,
    parts_of_a_batch,
)
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.training.optimizers import KERAS


def check(config: dict[str, Any]) -> dict[str, Any]:
    """Return a run's settings as plain values, none of them changed and none filled in.

    Args:
        config: The keys that ``toolkit.training.run.train`` takes. ``data`` may have no name, and
            the optimizer may be Keras's, as itself or as it is written down.

    Raises:
        Refused: With all faults, each with its key.
    """
    plain = {key: _plain(values) for key, values in config.items()}
    settings, faults = _checked(plain)
    told = [f"{dotted(fault.path)}: {fault.text}" for fault in faults]
    if not faults:
        told = pairs.parts(settings["optimizer"], settings["task"])
    if told:
        raise Refused(*dict.fromkeys(told))
    return plain


def _checked(plain: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the settings of each group in their types, and every fault."""
    settings, faults = schema_of(run).check({"seed": plain["seed"]})
    for name in ("model", *GROUPS):
        settings[name], found = _group(name, plain[name])
        faults += [Fault((name, *fault.path), fault.text, fault.unknown) for fault in found]
    faults += parts_of_a_batch(settings["optimizer"], settings["data"])
    if not faults:
        own = _is_keras(plain["optimizer"])
        faults += _as_it_is(settings) if own else further_networks(settings)
    return settings, faults


def _group(name: str, values: Any) -> tuple[dict[str, Any], list[Fault]]:
    """Return the settings of a group in their types, and every fault."""
    if name == "model":
        return check_model(values, Origins([], []))
    if name == "data" and values["name"] is None:
        return check_batching({key: value for key, value in values.items() if key != "name"})
    if name == "optimizer" and _is_keras(values):
        return {}, []
    return check_group(name, values)


def _is_keras(optimizer: Any) -> bool:
    """Whether an optimizer is Keras's, as itself or as it is written down."""
    if isinstance(optimizer, dict):
        return KERAS in optimizer
    return isinstance(optimizer, keras.Optimizer)


def _as_it_is(settings: dict[str, Any]) -> list[Fault]:
    """Return what would change a Keras optimizer, and would not be heeded."""
    faults = []
    schedule = settings["schedule"]
    if {key: value for key, value in schedule.items() if value} != {"name": "constant"}:
        own = "a Keras optimizer has its own; give it one as its learning_rate, or name the"
        faults.append(Fault(("schedule", "name"), f"'{schedule['name']}': {own} optimizer"))
    whole = "a Keras optimizer is taken for each network as it is; name the optimizer"
    faults += [
        Fault(("task", key), whole)
        for key, own in settings["task"].items()
        if own and key.rpartition("_")[2] in ("optimizer", "schedule")
    ]
    return faults


def _plain(value: Any) -> Any:
    """Return NumPy's numbers as Python's, paths as text and tuples as lists, at any depth."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, Path):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value
