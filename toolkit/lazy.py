"""TensorFlow and Keras, imported at their first use.

Importing them takes seconds; help, listings and config errors read signatures only and must not
pay for it. ``from toolkit.lazy import keras, tf`` costs nothing until an attribute is asked for.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["LazyModule", "keras", "keras_hub", "tf"]


class LazyModule(ModuleType):
    """A module that is imported when its first attribute is read."""

    def __init__(self, name: str):
        super().__init__(name)
        self.__dict__["_module"] = None

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # introspection must not import anything
            raise AttributeError(attribute)
        if self.__dict__["_module"] is None:
            self.__dict__["_module"] = importlib.import_module(self.__name__)
        return getattr(self.__dict__["_module"], attribute)


if TYPE_CHECKING:
    import keras
    import keras_hub
    import tensorflow as tf
else:
    keras = LazyModule("keras")
    keras_hub = LazyModule("keras_hub")
    tf = LazyModule("tensorflow")
