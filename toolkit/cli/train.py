"""``train``: Hydra composes the configuration, all of it is checked, and training begins."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from toolkit.cli.arguments import FLAGS, VALUED, Arguments
from toolkit.cli.check import check_run, check_sweep
from toolkit.cli.completion import complete
from toolkit.cli.first import train_first
from toolkit.cli.job_settings import job_settings
from toolkit.cli.sweep import run_sweep
from toolkit.cli.sweep_job import SweepJob
from toolkit.cli.sweep_plan import SweepPlan
from toolkit.config.compose import COMPOSING, HYDRA_VERSION, compose, config_loader
from toolkit.config.explain import explain
from toolkit.config.places import CONF, names
from toolkit.errors import Refused, did_you_mean
from toolkit.quiet import start_tensorflow

ANSWERS = ("--hydra-help", "--info", "--shell-completion", "--version", "--experimental-rerun")
"""Hydra's flags that ask it something and train nothing."""

CONFIGS = ("job", "hydra", "all")
"""What flag ``--cfg`` shows."""

_ended: list[BaseException] = []
"""What ended the one run of this process."""


def train(arguments: Arguments) -> None:
    """Train what the configuration describes.

    Everything that can be known is checked first: all combinations of a sweep before the first of
    them starts, before TensorFlow is imported and before any folder is made.

    Args:
        arguments: Overrides and Hydra's flags.

    Raises:
        Refused: With all faults.
    """
    flags = arguments.flags
    faults = [f"command line: '{word}': expected key=value" for word in arguments.words]
    for flag, value in flags.items():
        if flag not in (*FLAGS, *VALUED):
            faults.append(f"command line: no flag {flag}.{did_you_mean(flag, (*FLAGS, *VALUED))}")
        elif flag in VALUED and not value:
            faults.append(f"command line: {flag}: needs a value: {flag} VALUE")
        elif flag == "--cfg" and value not in CONFIGS:
            faults.append(f"command line: --cfg: expected {', '.join(CONFIGS)}; got '{value}'")
    if faults:
        raise Refused(*faults)
    if path := flags.get("--config-path"):
        flags["--config-path"] = os.path.abspath(path)
    if "--shell-completion" in flags and not complete():
        return
    loader = config_loader(flags.get("--config-dir"), flags.get("--config-path"))
    name = flags.get("--config-name") or "config"
    arguments = replace(arguments, overrides=tuple(map(_without_null, arguments.overrides)))
    if "--cfg" in flags:
        if faults := compose(loader, name, arguments.overrides).faults:
            raise Refused(*faults)
    elif not any(flag in flags for flag in ANSWERS):
        train_first(loader, name, arguments.overrides, flags)
        if "--multirun" in flags:
            return _sweep(arguments, check_sweep(loader, name, arguments.overrides))
        check_run(loader, name, arguments.overrides)
    _hydra(arguments, job)
    if _ended:
        raise _ended.pop()


def _without_null(word: str) -> str:
    """Return ``~recipe`` for ``recipe=null``, which Hydra does not know."""
    group, _, value = word.partition("=")
    return f"~{group}" if value == "null" and group in names() else word


def _sweep(arguments: Arguments, plan: SweepPlan) -> None:
    """Let Hydra run a sweep, whose runs report to this process."""

    def launch(work: SweepJob, more: tuple[str, ...]) -> None:
        _hydra(replace(arguments, overrides=(*arguments.overrides, *more)), work)

    run_sweep(plan, launch)


def _hydra(arguments: Arguments, work: Callable[[DictConfig], Any]) -> None:
    """Let Hydra compose again and call ``work``, once or for each run of a sweep."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else it prints a text of its own and exits with 1
    argv, current = sys.argv, HydraConfig.instance()
    before = current.cfg
    sys.argv = [argv[0], *arguments.hydra()]
    try:
        hydra.main(version_base=HYDRA_VERSION, config_path=str(CONF), config_name="config")(work)()
    except COMPOSING as error:
        raise Refused(*explain(error)) from error
    finally:
        sys.argv = argv
        current.cfg = before  # Hydra leaves its last job's behind, which is no one's any more


def job(config: DictConfig) -> None:
    """Train one run that is no part of a sweep; Hydra calls this."""
    settings: dict[str, Any] = {}
    try:
        settings, choices = job_settings()
        if settings["run_dir"] is None:
            settings["run_dir"] = default_folder(f"{choices['model']}-{choices['data']}")
        start_tensorflow()
        from toolkit.training.run import train as work

        work(**settings)
    except Exception as error:
        if not isinstance(error, Refused):
            _record(settings)
        _ended.append(error)


def _record(settings: dict[str, Any]) -> None:
    """Add a fault's traceback to the run's log, where there is one."""
    log = Path(settings.get("run_dir") or "", "train.log")
    if log.is_file():
        with open(log, "a", encoding="utf-8") as file:
            traceback.print_exc(file=file)


def default_folder(name: str) -> str:
    """Return ``runs/<name>/<time>``, with what tells runs apart that begin in the same second."""
    folder = Path("runs", name, time.strftime("%Y-%m-%d_%H-%M-%S"))
    free, again = folder, 2
    while free.exists():
        free, again = folder.with_name(f"{folder.name}-{again}"), again + 1
    return str(free)
