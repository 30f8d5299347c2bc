"""From Keras's names of figures to the toolkit's."""

from __future__ import annotations

from collections.abc import Mapping


def split_names(logs: Mapping[str, float]) -> dict[str, float]:
    """Return ``train/loss`` for ``loss`` and ``valid/loss`` for ``val_loss``."""
    return {
        f"valid/{name[4:]}" if name.startswith("val_") else f"train/{name}": float(value)
        for name, value in logs.items()
    }
