"""A composed configuration as plain values, every reference followed."""

from __future__ import annotations

import re
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from toolkit.config.explain import first_line
from toolkit.config.origins import Path_, parts
from toolkit.config.schema import MISSING
from toolkit.errors import did_you_mean

REFERENCE = re.compile(r"\$\{(?:oc\.select:)?([\w.\[\]]+)(?:,[^{}]*)?\}")
"""A value that is another key's and nothing else."""


def resolve(config: DictConfig) -> tuple[dict[str, Any], dict[Path_, str]]:
    """Return plain values, and what is wrong with those that cannot be resolved.

    Args:
        config: The composed configuration; its part ``hydra`` is left out.
    """
    faults: dict[Path_, str] = {}

    def walk(node: DictConfig | ListConfig, path: Path_) -> Any:
        listed = isinstance(node, ListConfig)
        keys = range(len(node)) if listed else [k for k in node if path or k != "hydra"]
        values: dict[Any, Any] = {key: child(node, key, (*path, _part(key))) for key in keys}
        return list(values.values()) if listed else values

    def child(node: DictConfig | ListConfig, key: Any, path: Path_) -> Any:
        try:
            if OmegaConf.is_missing(node, key):
                return MISSING
            value = node[key]
        except (OmegaConfBaseException, RecursionError) as error:
            faults[path] = _why(node._get_node(key), config, error)
            return MISSING
        return walk(value, path) if isinstance(value, (DictConfig, ListConfig)) else value

    return walk(config, ()), faults


def _part(key: Any) -> str | int:
    return key if isinstance(key, int) else str(key)


def written_at(raw: Any, path: Path_) -> Path_:
    """Return the key where a value was written, following references such as ``${model.units}``.

    Args:
        raw: The configuration, references unresolved.
        path: A key.
    """
    before = path
    for _ in range(20):  # references to references
        inner = raw
        for i, part in enumerate(path):
            try:
                inner = inner[part]
            except (LookupError, TypeError):
                return before
            if isinstance(inner, str) and (match := REFERENCE.fullmatch(inner.strip())):
                before, path = path, (*parts(match[1]), *path[i + 1 :])
                break
        else:
            return path
    return path


def _why(node: Any, config: DictConfig, error: Exception) -> str:
    text = str(OmegaConf.to_container(node, resolve=False)) if OmegaConf.is_config(node) else None
    text = text or str(getattr(node, "_value", lambda: "")())
    if isinstance(error, RecursionError) or "Recursive interpolation" in str(error):
        return f"{text} refers to itself"
    for key in REFERENCE.findall(text):
        known: Any = config
        for part in parts(key):
            if not OmegaConf.is_config(known) or part not in known:
                if isinstance(known, DictConfig):
                    hint = did_you_mean(str(part), [str(k) for k in known])
                    return f"{text} refers to nothing.{hint}"
                break
            known = known._get_node(part)
    said = re.sub(r"^\w+ raised while resolving interpolation: ", "", first_line(error))
    said = said.strip("\"'")
    return f"{text} cannot be resolved: {said}"
