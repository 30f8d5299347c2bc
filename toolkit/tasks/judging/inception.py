"""Inception-v3 as a judge of images: what its last pool sees, and its classes of ImageNet."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.tasks.applications import application, in_float32, prepared

NAME = "InceptionV3"
SIDE = 299
"""Height and width of the images that it was trained on."""


OFFLINE = (
    "What works without a network: task.judge_weights=FILE, Keras's weights for it; or another "
    "judge, the folder of a finished run of classification or a .keras file"
)


def inception(weights: str | None) -> Any:
    """Return the network of Frechet inception distances and inception scores.

    The features are the 2,048 numbers that the last pool gives (Heusel et al. 2017,
    arXiv:1706.08500), the chances those of ImageNet's 1,000 classes (Salimans et al. 2016,
    arXiv:1606.03498). Both are this network's: Keras's weights are not those of the TF-slim network
    of 2015 that published distances and scores are told by, nor is its last pool quite the same, so
    figures cannot be held against a paper's. Who has that network as a ``.keras`` file names the
    file as the judge.

    Args:
        weights: A file of Keras's weights for it (``.h5`` or ``.weights.h5``), with or without the
            layer that tells classes; None: those of ``keras.applications``, downloaded once.

    Returns:
        From pixels from 0 to 255, float32 ``(images, 299, 299, 3)``, to ``features``
        ``(images, 2048)`` and, unless the file has no classes, ``chances`` ``(images, 1000)``.

    Raises:
        Refused: If the weights cannot be had, or are another network's.
    """
    with in_float32():
        network = application(NAME, "task.judge", OFFLINE) if weights is None else _of_file(weights)
        (pool,) = (x for x in network.layers if isinstance(x, keras.layers.GlobalAveragePooling2D))
        seen = {"features": pool.output}
        if network.output is not pool.output:
            seen["chances"] = network.output
        entry = keras.Input((SIDE, SIDE, 3), dtype="float32", name="pixels")
        return keras.Model(entry, keras.Model(network.input, seen)(prepared(NAME, entry)))


def _of_file(path: str) -> Any:
    """Return the network with weights of a file, with its classes or without.

    Raises:
        Refused: If it fits neither.
    """
    made, shape = keras.applications.InceptionV3, (SIDE, SIDE, 3)
    faults = []
    for options in ({}, {"include_top": False, "pooling": "avg"}):
        network = made(weights=None, input_shape=shape, **options)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # of layers that the file has not
                network.load_weights(Path(path))
        except (OSError, ValueError, KeyError, UserWarning) as error:
            faults.append(str(error).partition("\n")[0])
        else:
            return network
    raise Refused(f"task.judge_weights: {path} holds no weights of {NAME} ({faults[0]}).")
