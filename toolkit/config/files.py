"""What conf/ and recipes/ hold, read from their text: names, headers, and each key's comment."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from toolkit.config.places import CONF, RECIPES


@dataclass(frozen=True)
class Key:
    """A key at the top of a file.

    Attributes:
        name: The key.
        value: What the file gives it, as it stands there.
        comment: What follows it.
    """

    name: str
    value: str
    comment: str


def names(group: str) -> list[str]:
    """Return the files of a group, without their suffix; recipes as ``family/name``."""
    root = RECIPES if group == "recipe" else CONF / group
    return sorted(p.relative_to(root).with_suffix("").as_posix() for p in root.rglob("*.yaml"))


def path(group: str, name: str) -> Path:
    """Return the file of a name."""
    return (RECIPES if group == "recipe" else CONF / group) / f"{name}.yaml"


def header(file: Path) -> str:
    """Return the comment that a file begins with, its lines as they are."""
    lines = []
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @"):
            lines.append(line.removeprefix("#").removeprefix(" "))
    return "\n".join(lines).strip()


def headline(file: Path) -> str:
    """Return the first paragraph of a file's header, in one line."""
    return " ".join(header(file).split("\n\n")[0].split())


def keys(file: Path) -> list[Key]:
    """Return the plain keys at the top of a file: no mappings and lists of several lines."""
    found: list[Key] = []
    for line in file.read_text("utf-8").splitlines():
        if found and (more := re.match(r"\s+#\s*(.*)", line)):  # a comment goes on
            last = found.pop()
            found.append(replace(last, comment=f"{last.comment} {more[1]}"))
        elif match := re.match(r"(\w+):[ ]+([^#\s].*?)?(?:\s+#\s*(.*))?$", line):
            found.append(Key(match[1], (match[2] or "").strip(), match[3] or ""))
    return found


def values(file: Path) -> dict[str, Any]:
    """Return what a file holds, references unresolved."""
    return yaml.safe_load(file.read_text("utf-8")) or {}


def whole(group: str, name: str) -> dict[str, Any]:
    """Return what a file holds, with what it takes from others of its group."""
    own = values(path(group, name))
    for base in own.pop("defaults", []):
        if isinstance(base, str) and base != "_self_":
            own = {**whole(group, base), **own}
    return own


def by_family(group: str) -> list[str]:
    """Return the names of a group, those of a family together: ``lm/{ptb_gru, ptb_tied}``."""
    families: dict[str, list[str]] = {}
    for name in names(group):
        family, slash, own = name.rpartition("/")
        families.setdefault(family + slash, []).append(own)
    return [
        f"{family}{{{', '.join(own)}}}" if len(own) > 1 and family else f"{family}{', '.join(own)}"
        for family, own in families.items()
    ]
