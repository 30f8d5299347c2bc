"""``train``: Hydra composes the configuration, all of it is checked, and training begins."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from toolkit.cli.arguments import Arguments
from toolkit.cli.completion import complete
from toolkit.cli.quiet import start_tensorflow
from toolkit.config.compose import COMPOSING, HYDRA_VERSION, compose, config_loader
from toolkit.config.explain import explain
from toolkit.config.places import CONF
from toolkit.config.validate import check
from toolkit.errors import Refused

ANSWERS = ("--hydra-help", "--info", "--shell-completion", "--version", "--experimental-rerun")
"""Hydra's flags that ask it something and train nothing."""

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
    if arguments.words:
        raise Refused(*(f"command line: '{word}': expected key=value" for word in arguments.words))
    flags = arguments.flags
    if path := flags.get("--config-path"):
        flags["--config-path"] = os.path.abspath(path)
    if "--shell-completion" in flags and not complete():
        return
    loader = config_loader(flags.get("--config-dir"), flags.get("--config-path"))
    name = flags.get("--config-name") or "config"
    if "--cfg" in flags:
        faults = compose(loader, name, arguments.overrides).faults
        if faults:
            raise Refused(*faults)
    elif not any(flag in flags for flag in ANSWERS):
        check_all(loader, name, arguments.overrides, "--multirun" in flags)
    _hydra(arguments)
    if _ended:
        raise _ended.pop()


def check_all(
    loader: ConfigLoaderImpl, name: str, overrides: tuple[str, ...], multirun: bool
) -> None:
    """Check a run, or every combination of a sweep.

    Raises:
        Refused: With the faults of all of them, each told once.
    """
    faults: dict[str, None] = {}
    folders: set[str] = set()
    for words in combinations(loader, name, overrides) if multirun else [list(overrides)]:
        try:
            folder = check(compose(loader, name, words))["run_dir"]
        except Refused as refusal:
            faults |= dict.fromkeys(refusal.faults)
            continue
        if folder is None:
            continue
        if folder in folders:
            text = (
                f"run_dir: all runs of the sweep would write to {folder}; leave it out, or vary it"
            )
            faults[f"{text}: 'run_dir=runs/sweep/${{seed}}'"] = None
        elif Path(folder, "config.yaml").exists():
            text = f"run_dir: {folder} holds a run already, which is not overwritten"
            faults[f"{text}; give another run_dir=FOLDER, or delete that folder."] = None
        folders.add(folder)
    if faults:
        raise Refused(*faults)


def combinations(
    loader: ConfigLoaderImpl, name: str, overrides: tuple[str, ...]
) -> Iterator[list[str]]:
    """Yield the overrides of each run of a sweep, as Hydra's basic sweeper will make them.

    Other sweepers choose as they go; their runs are checked when they begin.
    """
    try:
        parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(overrides))
        settled = [o.input_line for o in parsed if o.is_hydra_override()]
        sweeper = loader.load_configuration(name, settled, RunMode.MULTIRUN).hydra.sweeper
        if not str(sweeper.get("_target_")).endswith(".BasicSweeper"):
            return
        params = [f"{key}={value}" for key, value in (sweeper.get("params") or {}).items()]
        words = [*params, *(o.input_line for o in parsed if not o.is_hydra_override())]
        parsed = OverridesParser.create(config_loader=loader).parse_overrides(words)
        for batch in BasicSweeper.split_arguments(parsed, None):
            yield from ([*settled, *words] for words in batch)
    except COMPOSING as error:
        raise Refused(*explain(error)) from error


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
