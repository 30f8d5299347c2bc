"""Simple guesses at the picture of an image, which a translation has to beat."""

from __future__ import annotations

import numpy as np

from toolkit.data.images.label_colours import mean_colour_error, picture_pairs
from toolkit.data.spec import Dataset, Split
from toolkit.tasks.units import BYTE


def translation_baselines(dataset: Dataset, split: Split) -> dict[str, float]:
    """Return how far off guesses are, the mean absolute difference of pictures from 0 to 1.

    Where images are label maps each label is painted in its mean colour in training; and each pixel
    has its mean in training. Of pictures in files, which are decoded for it, the second is not
    told.

    Args:
        dataset: Images and pictures, both uint8.
        split: What is guessed.
    """
    found = {}
    if (error := mean_colour_error(dataset, split)) is not None:
        found["l1 (each label's mean colour)"] = error / BYTE
    if dataset.train.decode is None:
        mean = _mean_picture(dataset)
        total, numbers = 0.0, 0
        for _, pictures in picture_pairs(dataset, split):
            total += float(np.abs(mean - pictures).sum())
            numbers += pictures.size
        found["l1 (each pixel's mean)"] = total / numbers / BYTE
    return found


def _mean_picture(dataset: Dataset) -> np.ndarray:
    """Return the mean of all pictures in training, float64."""
    totals = [pictures.sum(0, "float64") for _, pictures in picture_pairs(dataset, dataset.train)]
    return np.sum(totals, axis=0) / len(dataset.train)
