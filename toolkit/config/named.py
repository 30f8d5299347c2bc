"""Mappings from names to options: blocks, stems, steps of augmentation."""

from __future__ import annotations

from typing import Any

from toolkit.config.schema import Fault, schema_of
from toolkit.errors import did_you_mean
from toolkit.registry import Table


def check_named(
    table: Table[Any], what: str, values: dict[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the given options in their types, by name, and the faults of all.

    Args:
        table: What the names name.
        what: What that is, for messages: ``"block"``.
        values: Options by name; None for none.
    """
    checked: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, options in values.items():
        if name not in table:
            hint = did_you_mean(str(name), table)
            faults.append(Fault((name,), f"no such {what}.{hint}", unknown=True))
        elif not isinstance(options or {}, dict):
            faults.append(Fault((name,), f"expected a mapping of options; got {options!r}"))
        else:
            known, found = schema_of(table[name]).check(options or {}, f"{what} {name}")
            checked[name] = {key: known[key] for key in options or {} if key in known}
            faults += [Fault((name, *fault.path), fault.text, fault.unknown) for fault in found]
    return checked, faults
