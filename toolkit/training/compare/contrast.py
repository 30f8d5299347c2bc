"""What differs between runs, and runs that differ by their seed only."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.models.rules import NETWORKS
from toolkit.training.compare.records import Record
from toolkit.training.run_state import less_is_better

FEW = 3
"""Varied keys up to which runs are told apart by their values; beyond that, by their folders."""

ASIDE = ("run_dir", "plugins", "logger", "data.root", "seed", "expect")
"""Keys that make no run another one, or are told apart from the others."""


def varied(records: Sequence[Record]) -> list[str]:
    """Return the keys whose values differ, what follows from others left out.

    A model's list of blocks follows from its knobs; options that only some models have follow from
    the model's name.
    """
    known = [record for record in records if record.config]
    keys = dict.fromkeys(key for record in known for key in record.config)
    differ = [
        key
        for key in keys
        if not any(key == name or key.startswith(f"{name}.") for name in ASIDE)
        and len({_text(record.config.get(key)) for record in known}) > 1
    ]
    plain = [key for key in differ if not _nested(known, key)]
    kept = [key for key in plain if not _of_the_name(known, key, plain)]
    return kept + [key for key in differ if key not in plain and not _follows(known, key, kept)]


def _nested(records: Iterable[Record], key: str) -> bool:
    """Return whether a key holds blocks or the options of a stem."""
    head = key.split(".")[:2]
    return head[:1] == ["model"] and head[1:] in ([name] for name in ("stem", *NETWORKS))


def _of_the_name(records: Sequence[Record], key: str, keys: Sequence[str]) -> bool:
    """Return whether only some of the named parts of a group have an option at all."""
    name = f"{key.partition('.')[0]}.name"
    if name not in keys or key == name:
        return False
    lacks = {r.config.get(name) for r in records if key not in r.config}
    return bool(lacks) and _follows(records, key, [name])


def _follows(records: Sequence[Record], key: str, from_keys: Sequence[str]) -> bool:
    """Return whether runs that agree in some keys agree in this one as well."""
    seen: dict[tuple[str, ...], str] = {}
    for record in records:
        given = tuple(_text(record.config.get(other)) for other in from_keys)
        if seen.setdefault(given, _text(record.config.get(key))) != _text(record.config.get(key)):
            return False
    return True


def _text(value: Any) -> str:
    """Return a value as text; 1 and 1.0 are the same."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return repr(value)


def shown(value: Any) -> str:
    """Return a value as the command line writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}…"


@dataclass(frozen=True)
class Group:
    """Runs that differ by their seed only.

    Attributes:
        values: The values of the varied keys.
        records: The runs.
    """

    values: tuple[Any, ...]
    records: list[Record]

    @property
    def name(self) -> str:
        """The values in short, or the first run's folder where they are many."""
        if len(self.values) > FEW:
            return self.records[0].folder.name
        return ", ".join(map(shown, self.values)) or self.records[0].folder.name

    def figures(self, name: str) -> list[float]:
        """Return a figure of each finished run that has it."""
        found = (record.figure(name) for record in self.records if record.results)
        return [value for value in found if value is not None and math.isfinite(value)]


def groups(records: Sequence[Record], keys: Sequence[str]) -> list[Group]:
    """Return runs by the values of the varied keys, the best on average first."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        name = tuple(_text(record.config.get(key)) for key in keys)
        found.setdefault(name, []).append(record)
    made = [Group(tuple(r[0].config.get(key) for key in keys), r) for r in found.values()]

    def place(group: Group) -> tuple[Any, ...]:
        metric = group.records[0].monitor
        values = group.figures(f"valid/{metric}")
        mean = statistics.fmean(values) if values else 0.0
        return (not values, metric, mean if less_is_better(metric) else -mean)

    return sorted(made, key=place)


def ordered(records: Iterable[Record]) -> list[Record]:
    """Return runs, the best in validation first; those without a score last."""

    def place(record: Record) -> tuple[Any, ...]:
        metric = record.monitor
        value = record.figure(f"valid/{metric}")
        if value is None or not math.isfinite(value):
            return (1, metric, 0.0, str(record.folder))
        return (0, metric, value if less_is_better(metric) else -value, str(record.folder))

    return sorted(records, key=place)


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the standard deviation (of the sample; 0 for one value)."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0
