"""``list``: what there is, and what each of it takes."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from toolkit.config import docs, files, wording
from toolkit.config.groups import GROUPS
from toolkit.config.schema import REQUIRED, Option, schema_of
from toolkit.errors import Refused, did_you_mean
from toolkit.models.rules import NETWORKS
from toolkit.registry import Table


@dataclass(frozen=True)
class Kind:
    """Something that can be listed.

    Attributes:
        text: What it is.
        group: The config group that its names are chosen in; empty where it is none.
        table: ``module:attribute`` of the table of its names; empty where files hold them.
    """

    text: str
    group: str = ""
    table: str = ""


KINDS = {
    "models": Kind("model=NAME", "model"),
    "data": Kind("data=NAME", "data", "toolkit.data:DATA"),
    "tasks": Kind(
        "task=NAME; the data's own unless you say another", "task", "toolkit.tasks:TASKS"
    ),
    "recipes": Kind("recipe=NAME: named, reproducible runs", "recipe"),
    "optimizers": Kind("optimizer=NAME", "optimizer", "toolkit.training.optimizers:OPTIMIZERS"),
    "schedules": Kind(
        "schedule=NAME, of the learning rate", "schedule", "toolkit.schedules:SCHEDULES"
    ),
    "loggers": Kind("logger=NAME", "logger", "toolkit.training.loggers:LOGGERS"),
    "blocks": Kind("what the body of a model file is made of", "", "toolkit.blocks:BLOCKS"),
    "stems": Kind(
        "how a kind of input enters a network: the stem of a model file",
        "",
        "toolkit.models.stems:STEMS",
    ),
    "augmentations": Kind("steps of data.augment", "", "toolkit.data.images.augment:AUGMENTATIONS"),
}


def show(*, kind: str | None = None, name: str | None = None) -> None:
    """Show what there is, and what each of it takes.

    Args:
        kind: models, data, tasks, recipes, optimizers, schedules, loggers, blocks, stems,
            augmentations or trainer; null shows all names.
        name: One of them, to see its options.
    """
    if kind is None:
        return _overview()
    if kind == "trainer":
        return _options("trainer", GROUPS["trainer"].schema().options.values(), {})
    if kind not in KINDS:
        homes = [k for k in KINDS if kind in _names(k)]
        if name is not None or not homes:
            raise Refused(f"list: no '{kind}'.{did_you_mean(kind, [*KINDS, 'trainer'])}")
        kind, name = homes[0], kind
    if name is None:
        print(f"{kind} ({KINDS[kind].text})")
        _columns({name: _summary(kind, name) for name in _names(kind)})
        return print(f"\nOptions: list {kind} NAME")
    if name not in _names(kind):
        raise Refused(f"list: {kind}: no '{name}'.{did_you_mean(name, _names(kind))}")
    if KINDS[kind].group in ("model", "recipe"):
        return _file(KINDS[kind].group, name)
    group = KINDS[kind].group
    given = files.whole(group, name) if group and name in files.names(group) else {}
    row = given.get("name", name)
    function = _table(kind)[row]
    schema = GROUPS[group].schema(row) if group else schema_of(function)
    print(f"{name}: {_summary(kind, name)}\n")
    _options(group, schema.options.values(), given, about=docs.body(function))


def _overview() -> None:
    for kind, facts in KINDS.items():
        print(f"{kind} ({facts.text})")
        print(
            textwrap.fill(
                ", ".join(_names(kind)), _width(), initial_indent="  ", subsequent_indent="  "
            )
        )
    print("\nMore: list KIND, list KIND NAME, list trainer")


def _file(group: str, name: str) -> None:
    """Show a model's knobs, or a recipe."""
    file = files.path(group, name)
    if group == "recipe":
        print(file.read_text("utf-8").strip())
        return
    print(f"{name}: {files.header(file)}\n")
    kinds = _knob_kinds(files.values(file))
    for key in files.keys(file):
        if key.name != "name":
            default = f" = {key.value}"
            entry(f"model.{key.name}", kinds.get(key.name, ""), default, key.comment)
    print(f"\nIts blocks: {file}")


def _knob_kinds(content: dict[str, Any]) -> dict[str, str]:
    """Return the types of knobs, from the options that read them."""
    found: dict[str, str] = {}

    def look(table: Any, entries: Iterable[tuple[str, Any]]) -> None:
        for name, options in entries:
            for option, value in (options or {}).items():
                if isinstance(value, str) and value.startswith("${model.") and name in table:
                    kind = schema_of(table[name]).options[option].kind
                    found.setdefault(value[len("${model.") : -1], wording.short(kind))

    look(_table("stems"), (content.get("stem") or {}).items())
    look(
        _table("blocks"),
        (
            (name, options)
            for network in NETWORKS
            for block in content.get(network) or ()
            if isinstance(block, dict)
            for name, options in block.items()
        ),
    )
    for knob, value in content.items():  # a knob whose default is another knob
        if isinstance(value, str) and value.startswith("${model."):
            found[knob] = found.get(knob) or found.get(value[len("${model.") : -1], "")
    return found


def _options(group: str, options: Iterable[Option], given: dict[str, Any], about: str = "") -> None:
    if about:
        rest = about.partition("\n\n")[2]
        print(f"{rest}\n" if rest else "", end="")
    for option in options:
        default = given.get(option.name, option.default)
        shown = "  (required)" if default in (REQUIRED, "???") else f" = {wording.value(default)}"
        entry(
            f"{group}.{option.name}" if group else option.name,
            wording.short(option.kind),
            shown,
            option.text,
        )


def entry(name: str, kind: str, default: str, text: str) -> None:
    """Print an option, with its text below it."""
    print(f"  {name}{default}" + (f"    {kind}" if kind else ""))
    if text:
        print(textwrap.fill(text, _width(), initial_indent=" " * 6, subsequent_indent=" " * 6))


def _columns(rows: dict[str, str]) -> None:
    wide = max((len(name) for name in rows), default=0) + 4
    for name, text in rows.items():
        print(
            textwrap.fill(
                text or " ",
                _width(),
                initial_indent=f"  {name}".ljust(wide),
                subsequent_indent=" " * wide,
            )
        )


def _names(kind: str) -> list[str]:
    group = KINDS[kind].group
    found = dict.fromkeys(_table(kind) if KINDS[kind].table else ())
    return list(found | dict.fromkeys(files.names(group) if group else ()))


def _summary(kind: str, name: str) -> str:
    group = KINDS[kind].group
    if group and name in files.names(group):
        return files.headline(files.path(group, name))
    return docs.summary(_table(kind)[name])


def _table(kind: str) -> Table[Any]:
    import importlib

    module, _, attribute = KINDS[kind].table.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, 110)
