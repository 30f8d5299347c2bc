"""Where a run's figures go besides the terminal and ``metrics.csv``: config group ``logger``.

A logger is a function of ``(setup, folder, config_text)`` that gives Keras callbacks; its
keyword-only parameters are the options. A callback of it may have ``finish(results)``, called with
the final figures, and ``close(succeeded)``, called whatever happens.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.errors import Refused, did_you_mean
from toolkit.registry import Table

if TYPE_CHECKING:
    import keras

    from toolkit.training.run_folder import RunFolder
    from toolkit.training.setup import Setup


@dataclass(frozen=True)
class Row:
    """A logger and what is known of it before it is loaded.

    Attributes:
        path: ``module:function``.
        needs: Package that it needs and the toolkit does not; also the name of its extra.
    """

    path: str
    needs: str = ""


LOGGERS: Table[Row] = Table(
    "logger",
    {
        "tensorboard": Row("toolkit.training.loggers.tensorboard:tensorboard"),
        "wandb": Row("toolkit.training.loggers.wandb:wandb", needs="wandb"),
        "mlflow": Row("toolkit.training.loggers.mlflow:mlflow", needs="mlflow"),
        "none": Row("toolkit.training.loggers.none:none"),
    },
)
"""What ``logger`` can name."""


def missing_package(logger: Mapping[str, Any]) -> list[str]:
    """Return what keeps a logger from working here: a package that is not installed."""
    needs = LOGGERS.row(logger["name"]).needs
    if not needs or importlib.util.find_spec(needs) is not None:
        return []
    return [
        f"logger={logger['name']} needs the package {needs}, which is not installed: "
        f"pip install 'keras-training-toolkit[{needs}]'."
    ]


def watchers(
    logger: Mapping[str, Any], setup: Setup, folder: RunFolder, config_text: str
) -> list[keras.callbacks.Callback]:
    """Return the callbacks of the chosen logger.

    Args:
        logger: ``name`` and options.
        setup: What is trained.
        folder: The run's.
        config_text: The configuration, as YAML; empty shows none.

    Raises:
        Refused: If it needs a package that is not installed, or is asked for what this training
            does not have.
    """
    options = dict(logger)
    name = options.pop("name", "tensorboard")
    if name not in LOGGERS:
        raise Refused(f"logger: no '{name}'.{did_you_mean(name, LOGGERS)}")
    if faults := missing_package({"name": name}):
        raise Refused(*faults)
    return LOGGERS[name](setup, folder, config_text, **options)


@contextmanager
def watching(callbacks: list[keras.callbacks.Callback]) -> Iterator[None]:
    """Close a logger's callbacks at the end of a block, and tell them whether it succeeded."""
    succeeded = False
    try:
        yield
        succeeded = True
    finally:
        for callback in reversed(callbacks):  # the first owns what the others write to
            if hasattr(callback, "close"):
                callback.close(succeeded)


def finish(callbacks: list[keras.callbacks.Callback], results: Mapping[str, float]) -> None:
    """Tell a logger's callbacks the final figures, by ``split/metric``."""
    for callback in callbacks:
        if hasattr(callback, "finish"):
            callback.finish(results)
