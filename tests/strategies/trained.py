"""Trains families one after the other, on the devices that the command line names.

``python trained.py OUTPUT STRATEGY DEVICES [NAME …]``: each run lies in a folder of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from families import FAMILIES

from toolkit.quiet import start_tensorflow


def folder(output: str | Path, name: str) -> Path:
    """Return where a family's run lies."""
    return Path(output, name.replace(" ", "-"))


def main(output: str, strategy: str, devices: str, *names: str) -> None:
    """Train."""
    start_tensorflow()
    import keras

    import toolkit

    for name in names or FAMILIES:
        case = dict(FAMILIES[name])
        toolkit.train(
            {"name": "m", **case.pop("model")},
            case.pop("data")(),
            run_dir=folder(output, name),
            **{"epochs": 1, "logger": "none", **case},
            strategy=strategy,
            devices=int(devices) or None,
            threads=1,
        )
        keras.config.set_dtype_policy("float32")


if __name__ == "__main__":
    main(*sys.argv[1:])
