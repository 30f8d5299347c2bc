"""The config groups whose options are signatures."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from toolkit.config.schema import Schema, schema_of
from toolkit.registry import Table


@dataclass(frozen=True)
class Group:
    """A config group.

    Attributes:
        at: ``module:attribute`` of its table; empty where the group has one schema for all.
        more: ``module:attribute`` of further options that each entry has.
        without: Options that the toolkit gives and not the user.
    """

    at: str = ""
    more: str = ""
    without: tuple[str, ...] = ()

    @property
    def table(self) -> Table[Any] | None:
        """The table of what ``name`` can be."""
        return _load(self.at) if self.at else None

    def schema(self, name: str = "") -> Schema:
        """Return the schema of an entry, ``name`` left out.

        Raises:
            Refused: If there is no such entry.
        """
        functions = [self.table[name]] if self.table is not None else []
        if self.more:
            functions.append(_load(self.more))
        return schema_of(*functions, without=self.without)


GROUPS = {
    "data": Group("toolkit.data:DATA", more="toolkit.data.batching:Batching", without=("seed",)),
    "task": Group("toolkit.tasks:TASKS"),
    "optimizer": Group("toolkit.training.optimizers:OPTIMIZERS"),
    "schedule": Group("toolkit.schedules:SCHEDULES"),
    "trainer": Group(more="toolkit.training.settings:TrainerSettings"),
    "logger": Group("toolkit.training.loggers:LOGGERS"),
}
"""Every group but ``model``, whose files make up their own knobs, and overlays."""


def _load(address: str) -> Any:
    module, _, attribute = address.partition(":")
    return getattr(importlib.import_module(module), attribute)
