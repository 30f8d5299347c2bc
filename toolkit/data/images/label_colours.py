"""Label maps painted with each label's mean colour: what a picture made of one has to beat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.pipeline import example_batches
from toolkit.data.spec import Dataset, Split

MOST_COLOURS = 256
"""Different colours above which images are no label maps."""
AT_ONCE = 16
"""Examples that are painted at a time."""
EXAMPLES = 2000
"""Training examples, at most, that colours are learned from."""
Pairs = Iterable[tuple[np.ndarray, np.ndarray]]
"""Batches of images and pictures, each ``(batch, height, width, channels)``."""


@dataclass(frozen=True)
class LabelColours:
    """The mean colour of the pixels under each colour of a label map.

    Attributes:
        labels: The labels' colours, each as one whole number, ascending, shape ``(labels,)``.
        means: Mean colour of the pictures there, float64 ``(labels, channels)``.
        overall: Mean colour of all pixels, for labels that did not occur, ``(channels,)``.
    """

    labels: np.ndarray
    means: np.ndarray
    overall: np.ndarray

    @classmethod
    def learn(cls, pairs: Pairs) -> LabelColours | None:
        """Take the mean colours of pairs.

        Args:
            pairs: Batches of label maps and pictures, both uint8.

        Returns:
            None where the images have more than 256 different colours: they are no label maps.
        """
        labels = np.zeros(0, "int64")
        totals: Any = np.zeros((0, 1))  # of each label its pixels and the sums of their channels
        for images, pictures in pairs:
            codes = _codes(images)
            known = np.union1d(labels, codes)
            if len(known) > MOST_COLOURS:
                return None
            where = np.searchsorted(known, codes)
            channels = pictures.reshape(-1, pictures.shape[-1]).astype("float64").T
            columns = [np.ones(len(codes)), *channels]
            found = np.stack([np.bincount(where, c, len(known)) for c in columns], axis=1)
            found[np.searchsorted(known, labels)] += totals
            labels, totals = known, found
        if not len(labels):
            return None
        whole = totals.sum(axis=0)
        return cls(labels, totals[:, 1:] / totals[:, :1], whole[1:] / whole[0])

    def paint(self, images: np.ndarray) -> np.ndarray:
        """Return label maps with each label in its mean colour, float64.

        Args:
            images: ``(batch, height, width, channels)``, uint8.
        """
        codes = _codes(images)
        where = np.minimum(np.searchsorted(self.labels, codes), len(self.labels) - 1)
        known = (self.labels[where] == codes)[:, None]
        colours = np.where(known, self.means[where], self.overall)
        return colours.reshape(*images.shape[:-1], -1)

    def error(self, pairs: Pairs) -> float:
        """Return the mean absolute difference of painted label maps and pictures, 0 to 255."""
        total, numbers = 0.0, 0
        for images, pictures in pairs:
            total += float(np.abs(self.paint(images) - pictures).sum())
            numbers += pictures.size
        return total / numbers


def mean_colour_error(dataset: Dataset, split: Split) -> float | None:
    """Return how far off it is to paint each label with its mean colour in training.

    Args:
        dataset: Label maps and pictures, both uint8; of its training part 2,000 examples at most
            are looked at.
        split: What is painted.

    Returns:
        The mean absolute difference of all numbers of all pixels, from 0 to 255; None where the
        inputs are no label maps, as they have more than 256 different colours.
    """
    found = LabelColours.learn(picture_pairs(dataset, dataset.train.take(slice(EXAMPLES))))
    return None if found is None else found.error(picture_pairs(dataset, split))


def classes_of(images: np.ndarray, palette: Iterable[tuple[int, ...]]) -> np.ndarray:
    """Return the class of each pixel of label maps.

    Args:
        images: ``(batch, height, width, channels)``, uint8.
        palette: The colour of each class, as the images' field has it.

    Returns:
        ``(batch, height, width)`` int32, -1 where a pixel has no class's colour.
    """
    colours = _codes(np.array([*palette], "uint8"))
    order = np.argsort(colours)
    codes = _codes(images)
    where = np.minimum(np.searchsorted(colours, codes, sorter=order), len(colours) - 1)
    classes = np.where(colours[order[where]] == codes, order[where], -1)
    return classes.reshape(images.shape[:-1]).astype("int32")


def _codes(images: np.ndarray) -> np.ndarray:
    """Return each pixel's colour as one whole number, ``(pixels,)``."""
    pixels = images.reshape(-1, images.shape[-1]).astype("int64")
    return pixels @ (256 ** np.arange(images.shape[-1], dtype="int64"))


def picture_pairs(dataset: Dataset, split: Split) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give a split's images and pictures in batches, decoded."""
    name, target = next(iter(dataset.spec.inputs)), next(iter(dataset.spec.targets))
    if split.decode is not None:
        for inputs, pictures, _ in example_batches(split, dataset.spec, AT_ONCE).once():
            yield inputs[name].numpy(), pictures.numpy()
        return
    for first in range(0, len(split), AT_ONCE):
        rows = split.take(slice(first, first + AT_ONCE)).arrays
        yield np.asarray(rows[name]), np.asarray(rows[target])
