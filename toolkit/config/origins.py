"""Where each value of a composed configuration was written: file and line, or the command line."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_repository import IConfigRepository
from hydra._internal.defaults_list import create_defaults_list
from hydra.core.override_parser.types import Override

from toolkit.config.sources import RecipeSource

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The faster one where PyYAML has it."""

Path_ = tuple[str | int, ...]


def dotted(path: Sequence[str | int]) -> str:
    """Return ``model.body[0].dense.units`` for its keys and indices."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parts(key: str) -> Path_:
    """Return the keys and indices of ``model.body[0].dense`` or ``model.body.0.dense``."""
    found = re.findall(r"[^.\[\]]+", key)
    return tuple(int(part) if part.isdigit() else part for part in found)


@dataclass(frozen=True)
class Place:
    """Where something was written.

    Attributes:
        file: The file, as short as it can be named; empty for the command line.
        line: Its line, from 1.
        group: The config group or file of conf/ that it belongs to: ``model/gru``.
    """

    file: str = ""
    line: int = 0
    group: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else "command line"


class Origins:
    """Places of all keys.

    Args:
        files: Composed files in the order in which they were merged.
        overrides: Values from the command line.

    Attributes:
        text: All files, one after another.
    """

    def __init__(self, files: Iterable[tuple[Path, Path_, str]], overrides: Iterable[Override]):
        self._written: list[tuple[Path_, Place]] = []
        self._of: dict[Path_, Place] = {}
        self.text = ""
        for file, package, group in files:
            self.text += file.read_text("utf-8")
            self._add(package, Place(shown(file), 1, group))
            for path, line in lines_of(file):
                self._add((*package, *path), Place(shown(file), line, group))
        for override in overrides:
            path = parts(override.key_or_group)
            self._add(path, Place())
            for inner in _below(override.value()):
                self._add((*path, *inner), Place())

    def _add(self, path: Path_, place: Place) -> None:
        self._written.append((path, place))
        self._of[path] = place

    def of(self, path: Path_) -> Place | None:
        """Return where a value was written, or the nearest key above it that was."""
        while path:
            if path in self._of:
                return self._of[path]
            path = path[:-1]
        return None

    def under(self, path: Path_) -> Iterable[tuple[Path_, Place]]:
        """Yield every key directly below ``path`` at each place where it was written."""
        for written, place in self._written:
            if written[:-1] == path:
                yield written, place


def _below(value: Any) -> Iterable[Path_]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        key = key if isinstance(key, int) else str(key)
        yield (key,)
        yield from ((key, *rest) for rest in _below(inner))


def origins(
    repo: IConfigRepository, config_name: str, chosen: list[Override], values: list[Override]
) -> Origins:
    """Return the places of a configuration.

    Args:
        repo: Hydra's access to the files.
        config_name: The primary file.
        chosen: Choices of groups, from the command line.
        values: Values from the command line.
    """
    merged = create_defaults_list(repo, config_name, chosen, prepend_hydra=True, skip_missing=False)
    files = []
    for default in merged.defaults:
        config_path = default.config_path or ""
        if file := find_file(repo, config_path):
            package = () if default.package == "_global_" else parts(default.package or "")
            files.append((file, package, config_path))
    return Origins(files, values)


def find_file(repo: IConfigRepository, config_path: str) -> Path | None:
    """Return the file that Hydra reads for ``model/gru`` or ``recipe/lm/ptb_gru``.

    None is for one that is not ours or the user's.
    """
    for source in repo.get_sources():
        if source.is_config(config_path):
            if source.scheme() == RecipeSource.scheme():
                config_path = config_path.removeprefix("recipe/")
            elif source.scheme() != "file":
                return None
            return Path(source.path) / f"{config_path.removesuffix('.yaml')}.yaml"
    return None


def lines_of(file: Path) -> list[tuple[Path_, int]]:
    """Return every key and list item of a YAML file with its line, from 1."""
    return _lines(file, file.stat().st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _lines(file: Path, changed: int) -> list[tuple[Path_, int]]:
    found: list[tuple[Path_, int]] = []

    def walk(node: Any, path: Path_) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, inner in node.value:
                if path or key.value != "defaults":
                    found.append(((*path, key.value), key.start_mark.line + 1))
                    walk(inner, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, inner in enumerate(node.value):
                found.append(((*path, index), inner.start_mark.line + 1))
                walk(inner, (*path, index))

    walk(yaml.compose(file.read_text("utf-8"), Loader=LOADER), ())
    return found


def shown(file: Path) -> str:
    """Return a file's name from here where that is shorter."""
    short = os.path.relpath(file)
    return short if len(short) < len(str(file)) else str(file)
