"""Small images and the pictures that are to be made of them."""

from __future__ import annotations

import keras
import numpy as np

from toolkit.data.batching import Batching
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.tasks.games.image_translation import ImageTranslation
from toolkit.training.assemble import assemble
from toolkit.training.batches import training_batches
from toolkit.training.keras_optimizers import Update

SIDE = 8
MODEL = {
    "name": "translator",
    "generator": [{"generator": {"architecture": "unet", "filters": [4, 6], "dropout": 0.0}}],
    "discriminator": [
        {"discriminator": {"architecture": "patch", "filters": [4, 6], "normalization": "none"}}
    ],
}
INSTANCE = {
    **MODEL,
    "generator": [
        {
            "generator": {
                "architecture": "translator",
                "filters": [4, 6],
                "residual_blocks": 1,
            }
        }
    ],
}


def pairs(unpaired=False, dtype="uint8", made=3):
    """Return images of two tones in blocks, and pictures with the tones' colours."""
    random = np.random.default_rng(0)
    tones = random.integers(0, 2, (40, 2, 2, 1)).repeat(4, 1).repeat(4, 2)
    image = (60 + 120 * tones + random.integers(0, 2, tones.shape)).astype("uint8")
    colours = np.array([[200, 40, 90], [20, 180, 120]])
    picture = colours[tones[..., 0]][..., :made].astype("uint8")
    if dtype != "uint8":
        image, picture = ((x / 255).astype(dtype) for x in (image, picture))
    target = Field("picture", (SIDE, SIDE, made), dtype, unpaired=unpaired)
    spec = Spec({"image": Field("image", (SIDE, SIDE, 1), dtype)}, {"picture": target})
    split = Split({"image": image, "picture": picture})
    parts = (split.take(slice(0, 24)), split.take(slice(24, 32)), split.take(slice(32, None)))
    return Dataset(spec, *parts, encoder=ImageEncoder((SIDE, SIDE), 1))


def ready(data=None, model=MODEL, rate=0.01, parts=(1, 1), **options):
    """Return data, task and networks, with plain gradient descent for both sides."""
    data, task = data or pairs(), ImageTranslation(**options)
    spec = task.shaped(data.spec)
    task.check(data)
    trainable = assemble(model, spec, task, batch_size=4, accumulate=parts[0])
    trainable.objective.compile(optimizer=keras.optimizers.SGD(rate))
    trainable.objective.take({"discriminator": Update(keras.optimizers.SGD(2 * rate), parts[1])})
    return data, task, trainable


def batch_of(data, task, size=4):
    batches = training_batches(data, task, Batching(batch_size=size), seed=1)
    return next(iter(batches.endless()))
