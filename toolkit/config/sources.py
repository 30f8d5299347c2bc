"""Where Hydra finds config groups besides conf/: recipes, and what plug-ins register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from toolkit.config.groups import GROUPS
from toolkit.config.places import CONF, RECIPES
from toolkit.config.schema import MISSING, REQUIRED
from toolkit.registry import Table

RECIPE = "recipe"


class RecipeSource(FileConfigSource):
    """Recipes as one flat config group: ``recipe=lm/ptb_gru`` is ``recipes/lm/ptb_gru.yaml``.

    Hydra names a group as its folder, so that a search path alone could not do it.
    """

    @staticmethod
    def scheme() -> str:
        """Return what addresses of this source begin with."""
        return "recipes"

    def _inside(self, config_path: str) -> str | None:
        if config_path == RECIPE:
            return ""
        return config_path.removeprefix(f"{RECIPE}/") if config_path.startswith("recipe/") else None

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a recipe's content and header."""
        inside = self._inside(config_path)
        if not inside:
            raise ConfigLoadError(f"no recipe {config_path}")
        return super().load_config(inside)

    def available(self) -> bool:
        """Return whether there is a folder of recipes."""
        return Path(self.path).is_dir()

    def is_group(self, config_path: str) -> bool:
        """Return whether a path names the group (families are no groups of their own)."""
        return config_path in ("", RECIPE) and self.available()

    def is_config(self, config_path: str) -> bool:
        """Return whether a path names a recipe."""
        inside = self._inside(config_path)
        return bool(inside) and super().is_config(str(inside))

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return the group, or the recipes in it as ``family/name``."""
        if config_path == "":
            return [RECIPE] if results_filter in (None, ObjectType.GROUP) else []
        if config_path != RECIPE or results_filter is ObjectType.GROUP:
            return []
        root = Path(self.path)
        return sorted(str(p.relative_to(root).with_suffix("")) for p in root.rglob("*.yaml"))


class RegisteredSource(ConfigSource):
    """What plug-ins registered, as if each had a file in conf/: its name, and its defaults."""

    @staticmethod
    def scheme() -> str:
        """Return what addresses of this source begin with."""
        return "registered"

    def _split(self, config_path: str) -> tuple[str, str]:
        group, _, name = config_path.removesuffix(".yaml").partition("/")
        return group, name

    def load_config(self, config_path: str) -> ConfigResult:
        """Return ``name`` and every option with its default."""
        group, name = self._split(config_path)
        if not self.is_config(config_path):
            raise ConfigLoadError(f"nothing registered as {config_path}")
        options = GROUPS[group].schema(name).options.values()
        content: dict[str, Any] = {"name": name}
        content |= {o.name: MISSING if o.default is REQUIRED else o.default for o in options}
        if task := getattr(_table(group).row(name), "task", None):
            content = {"defaults": [{"override /task@_global_.task": task}], **content}
        return ConfigResult(
            self.provider, self.full_path(), OmegaConf.create(content), {"package": None}
        )

    def available(self) -> bool:
        """Return True."""
        return True

    def is_group(self, config_path: str) -> bool:
        """Return whether a path names a group whose entries can be registered."""
        return config_path in ("", *self._groups())

    def is_config(self, config_path: str) -> bool:
        """Return whether a path names an entry that has no file in conf/."""
        group, name = self._split(config_path)
        return group in self._groups() and name in _table(group) and not _has_file(group, name)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return the groups, or the entries of one that have no file in conf/."""
        if config_path == "":
            return list(self._groups()) if results_filter in (None, ObjectType.GROUP) else []
        if config_path not in self._groups() or results_filter is ObjectType.GROUP:
            return []
        return sorted(name for name in _table(config_path) if not _has_file(config_path, name))

    @staticmethod
    def _groups() -> Iterator[str]:
        return (name for name, group in GROUPS.items() if group.table is not None)


def _table(group: str) -> Table[Any]:
    table = GROUPS[group].table
    assert table is not None
    return table


def _has_file(group: str, name: str) -> bool:
    return (CONF / group / f"{name}.yaml").is_file()


class SearchPath(SearchPathPlugin):
    """Adds both sources to Hydra's search path, after conf/."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the recipes' folder and the registered entries."""
        search_path.append("recipes", f"{RecipeSource.scheme()}://{RECIPES}")
        search_path.append("plug-ins", f"{RegisteredSource.scheme()}://")


def register() -> None:
    """Make Hydra know the sources in this process (an installed plug-in would change others)."""
    for plugin in (RecipeSource, RegisteredSource, SearchPath):
        Plugins.instance().register(plugin)
