"""Each sort of network that makes images, trained once with everything that is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_images as small

import toolkit
from toolkit.data.images.image_encoder import ImageEncoder

SHOWN = {"name": "tensorboard", "every": 2, "samples": 5, "projector": True}


@pytest.fixture(scope="session")
def judge_run(tmp_path_factory) -> str:
    """The folder of the run that judges."""
    return small.judge(tmp_path_factory.mktemp("judge") / "r")


@pytest.fixture(scope="session")
def runs(tmp_path_factory, judge_run) -> dict[str, Path]:
    """Folders of runs: a game with classes, a code of two numbers, and one of eight with noise."""
    place, data = tmp_path_factory.mktemp("runs"), small.pictures(ImageEncoder((8, 8), 1))
    game = {"name": "adversarial", "latent": 3, "labels": "condition"}
    cases = {
        "game": (
            small.GAN,
            game | {"judge": judge_run, "judged": 90},
            SHOWN | {"projector": False},
        ),
        "variational": (small.VAE, {"name": "variational"}, SHOWN),
        "denoising": (small.AUTOENCODER, {"name": "reconstruction", "noise": "masking"}, SHOWN),
    }

    def run(name: str) -> toolkit.Run:
        model, task, logger = cases[name]
        more = {"epochs": 3, "optimizer": small.FAST, "logger": logger, "data": data}
        return small.train(model, task, place / name, **more)

    return {name: run(name).path for name in cases}
