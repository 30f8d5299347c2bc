"""Everything that is to be trained is checked before anything starts."""

from __future__ import annotations

from collections.abc import Iterator

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import OmegaConf

from toolkit.config.compose import COMPOSING, compose
from toolkit.config.explain import explain
from toolkit.config.validate import check
from toolkit.data.named_files import missing_files
from toolkit.errors import Refused
from toolkit.training.run_folder import RunFolder


def check_all(
    loader: ConfigLoaderImpl, name: str, overrides: tuple[str, ...], multirun: bool
) -> None:
    """Check a run, or every combination of a sweep.

    Raises:
        Refused: With the faults of all of them, each told once.
    """
    faults: dict[str, None] = {}
    folders: set[str] = set()
    runs = combinations(loader, name, overrides) if multirun else [list(overrides)]
    for number, words in enumerate(runs):
        try:
            composed = compose(loader, name, words)
            if multirun:
                OmegaConf.update(composed.config, "hydra.job.num", number, force_add=True)
            settings = check(composed)
        except Refused as refusal:
            faults |= dict.fromkeys(refusal.faults)
            continue
        faults |= dict.fromkeys(missing_files(settings["data"]))
        folder = settings["run_dir"]
        if folder is None:
            continue
        if folder in folders:
            text = (
                f"run_dir: all runs of the sweep would write to {folder}; leave it out, or vary it"
            )
            faults[f"{text}: 'run_dir=runs/sweep/${{hydra:job.num}}'"] = None
        else:
            faults |= dict.fromkeys(RunFolder(folder).in_the_way())
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
