"""Small pictures of three classes, a judge that tells them, and networks that make them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import toolkit
from toolkit.data.spec import Dataset, Field, Spec, Split

CLASSES = ("dark", "left", "right")
FLAT = {"pool": {"kind": "flatten"}}
JUDGE = {"name": "cnn", "body": [FLAT]}
IMAGES = {"image_decoder": {"filters": [8, 4]}}
GAN = {
    "name": "gan",
    "generator": [{"generator": {"filters": [8, 4]}}],
    "discriminator": [{"discriminator": {"filters": [4, 8]}}],
}
ENCODER = [{"image_encoder": {"filters": [4]}}, FLAT, {"dense": {"units": [8]}}]
VAE = {"name": "vae", "encoder": [*ENCODER, {"sampling": {"units": 2}}], "decoder": [IMAGES]}
FAST = {"name": "adam", "learning_rate": 0.02}
AUTOENCODER = {"name": "ae", "encoder": ENCODER, "decoder": [IMAGES]}


def pictures(encoder: Any = None) -> Dataset:
    """Return pictures that are dark, or bright on one side."""
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        label = (np.arange(n) % 3).astype("int32")
        image = random.integers(0, 40, (n, 8, 8, 1))
        image[label == 1, :, :4] += 200
        image[label == 2, :, 4:] += 200
        return Split({"image": image.astype("uint8"), "label": label})

    spec = Spec(
        {"image": Field("image", (8, 8, 1), "uint8")},
        {"label": Field("label", (), "int32", classes=CLASSES)},
    )
    return Dataset(spec, split(120), split(30), split(60), encoder)


def train(model: dict[str, Any], task: Any, folder: Path, **more: Any) -> toolkit.Run:
    """Train on them, without a word."""
    options = {"epochs": 1, "batch_size": 20, "logger": "none", "quiet": True, **more}
    data = options.pop("data", None) or pictures()
    return toolkit.train(model, data, task=task, run_dir=folder, **options)


def judge(folder: Path) -> str:
    """Train the judge, and return its folder."""
    return str(
        train(JUDGE, "classification", folder, epochs=12, optimizer=FAST, restore="last").path
    )
