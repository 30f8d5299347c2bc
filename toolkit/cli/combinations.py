"""The runs that a sweep consists of, as Hydra's sweeper will make them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.types import RunMode
from omegaconf import DictConfig

from toolkit.config.compose import COMPOSING
from toolkit.config.explain import explain
from toolkit.errors import Refused
from toolkit.tasks import TASKS
from toolkit.training.run_state import less_is_better

MOST = 500
"""Combinations of a search that are all checked; of a larger one each value is, once."""


@dataclass(frozen=True)
class Combinations:
    """What a sweep runs.

    Attributes:
        runs: The overrides of each run, Hydra's own left out. A search that chooses as it goes is
            told by examples: each choice, and the ends of each interval.
        settled: Overrides of Hydra's own keys.
        varied: Keys that have several values.
        exact: Whether ``runs`` are the ones that there will be.
        folder: ``hydra.sweep.dir``.
        subdir: ``hydra.sweep.subdir`` where the user gave one.
        launcher: The name of Hydra's launcher.
        sweeper: The configuration of Hydra's sweeper.
    """

    runs: list[list[str]]
    settled: list[str]
    varied: tuple[str, ...]
    exact: bool
    folder: str
    subdir: str
    launcher: str
    sweeper: DictConfig

    @classmethod
    def of(cls, loader: ConfigLoaderImpl, name: str, overrides: tuple[str, ...]) -> Combinations:
        """Take a sweep's command line apart.

        Raises:
            Refused: If it cannot be read.
        """
        try:
            parser = OverridesParser.create(config_loader=loader)
            parsed = parser.parse_overrides(list(overrides))
            settled = [o.input_line for o in parsed if o.is_hydra_override()]
            config = loader.load_configuration(name, settled, RunMode.MULTIRUN)
            sweeper, sweep = config.hydra.sweeper, config.hydra.sweep
            exact = str(sweeper.get("_target_")).endswith(".BasicSweeper")
            params = [f"{key}={value}" for key, value in (sweeper.get("params") or {}).items()]
            words = [*params, *(o.input_line for o in parsed if not o.is_hydra_override())]
            parsed = parser.parse_overrides(words)
            if not exact:
                parsed = parser.parse_overrides([_ends(override) for override in parsed])
            varied = tuple(o.get_key_element() for o in parsed if o.is_sweep_override())
            runs = BasicSweeper.split_arguments(parsed, None)[0]
            if not exact and len(runs) > MOST:
                runs = _each_once(parsed)
            with _as_current(config):
                folder, subdir = str(sweep.dir), sweep._get_node("subdir")._value()
        except COMPOSING as error:
            raise Refused(*explain(error)) from error
        subdir = "" if subdir == "." else str(subdir)
        launcher = str(config.hydra.runtime.choices["hydra/launcher"])
        return cls(runs, settled, varied, exact, folder, subdir, launcher, sweeper)

    def adjustments(self, checked: list[tuple[list[str], dict[str, Any]]]) -> list[str]:
        """Return overrides of Hydra's that make an Optuna search go the right way and go on.

        The direction is the monitored score's, and a failed run is one without a score. Those that
        the user gave stay.
        """
        if "Optuna" not in str(self.sweeper.get("_target_")):
            return []
        given = {word.partition("=")[0].lstrip("+") for word in self.settled}
        words = []
        if "hydra.sweeper.direction" not in given and checked:
            settings = checked[0][1]
            task: Any = TASKS[settings["task"]["name"]]
            monitor = settings["trainer"]["monitor"] or getattr(task, "monitor", "loss")
            less = less_is_better(monitor)
            words.append(f"hydra.sweeper.direction={'minimize' if less else 'maximize'}")
        if "hydra.sweeper.max_failure_rate" not in given:
            words.append("hydra.sweeper.max_failure_rate=1.0")
        return words


def _ends(override: Override) -> str:
    """Return an interval as a choice of its ends; anything else as it is."""
    value = override.value()
    if not isinstance(value, IntervalSweep):
        return str(override.input_line)
    return f"{override.get_key_element()}={value.start},{value.end}"


def _each_once(parsed: list[Override]) -> list[list[str]]:
    """Return runs in which each value is met once, the shorter lists repeated."""
    lists = [
        [run[0] for run in BasicSweeper.split_arguments([override], None)[0]] for override in parsed
    ]
    longest = max(map(len, lists))
    cycles = [list(itertools.islice(itertools.cycle(values), longest)) for values in lists]
    return [list(run) for run in zip(*cycles, strict=True)]


class _as_current:
    """Let ``${hydra:…}`` in a folder's name refer to this configuration."""

    def __init__(self, config: DictConfig):
        self.config = config

    def __enter__(self) -> None:
        self.before = HydraConfig.instance().cfg
        HydraConfig.instance().cfg = self.config

    def __exit__(self, *_: object) -> None:
        HydraConfig.instance().cfg = self.before
