"""Nested mappings as flat ones, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a mapping with dotted keys; lists stay whole.

    Example:
        >>> flatten({"model": {"units": 8}, "seed": 1})
        {'model.units': 8, 'seed': 1}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any], ignore: Iterable[str] = ()
) -> dict[str, tuple[Any, Any]]:
    """Return keys that both mappings have, with values that differ.

    Args:
        one: Nested values.
        other: Nested values.
        ignore: Dotted keys whose values do not count; a whole group by its name.
    """
    first, second = flatten(one), flatten(other)
    skipped = tuple(ignore)
    return {
        key: (first[key], second[key])
        for key in first
        if key in second
        and not any(key == name or key.startswith(f"{name}.") for name in skipped)
        and _plain(first[key]) != _plain(second[key])
    }


def _plain(value: Any) -> Any:
    """Return tuples as lists, which is how they come back from a file."""
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value
