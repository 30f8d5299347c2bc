"""From a command line to one configuration, with every fault that composing it shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.override_parser.types import Override
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from toolkit.config import files, sources
from toolkit.config.explain import explain
from toolkit.config.origins import Origins, find_file, origins
from toolkit.config.overrides import apply, parse, unknown_choice
from toolkit.config.places import CONF
from toolkit.config.plugins import import_plugins
from toolkit.errors import Refused

HYDRA_VERSION = "1.3"
"""Whose behaviour Hydra keeps."""

COMPOSING = (HydraException, OmegaConfBaseException, YAMLError, UnicodeDecodeError, ValueError)
"""What Hydra raises when files or words of the command line are not as it expects."""


@dataclass(frozen=True)
class Composed:
    """A configuration as Hydra composes it, not checked yet.

    Attributes:
        config: All groups and keys, interpolations unresolved, ``hydra`` too.
        origins: Where each value was written.
        faults: What was wrong with the command line; its good parts are in ``config``.
    """

    config: DictConfig
    origins: Origins
    faults: list[str]

    @property
    def choices(self) -> dict[str, str | None]:
        """The chosen file of each group; none where the configuration is a finished one."""
        return dict(OmegaConf.select(self.config, "hydra.runtime.choices") or {})


def config_loader(
    config_dir: str | None = None, config_path: str | None = None
) -> ConfigLoaderImpl:
    """Return Hydra's loader for conf/, recipes/, plug-ins and a user's own folder.

    Args:
        config_dir: Hydra's ``--config-dir``: a folder searched besides ours.
        config_path: Hydra's ``--config-path``: a folder in the place of ours.

    Raises:
        Refused: If there is no such folder.
    """
    version.setbase(HYDRA_VERSION)
    setup_globals()
    sources.register()
    search_path = create_config_search_path(os.path.abspath(config_path or CONF))
    if config_dir is not None:
        if not os.path.isdir(config_dir):
            raise Refused(f"command line: --config-dir: no folder {config_dir}")
        search_path.prepend(
            provider="command-line",
            path=f"file://{os.path.abspath(config_dir)}",
            anchor=SearchPathQuery(provider="schema"),
        )
    return ConfigLoaderImpl(search_path)


def compose(loader: ConfigLoaderImpl, config_name: str, words: Iterable[str]) -> Composed:
    """Compose a configuration, going on after each fault of the command line.

    Args:
        loader: Hydra's.
        config_name: The primary file.
        words: The command line's overrides, no sweeps among them.

    Raises:
        Refused: If the files cannot be composed at all.
    """
    overrides, faults = parse(words)
    import_plugins(_early_plugins(overrides))
    hydras = [o for o in overrides if o.is_hydra_override()]
    try:
        settled = [o.input_line for o in hydras]
        _, repo = loader._parse_overrides_and_create_caching_repo(config_name, settled)
    except COMPOSING as error:
        raise Refused(*faults, *explain(error)) from error
    chosen: list[Override] = []
    values: list[Override] = []
    for override in overrides:
        if override.is_sweep_override():
            faults.append(
                f"command line: '{override.input_line}' gives several values: add -m for a run "
                "with each, write [a,b] for a list, or quotes for a text with commas"
            )
        elif not repo.group_exists(override.key_or_group) or isinstance(override.value(), dict):
            (chosen if override.is_hydra_override() else values).append(override)
        elif fault := unknown_choice(override, repo):
            faults.append(fault)
        else:
            chosen.append(override)
    try:
        lines = [o.input_line for o in chosen]
        config = loader.load_configuration(config_name, lines, RunMode.RUN)
        plugins = OmegaConf.select(config, "plugins")
        import_plugins(plugins if OmegaConf.is_list(plugins) else [])
        good = []
        for override in values:
            if fault := apply(override, config):
                faults.append(fault)
            elif not override.is_delete():
                good.append(override)
        return Composed(config, origins(repo, config_name, chosen, good), faults)
    except COMPOSING as error:
        read = [find_file(repo, path) for path in (config_name, *map(_path, chosen))]
        found = explain(error, repo, [file for file in read if file is not None])
        raise Refused(*faults, *found) from error


def _early_plugins(overrides: list[Override]) -> Iterator[Any]:
    """Yield the modules whose names the command line or a recipe can choose from at once."""
    for override in overrides:
        given = override.value()
        if override.key_or_group == "plugins" and isinstance(given, list):
            yield from given
        elif override.key_or_group == "recipe" and given in files.names("recipe"):
            yield from files.values(files.path("recipe", str(given))).get("plugins") or ()


def _path(override: Override) -> str:
    """Return ``recipe/lm/ptb_gru`` for the choice ``recipe=lm/ptb_gru``."""
    return f"{override.key_or_group}/{override.value()}"
