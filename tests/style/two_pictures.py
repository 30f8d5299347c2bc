"""Two small pictures as files, and networks that look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

import toolkit
from toolkit.data.spec import Dataset

MODEL = {"name": "picture", "generator": [{"picture": {}}]}
FAST = {"name": "adam", "learning_rate": 0.05}


def files(folder: Path) -> dict[str, str]:
    """Write a content picture of 12 x 16 pixels and a style picture of 10 x 20."""
    down, across = np.mgrid[0:12, 0:16]
    content = np.stack([down * 20, across * 15, np.full((12, 16), 90)], -1).astype("uint8")
    style = np.random.default_rng(0).integers(0, 256, (10, 20, 3)).astype("uint8")
    style[:, ::2] //= 4
    found = {"content": str(folder / "content.png"), "style": str(folder / "style.png")}
    Image.fromarray(content).save(found["content"])
    Image.fromarray(style).save(found["style"])
    return found


def pair(folder: Path, **options: Any) -> Dataset:
    """Return both as a data set of four updates an epoch."""
    return toolkit.load_data("style_pair", **{"steps": 4, **files(folder), **options})


def looker(path: Path, channels: int = 3) -> str:
    """Save a network that sees three sizes of pictures, 8 x 8 pixels in training, and ends."""
    keras.utils.set_random_seed(3)
    x = entry = keras.Input((8, 8, channels), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(x)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="near")(x)
    x = keras.layers.Conv2D(4, 3, padding="same", name="plain")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Activation("relu", name="nearer")(x)
    x = keras.layers.MaxPooling2D(name="pooled")(x)
    x = keras.layers.Conv2D(5, 3, padding="same", activation="relu", name="middle")(x)
    x = keras.layers.Conv2D(5, 3, padding="same", activation="relu", name="between")(x)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="far")(x)
    x = keras.layers.Dense(3, activation="softmax", name="told")(keras.layers.Flatten()(x))
    keras.Model(entry, x).save(path)
    return str(path)


def train(folder: Path, features: str, data: Dataset, **more: Any) -> toolkit.Run:
    """Paint, without a word; keys of the task and of the training."""
    own = (
        "initial",
        "style_weight",
        "content_weight",
        "variation_weight",
        "pooling",
        "style_layers",
    )
    task = {"name": "style_transfer", "features": features}
    task |= {key: more.pop(key) for key in own if key in more}
    options = {"epochs": 3, "batch_size": 1, "logger": "none", "optimizer": FAST, **more}
    return toolkit.train(MODEL, data, task=task, run_dir=folder, quiet=True, **options)
