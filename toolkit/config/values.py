"""The values of config groups, whether files, a command line or Python gave them."""

from __future__ import annotations

from typing import Any

from toolkit.config.groups import GROUPS
from toolkit.config.named import check_named
from toolkit.config.schema import MISSING, Fault, schema_of
from toolkit.data.batching import Batching
from toolkit.data.images.augment import AUGMENTATIONS
from toolkit.errors import did_you_mean
from toolkit.training.keras_optimizers import contradictions
from toolkit.training.optimizers import laid_over


def check_group(name: str, values: Any) -> tuple[dict[str, Any], list[Fault]]:
    """Return the values of a group in their types, ``name`` first, and every fault found.

    Args:
        name: The group's, a key of ``GROUPS``.
        values: Plain values; ``name`` among them says the row of the group's table.
    """
    group = GROUPS[name]
    if not isinstance(values, dict):
        return {}, [Fault((), "expected a mapping of keys, with `name` among them")]
    if group.table is None:
        return group.schema().check(values, name)
    options = dict(values)
    row = options.pop("name", MISSING)
    if row in (None, "", MISSING):
        return {}, [Fault(("name",), f"must be given. There is: {', '.join(sorted(group.table))}.")]
    if row not in group.table:
        return {}, [Fault(("name",), f"no '{row}'.{did_you_mean(str(row), group.table)}")]
    checked, faults = group.schema(row).check(options, f"{name} {row}")
    if name == "data":
        faults += _augmentation(options)
    if name == "optimizer" and not faults:
        faults = [Fault((text.split()[0],), text) for text in contradictions(checked)]
    return {"name": row, **checked}, faults


def check_batching(values: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return how data that no configuration names is batched, in types, and every fault found."""
    checked, faults = schema_of(Batching).check(values, "batching")
    return checked, [*faults, *_augmentation(values)]


def _augmentation(options: dict[str, Any]) -> list[Fault]:
    steps = options.get("augment")
    if not isinstance(steps, dict):
        return []
    _, found = check_named(AUGMENTATIONS, "augmentation", steps)
    return [Fault(("augment", *fault.path), fault.text, fault.unknown) for fault in found]


def parts_of_a_batch(optimizer: dict[str, Any], data: dict[str, Any]) -> list[Fault]:
    """Return why a batch cannot be cut into parts for its size, if it cannot."""
    parts, size = optimizer.get("gradient_accumulation_steps"), data.get("batch_size")
    if parts is None or not isinstance(size, int) or parts <= size:
        return []
    text = f"a batch of data.batch_size={size} cannot be cut into {parts} parts"
    return [Fault(("optimizer", "gradient_accumulation_steps"), text)]


def further_networks(settings: dict[str, Any]) -> list[Fault]:
    """Return the faults of what a task says of further networks' optimizers and schedules."""
    faults = []
    for key, own in settings["task"].items():
        group = key.rpartition("_")[2]
        if group not in ("optimizer", "schedule") or not own:
            continue
        row = own.get("name", settings[group]["name"])
        table: Any = GROUPS[group].table
        if row not in table:
            faults.append(Fault(("task", key, "name"), f"no '{row}'.{did_you_mean(row, table)}"))
            continue
        options = laid_over(settings[group], own)
        options.pop("name")
        _, found = GROUPS[group].schema(row).check(options, f"{group} {row}")
        faults += [Fault(("task", key, *fault.path), fault.text, fault.unknown) for fault in found]
    return faults
