"""What stands on the command line: a verb, words, ``key=value`` and flags, in any order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

VALUED = {
    "--package": "-p",
    "--config-path": "-cp",
    "--config-name": "-cn",
    "--config-dir": "-cd",
    "--cfg": "-c",
    "--experimental-rerun": "",
}
"""Hydra's flags that take a value, and their short forms."""

INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
"""What may follow Hydra's flag ``--info``."""

FLAGS = ("--help", "--multirun", "--run", "--info", "--shell-completion", "--hydra-help") + (
    "--version",
    "--resolve",
)
"""Hydra's flags that take none."""

_LONG = {short: long for long, short in VALUED.items() if short} | {
    "-h": "--help",
    "-m": "--multirun",
    "-r": "--run",
    "-i": "--info",
    "-sc": "--shell-completion",
}


@dataclass(frozen=True)
class Arguments:
    """A command line, taken apart.

    Attributes:
        verb: The first bare word; empty where there is none.
        words: Further bare words.
        overrides: ``key=value`` and Hydra's ``+key=value``, ``~key``.
        flags: Flags by their long names with their values, None where they take none.
    """

    verb: str
    words: tuple[str, ...]
    overrides: tuple[str, ...]
    flags: dict[str, str | None]

    def hydra(self) -> list[str]:
        """Return the words for Hydra, flags first: it stops at flags between overrides."""
        flags = [part for flag in self.flags.items() for part in flag if part is not None]
        return [*flags, *self.overrides]


def read(argv: Sequence[str]) -> Arguments:
    """Take a command line apart.

    Args:
        argv: Its words, the program's name left out.
    """
    words: list[str] = []
    overrides: list[str] = []
    flags: dict[str, str | None] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if re.match(r"--?[A-Za-z]", word):
            flag, has_value, value = word.partition("=")
            flag = _LONG.get(flag, flag)
            if has_value:
                flags[flag] = value
            elif rest and (flag in VALUED or (flag == "--info" and rest[0] in INFO)):
                flags[flag] = rest.pop(0)
            else:
                flags[flag] = None
        elif "=" in word or word[:1] in "+~":
            overrides.append(_override(word))
        else:
            words.append(word)
    verb, *words = words or [""]
    return Arguments(verb, tuple(words), tuple(overrides), flags)


def _override(word: str) -> str:
    """Return ``model.body.0`` for ``model.body[0]``, as Hydra writes places in a list."""
    key, equals, value = word.partition("=")
    return re.sub(r"\[(\d+)\]", r".\1", key) + equals + value
