"""What is read, the picture that is made of it, and the true one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PIL import Image

from toolkit.data.pipeline import example_batches
from toolkit.training.loggers.views import Exhibit, Predict, spread
from toolkit.training.setup import Setup

SHOWN = 6
"""Rows, at most."""
LARGEST = 192
"""Height or width, in pixels, above which pictures are shown smaller."""


class Translations:
    """A few validation images, each a row: image, picture, and the true one where there are pairs.

    Args:
        setup: What is trained.
        predict: Gives the pictures.
        count: Images, 6 at most, evenly spread over the validation split.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        split, spec, self.predict = setup.dataset.valid, setup.dataset.spec, predict
        chosen = spread(len(split), min(count, SHOWN))
        x, y, _ = next(iter(example_batches(split.take(chosen), spec, len(chosen)).once()))
        (image,) = x.values()
        self.image, self.truth = image.numpy(), y.numpy()
        self.paired, self.top = not spec.target.unpaired, 255 if y.dtype == "uint8" else 1

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Translate."""
        columns = [self.image, self.predict(self.image), *([self.truth] if self.paired else [])]
        return [Exhibit("samples/translations", partial(rows_of, columns, self.top))]


def rows_of(columns: Sequence[np.ndarray], top: int) -> np.ndarray:
    """Return pictures in rows, shape ``(height, width, 3)`` uint8.

    Args:
        columns: Each ``(rows, height, width, channels)``, from 0 to ``top``.
        top: 255 or 1.
    """
    wide = [np.broadcast_to(c, (*c.shape[:3], 3)) if c.shape[-1] == 1 else c for c in columns]
    pixels = np.concatenate([np.asarray(c, "float32") for c in wide], axis=2)
    pixels = np.concatenate([*pixels], axis=0)  # (rows * height, columns * width, 3)
    sheet = Image.fromarray(np.clip(np.rint(pixels * (255 / top)), 0, 255).astype("uint8"))
    scale = LARGEST / max(columns[0].shape[1:3])
    if scale < 1:
        sheet = sheet.resize((round(sheet.width * scale), round(sheet.height * scale)))
    return np.asarray(sheet)
