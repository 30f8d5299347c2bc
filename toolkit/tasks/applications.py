"""Networks of ``keras.applications`` with their weights for ImageNet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toolkit.errors import Refused
from toolkit.lazy import keras


def application(name: str, option: str, otherwise: str, **options: Any) -> Any:
    """Return a network with its weights, which are downloaded once.

    Args:
        name: The network's.
        option: The key that names it, for messages.
        otherwise: What works where nothing can be downloaded, a sentence without its end.
        **options: What else the network is told.

    Raises:
        Refused: If they cannot be had.
    """
    try:
        return getattr(keras.applications, name)(weights="imagenet", **options)
    except Exception as error:  # whatever a download can fail of
        what = str(error).partition("\n")[0]
        raise Refused(
            f"{option}: the weights of {name} cannot be had ({what}). {otherwise}."
        ) from None


@contextmanager
def in_float32() -> Iterator[None]:
    """Let networks be built in float32, whatever a training computes in."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def prepared(name: str, pixels: Any) -> Any:
    """Return pixels from 0 to 255 as a network was trained on them."""
    made = getattr(keras.applications, name)
    return sys.modules[made.__module__].preprocess_input(pixels)
