"""Where figures go besides ``metrics.csv``."""

from __future__ import annotations

from toolkit.registry import Table


def tensorboard() -> None:
    """Write event files for TensorBoard: figures, the configuration and the graph."""


def none() -> None:
    """Write no event files."""


LOGGERS: Table[str] = Table(
    "logger",
    {"tensorboard": "toolkit.config.logger:tensorboard", "none": "toolkit.config.logger:none"},
)
