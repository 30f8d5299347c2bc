"""What docstrings say of a function and of each of its options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any


def summary(function: Callable[..., Any]) -> str:
    """Return the first sentence of a docstring."""
    return (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")


def body(function: Callable[..., Any]) -> str:
    """Return what a docstring says before its sections."""
    text = inspect.getdoc(function) or ""
    return re.split(r"\n(?=[A-Z][A-Za-z]+:\n)", text)[0].strip()


def option_texts(function: Callable[..., Any]) -> dict[str, str]:
    """Return the text of each option under ``Args`` (or a dataclass's ``Attributes``), in one line.

    Args:
        function: A function or class with a docstring in Google's style; a class's text may stand
            with its ``__init__`` instead.
    """
    found: dict[str, str] = {}
    sources: list[Any] = [function]
    if inspect.isclass(function):
        sources.append(function.__init__)
    for source in sources:
        text = inspect.getdoc(source) or ""
        for section in re.findall(r"(?:^|\n)(?:Args|Attributes):\n((?:(?:[ ]{4}.*)?\n?)*)", text):
            name = ""
            for line in section.splitlines():
                if match := re.match(r" {4}(?=\S)\*{0,2}(\w+)(?: \([^)]*\))?: ?(.*)", line):
                    name = match[1]
                    found[name] = match[2].strip()
                elif name and line.strip():
                    found[name] = f"{found[name]} {line.strip()}".strip()
    return {name: _as_yaml(text) for name, text in found.items()}


def _as_yaml(text: str) -> str:
    """Return a text about Python values as one about values in a configuration."""
    return re.sub(r"\bNone\b", "null", text.replace("``", ""))
