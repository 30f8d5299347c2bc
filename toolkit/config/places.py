"""Where the configuration files lie: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path


def folder(name: str) -> Path:
    """Return the folder ``conf`` or ``recipes`` that belongs to this copy of the package."""
    package = Path(__file__).resolve().parents[1]
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


CONF = folder("conf")
"""Config groups: a folder each."""

RECIPES = folder("recipes")
"""Recipes: ``<family>/<name>.yaml``."""


def names() -> list[str]:
    """Return the names of the config groups."""
    return sorted([*(entry.name for entry in CONF.iterdir() if entry.is_dir()), "recipe"])
