"""``resume``: a run goes on from its newest checkpoint, with its configuration or a changed one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from toolkit.config.compose import Composed
from toolkit.config.origins import Origins, parts
from toolkit.config.overrides import apply, parse
from toolkit.config.validate import check
from toolkit.errors import Refused
from toolkit.models.rules import NETWORKS
from toolkit.quiet import start_tensorflow
from toolkit.training.run_folder import RunFolder, checkpoints
from toolkit.training.run_state import progress_of


def resume(*, run: str, overrides: Sequence[str] = (), plugins: list[str] | None = None) -> None:
    """Go on with a run from its newest whole checkpoint, as if it had never been stopped.

    One that was stopped before its first checkpoint begins again, in the same folder. Any
    ``group.key=value`` changes the run's configuration from here on; what changes is shown.

    Args:
        run: The run's folder.
        overrides: Changes of its configuration.
        plugins: Modules of yours that the run needs; they are imported already.
    """
    folder = RunFolder.open(run)
    config = changed(folder, overrides, plugins or [])
    if progress_of(folder) == "finished" and not checkpoints(folder.checkpoints):
        raise Refused(
            f"run: {folder.path} is finished and has no checkpoint to go on from. Train it anew "
            "with another run_dir=FOLDER."
        )
    start_tensorflow()
    from toolkit.training.run import resume as work

    work(folder, config)


def changed(folder: RunFolder, overrides: Sequence[str], plugins: Sequence[str]) -> dict[str, Any]:
    """Return a run's configuration with changes, checked like any other.

    Raises:
        Refused: With all faults.
    """
    config = OmegaConf.create({**folder.settings(), "plugins": list(plugins)})
    if OmegaConf.select(config, "data.name") is None:
        raise Refused(
            f"run: {folder.path} was trained from Python, on data that no configuration names; go "
            "on with it there: toolkit.Run(path, data).resume()"
        )
    parsed, faults = parse(overrides)
    knobs = [override for override in parsed if _is_knob(override.key_or_group)]
    faults += [
        f"command line: {override.key_or_group}: a run keeps its knobs, which its blocks have "
        "read; change an option of a block: model.body[0].NAME.OPTION=…"
        for override in knobs
    ]
    changes = [override for override in parsed if override not in knobs]
    faults += [fault for override in changes if (fault := apply(override, config))]
    settings = check(Composed(config, Origins([], changes), faults))
    del settings["expect"]
    return settings


def _is_knob(key: str) -> bool:
    path = parts(key)
    return path[0] == "model" and not {*path[1:2]} & {"stem", *NETWORKS}
