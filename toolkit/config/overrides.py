"""Single words of the command line: what they set, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import IConfigRepository
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from toolkit.config.explain import first_line
from toolkit.config.origins import parts
from toolkit.config.places import names
from toolkit.errors import did_you_mean


def parse(words: Iterable[str]) -> tuple[list[Override], list[str]]:
    """Return the command line's overrides, and a fault for each word that is none."""
    parser, overrides, faults = OverridesParser.create(), [], []
    for word in words:
        try:
            override = parser.parse_override(word)
            override.value()
            if not override.key_or_group:
                raise ValueError("there is no key")
            overrides.append(override)
        except (HydraException, ValueError) as error:
            hint = (
                ""
                if word.endswith(("'", '"'))
                else " (text with signs in it needs quotes: key='…')"
            )
            faults.append(f"command line: cannot read '{word}': {first_line(error)}{hint}")
    return overrides, faults


def unknown_choice(override: Override, repo: IConfigRepository) -> str | None:
    """Return a fault if a group has no such file."""
    group, chosen = override.key_or_group, override.value()
    if override.is_add() and group in names():
        return f"command line: '{override.input_line}': write it without the +"
    options = repo.get_group_options(group, ObjectType.CONFIG)
    for name in chosen if isinstance(chosen, list) else [chosen]:
        if name == "":
            return f"command line: {group}: nothing chosen. There is: {', '.join(options)}."
        if name is not None and str(name) not in options and not override.is_delete():
            return f"command line: {group}: no '{name}'.{did_you_mean(str(name), options)}"
    return None


def apply(override: Override, config: DictConfig) -> str | None:
    """Set a value; return a fault if there is no such key."""
    if fault := _unknown_key(override, config):
        return f"command line: {override.key_or_group}: {fault}"
    try:
        ConfigLoaderImpl._apply_overrides_to_config([override], config)
    except (HydraException, OmegaConfBaseException, ValueError, TypeError, IndexError) as error:
        return f"command line: {override.key_or_group}: {first_line(error)}"
    return None


def _unknown_key(override: Override, config: DictConfig) -> str | None:
    """Return a fault if nothing is at the key, and it is not to be added."""
    path = parts(override.key_or_group)
    node: Any = config
    for i, part in enumerate(path):
        if not OmegaConf.is_config(node):
            return f"{'.'.join(map(str, path[:i]))} holds no further keys"
        listed = OmegaConf.is_list(node)
        known = [str(key) for key in (range(len(node)) if listed else node) if i or key != "hydra"]
        if str(part) not in known:
            adds = override.is_add() or override.is_force_add()
            within = [] if i or adds else _groups_with(str(part), config)
            hint = f" Did you mean {' or '.join(within)}?" if within else ""
            return None if adds else f"unknown.{hint or did_you_mean(str(part), known)}"
        node = node._get_node(part)
    return None


def _groups_with(name: str, config: DictConfig) -> list[str]:
    """Return ``trainer.epochs`` for ``epochs``: keys of that name within groups."""
    nodes = {str(key): config._get_node(key) for key in config if key != "hydra"}
    if name == "name":  # every group has one
        return []
    return [
        f"{key}.{name}" for key, node in nodes.items() if OmegaConf.is_dict(node) and name in node
    ]
