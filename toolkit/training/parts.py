"""From names and options in a configuration to the parts of a run."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from toolkit.data import DATA
from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset
from toolkit.tasks import TASKS

_BATCHING = {field.name for field in dataclasses.fields(Batching)}


def with_target_kind(data: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    """Return a data set's options with ``target_kind``, where left open, as the task learns it."""
    learned: Any = TASKS[task["name"]]
    kinds = [k for k in ("label", "value") if k in learned.targets]
    if "target_kind" not in data or data["target_kind"] is not None or not kinds:
        return data
    return {**data, "target_kind": kinds[0]}


def load_dataset(data: dict[str, Any], seed: int) -> Dataset:
    """Load the data set that a configuration names."""
    options = {k: v for k, v in data.items() if k not in _BATCHING}
    loader = DATA[options.pop("name")]
    if "seed" in inspect.signature(loader).parameters:  # where something is drawn
        options["seed"] = seed
    return loader(**options)


def make(table: Any, config: dict[str, Any]) -> Any:
    """Call the entry that ``config`` names with the rest of it as its options."""
    options = dict(config)
    return table[options.pop("name")](**options)


def batching_of(data: dict[str, Any]) -> Batching:
    """Return the keys of a data set's configuration that say how it is batched."""
    return Batching(**{k: v for k, v in data.items() if k in _BATCHING})
