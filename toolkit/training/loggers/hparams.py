"""What of a configuration compares runs: its numbers and choices."""

from __future__ import annotations

from typing import Any

import yaml

from toolkit.flat import flatten

LEFT_OUT = ("run_dir", "plugins", "logger", "expect", "data.root", "model.stem")
"""Keys, and whole groups, that change nothing of what is learned, or say again what a knob says."""


def hparams(config_text: str) -> dict[str, bool | int | float | str]:
    """Return a configuration's numbers and choices by dotted keys; no lists, and no nulls.

    The name of each group stands for it: ``model`` and not ``model.name``.
    """
    config: dict[str, Any] = yaml.safe_load(config_text) or {}
    return {
        key.removesuffix(".name"): value
        for key, value in flatten(config).items()
        if isinstance(value, bool | int | float | str)
        and not any(key == name or key.startswith(f"{name}.") for name in LEFT_OUT)
    }
