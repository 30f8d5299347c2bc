"""What Hydra's current job is to train."""

from __future__ import annotations

from typing import Any

from hydra.core.hydra_config import HydraConfig

from toolkit.config.compose import compose, config_loader
from toolkit.config.validate import check


def job_settings() -> tuple[dict[str, Any], dict[str, str | None]]:
    """Return the checked settings of Hydra's current job, and the chosen name of each group."""
    run = HydraConfig.get()
    folders = {source.provider: source.path for source in run.runtime.config_sources}
    loader = config_loader(folders.get("command-line"), folders.get("main"))
    words = [*run.overrides.hydra, *run.overrides.task]
    composed = compose(loader, run.job.config_name, words)
    settings = check(composed)
    del settings["expect"]
    return settings, composed.choices
