"""What has gone wrong in an epoch, told when it happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


class Concerns(keras.callbacks.Callback):
    """Tells what a task finds amiss in an epoch's figures.

    Args:
        find: From the epoch's figures to sentences; a task's ``concerns``.
        say: Tells one.
    """

    def __init__(self, find: Callable[[Any], list[str]], say: Callable[[str], None]):
        super().__init__()
        self.find, self.say = find, say

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell what is found."""
        for concern in self.find({k: float(v) for k, v in (logs or {}).items()}):
            self.say(concern)
