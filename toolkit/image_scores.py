"""How near generated images come to real ones, told by what a fixed network sees in them.

Features have the shape ``(images, numbers)`` and probabilities ``(images, classes)``; both are
those of one network that is the same for all that is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Moments:
    """What a normal distribution needs to be told apart from another.

    Attributes:
        mean: Shape ``(numbers,)``, float64.
        covariance: Shape ``(numbers, numbers)``, float64.
    """

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> Moments:
        """Return those of features, at least two rows of them."""
        values = np.asarray(features, "float64")
        if values.ndim != 2 or len(values) < 2:
            raise ValueError(f"expected (images, numbers), two images or more; got {values.shape}")
        return cls(values.mean(axis=0), np.atleast_2d(np.cov(values, rowvar=False)))

    @cached_property
    def root(self) -> np.ndarray:
        """The covariance's square root, which is symmetric too."""
        values, vectors = np.linalg.eigh(self.covariance)  # below 0 by rounding alone
        return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T


def frechet_distance(one: np.ndarray | Moments, other: np.ndarray | Moments) -> float:
    """Return how far two sets of features are apart, each taken for normally distributed.

    It is ``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))``, the squared Wasserstein distance of both
    normal distributions (Heusel et al. 2017, arXiv:1706.08500), 0 where they are the same. Few
    images make it too large, so only distances from as many images can be compared.

    Args:
        one: Features of one set, or their moments, whose root is computed once.
        other: Likewise.
    """
    a, b = (x if isinstance(x, Moments) else Moments.of(x) for x in (one, other))
    # S1 S2 has the eigenvalues of R S2 R, R the root of S1.
    values = np.linalg.eigvalsh(a.root @ b.covariance @ a.root)
    traces = np.trace(a.covariance) + np.trace(b.covariance)
    cross = np.sqrt(np.clip(values, 0.0, None)).sum()
    return max(float(np.square(a.mean - b.mean).sum() + traces - 2 * cross), 0.0)


def classifier_score(probabilities: np.ndarray) -> float:
    """Return how sure a classifier is of each image, and how many classes there are among them.

    It is ``exp(mean KL(p(class | image) || p(class)))``, from 1 to the number of classes: the
    inception score (Salimans et al. 2016, arXiv:1606.03498), of all images together.
    """
    p = np.asarray(probabilities, "float64")
    marginal = p.mean(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log(p) - np.log(marginal)), 0.0)
    return float(np.exp(terms.sum(axis=1).mean()))


def class_shares(probabilities: np.ndarray) -> np.ndarray:
    """Return the share of images that are taken for each class, shape ``(classes,)``."""
    count = probabilities.shape[1]
    return np.bincount(probabilities.argmax(axis=1), minlength=count) / len(probabilities)


def class_agreement(probabilities: np.ndarray, asked: np.ndarray) -> float:
    """Return the share of images that are taken for the class that was asked for.

    Args:
        probabilities: Of each image.
        asked: Class ids, shape ``(images,)``.
    """
    return float((probabilities.argmax(axis=1) == asked).mean())
