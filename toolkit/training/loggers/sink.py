"""Where figures, texts and pictures go: what loggers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Mark:
    """A place in a training up to which everything has been written.

    Attributes:
        step: Batches of the run that were done.
        epochs: Epochs that were closed.
        sink: What the sink noted of itself.
    """

    step: int
    epochs: int
    sink: dict[str, Any]


class Sink(Protocol):
    """A program that shows what a run writes.

    Attributes:
        name: The logger's.
    """

    name: str

    def begin(self, config_text: str, mark: Mark | None) -> None:
        """Begin, with the configuration as YAML; or go on from a mark, after which all is void."""

    def step(self, figures: Mapping[str, float], step: int) -> None:
        """Take figures after a step, by their bare names."""

    def epoch(self, figures: Mapping[str, float], epoch: int) -> None:
        """Take an epoch's figures, by names as ``train/loss`` and ``valid/loss``."""

    def text(self, name: str, markdown: str, epoch: int) -> None:
        """Take a text in Markdown."""

    def picture(self, name: str, pixels: np.ndarray, epoch: int) -> None:
        """Take a picture, shape ``(height, width, 3)`` uint8."""

    def results(self, figures: Mapping[str, float]) -> None:
        """Take the final figures, by names as ``test/loss``."""

    def state(self) -> dict[str, Any]:
        """Make sure that all is written, and return what :class:`Mark` is to hold, as JSON."""

    def close(self, succeeded: bool) -> None:
        """End."""
