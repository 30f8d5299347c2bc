"""Everything that is to be trained is checked before anything starts."""

from __future__ import annotations

from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import OmegaConf

from toolkit.cli.combinations import Combinations
from toolkit.cli.sweep_folders import SweepFolders
from toolkit.cli.sweep_job import PARALLEL
from toolkit.cli.sweep_plan import Planned, SweepPlan
from toolkit.config.compose import compose
from toolkit.config.validate import check
from toolkit.data.files.named_files import missing_files
from toolkit.errors import Refused
from toolkit.flat import differences
from toolkit.quiet import start_tensorflow
from toolkit.tasks.judging.judge import missing_judge
from toolkit.tasks.style.feature_source import missing_features
from toolkit.training.loggers import missing_package
from toolkit.training.run_folder import RunFolder
from toolkit.training.run_state import progress_of
from toolkit.training.transfer.source import missing_source

PLACES = ("run_dir", "plugins", "logger", "data.root")
"""Keys that may differ between a run that is there and the one that would go on with it."""


def check_run(loader: ConfigLoaderImpl, name: str, overrides: tuple[str, ...]) -> None:
    """Check one run.

    Raises:
        Refused: With all faults.
    """
    settings = check(compose(loader, name, overrides))
    faults = [*missing_files(settings["data"]), *missing_source(settings["model"])]
    faults += missing_judge(settings["task"])
    faults += missing_features(settings["task"])
    faults += missing_package(settings["logger"])
    if settings["run_dir"] is not None:
        faults += RunFolder(settings["run_dir"]).in_the_way()
    if faults:
        raise Refused(*faults)


def check_sweep(loader: ConfigLoaderImpl, name: str, overrides: tuple[str, ...]) -> SweepPlan:
    """Check every combination of a sweep and say where each will go.

    Raises:
        Refused: With the faults of all of them, each told once.
    """
    found = Combinations.of(loader, name, overrides)
    faults: dict[str, None] = {}
    checked: list[tuple[list[str], dict[str, Any]]] = []
    choices: list[dict[str, str | None]] = []
    for number, words in enumerate(found.runs):
        try:
            composed = compose(loader, name, [*found.settled, *words])
            OmegaConf.update(composed.config, "hydra.job.num", number, force_add=True)
            settings = check(composed)
        except Refused as refusal:
            faults |= dict.fromkeys(refusal.faults)
            continue
        faults |= dict.fromkeys(missing_files(settings["data"]))
        faults |= dict.fromkeys(missing_source(settings["model"]))
        faults |= dict.fromkeys(missing_judge(settings["task"]))
        faults |= dict.fromkeys(missing_features(settings["task"]))
        faults |= dict.fromkeys(missing_package(settings["logger"]))
        checked.append((words, settings))
        choices.append(composed.choices)
    folders = SweepFolders.of(found.folder, choices)
    taken: set[str] = set()
    runs = []
    for words, settings in checked:
        folder = settings["run_dir"] or (None if found.subdir else folders.run(words))
        if folder in taken and found.exact:
            faults[_shared(folder)] = None
        elif folder is not None and found.exact:
            faults |= dict.fromkeys(_other_run(RunFolder(folder), settings))
        if folder is not None:
            taken.add(folder)
        runs.append(Planned(tuple(words), folder, settings))
    if faults:
        raise Refused(*faults)
    return SweepPlan(
        folders,
        tuple(runs),
        found.varied,
        exact=found.exact,
        parallel=found.launcher == PARALLEL,
        adjustments=tuple(found.adjustments(checked)),
    )


def _shared(folder: str) -> str:
    return (
        f"run_dir: all runs of the sweep would write to {folder}; leave it out, or vary it: "
        "'run_dir=runs/sweep/${hydra:job.num}'"
    )


def _other_run(folder: RunFolder, settings: dict[str, Any]) -> list[str]:
    """Return why a run cannot go into a folder: it cannot be written, or holds another run."""
    if progress_of(folder) in ("absent", "failed"):
        return folder.in_the_way() if progress_of(folder) == "absent" else []
    planned = {key: value for key, value in settings.items() if key != "expect"}
    planned["data"] = {k: v for k, v in planned["data"].items() if v is not None}
    differ = differences(folder.settings(), planned, PLACES)
    if differ:  # by what was left open, perhaps, and that needs TensorFlow
        try:
            differ = differences(folder.settings(), _as_written(planned), PLACES)
        except Refused as refusal:
            return list(refusal.faults)
    told = [f"{key}: {old!r} there, {new!r} now" for key, (old, new) in differ.items()]
    if not told:
        return []
    more = f"; and {len(told) - 3} more" if len(told) > 3 else ""
    return [
        f"{folder.path} holds a run of another configuration ({'; '.join(told[:3])}{more}); "
        "give another hydra.sweep.dir=FOLDER, or delete that folder."
    ]


def _as_written(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration as its run writes it: with what was left open chosen."""
    from toolkit.data.batching import AUTO
    from toolkit.training.parts import suited
    from toolkit.training.transfer.preset import settle

    start_tensorflow()
    data = suited(settings["data"], settings["task"], settings["model"])
    if data.get("batch_size") == AUTO:  # only the run has found which
        del data["batch_size"]
    return {**settings, "data": data, "model": settle(settings["model"])}
