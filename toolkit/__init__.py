"""Declarative training on Keras 3 and TensorFlow: ``python -m toolkit model=gru data=ptb``."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["Refused", "Run", "load_data", "model", "train"]

from toolkit.errors import Refused


def __getattr__(name: str) -> Any:
    # The interface is imported when it is used, so that the command line starts at once.
    if name in __all__:
        from toolkit import api

        return getattr(api, name)
    raise AttributeError(f"module 'toolkit' has no attribute '{name}'")
