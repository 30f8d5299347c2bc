"""What watches a run besides the terminal and ``metrics.csv``: config group ``logger``."""

from __future__ import annotations

from typing import Any

import keras

from toolkit.training.callbacks.profile import ProfileSteps
from toolkit.training.callbacks.tensorboard import TensorBoardScalars
from toolkit.training.run_folder import RunFolder
from toolkit.training.setup import Setup


def watchers(
    logger: dict[str, Any], setup: Setup, folder: RunFolder, config_text: str
) -> list[keras.callbacks.Callback]:
    """Return the callbacks of the chosen logger.

    Args:
        logger: ``name`` and options.
        setup: What is trained.
        folder: The run's.
        config_text: The configuration, as YAML.
    """
    if logger["name"] != "tensorboard":
        return []
    settings = setup.settings
    watch: list[keras.callbacks.Callback] = [
        TensorBoardScalars(
            folder.tensorboard,
            steps=setup.steps,
            every=settings.log_every,
            config_text=config_text,
            histograms=settings.histograms,
        )
    ]
    if settings.profile is not None:
        watch.append(ProfileSteps(folder.tensorboard, *settings.profile))
    return watch
