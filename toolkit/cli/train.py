"""``train``: Hydra composes the configuration, all of it is checked, and training begins."""

from __future__ import annotations

import os
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from toolkit.cli.arguments import FLAGS, VALUED, Arguments
from toolkit.cli.check import check_all
from toolkit.cli.completion import complete
from toolkit.config.compose import COMPOSING, HYDRA_VERSION, compose, config_loader
from toolkit.config.explain import explain
from toolkit.config.places import CONF, names
from toolkit.config.validate import check
from toolkit.errors import Refused, did_you_mean
from toolkit.quiet import start_tensorflow

ANSWERS = ("--hydra-help", "--info", "--shell-completion", "--version", "--experimental-rerun")
"""Hydra's flags that ask it something and train nothing."""

CONFIGS = ("job", "hydra", "all")
"""What flag ``--cfg`` shows."""

_ended: list[BaseException] = []
"""What ended the one run of this process; a sweep's jobs raise it instead."""


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
        check_all(loader, name, arguments.overrides, "--multirun" in flags)
    _hydra(arguments)
    if _ended:
        raise _ended.pop()


def _without_null(word: str) -> str:
    """Return ``~recipe`` for ``recipe=null``, which Hydra does not know."""
    group, _, value = word.partition("=")
    return f"~{group}" if value == "null" and group in names() else word


def _hydra(arguments: Arguments) -> None:
    """Let Hydra compose again and call :func:`job`, once or for each run of a sweep."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else it prints a text of its own and exits with 1
    argv = sys.argv
    sys.argv = [argv[0], *arguments.hydra()]
    try:
        hydra.main(version_base=HYDRA_VERSION, config_path=str(CONF), config_name="config")(job)()
    except COMPOSING as error:
        raise Refused(*explain(error)) from error
    finally:
        sys.argv = argv


def job(config: DictConfig) -> None:
    """Train one run; Hydra calls this, in this process or in one of a launcher's."""
    run = HydraConfig.get()
    settings: dict[str, Any] = {}
    alone = run.mode is not RunMode.MULTIRUN
    try:
        settings = job_settings()
        if not alone:
            print(f"\nrun {run.job.num}: {' '.join(run.overrides.task)}", flush=True)
        start_tensorflow()
        from toolkit.training.run import train as work

        work(**settings)
    except Exception as error:
        if not isinstance(error, Refused):
            _record(settings)
        if not alone:
            raise error if isinstance(error, Refused) else JobFailed() from error
        _ended.append(error)


def _record(settings: dict[str, Any]) -> None:
    """Add a fault's traceback to the run's log, where there is one."""
    log = Path(settings.get("run_dir", ""), "train.log")
    if log.is_file():
        with open(log, "a", encoding="utf-8") as file:
            traceback.print_exc(file=file)


class JobFailed(Exception):
    """A run of a sweep ended by a fault of the toolkit."""


def job_settings() -> dict[str, Any]:
    """Return the checked settings of Hydra's current job, with a folder chosen."""
    run = HydraConfig.get()
    folders = {source.provider: source.path for source in run.runtime.config_sources}
    loader = config_loader(folders.get("command-line"), folders.get("main"))
    words = [*run.overrides.hydra, *run.overrides.task]
    composed = compose(loader, run.job.config_name, words)
    settings = check(composed)
    del settings["expect"]
    if settings["run_dir"] is None:
        choices = composed.choices
        number = OmegaConf.select(run, "job.num", default=None)
        settings["run_dir"] = default_folder(f"{choices['model']}-{choices['data']}", number)
    return settings


def default_folder(name: str, number: int | None = None) -> str:
    """Return ``runs/<name>/<time>``, with what tells runs apart that begin in the same second."""
    folder = Path("runs", name, time.strftime("%Y-%m-%d_%H-%M-%S"))
    if number is not None:
        folder = folder.with_name(f"{folder.name}_{number}")
    free, again = folder, 2
    while free.exists():
        free, again = folder.with_name(f"{folder.name}-{again}"), again + 1
    return str(free)
