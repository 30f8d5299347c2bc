"""Scores of images against scipy, closed forms and counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from toolkit.image_scores import (
    Moments,
    class_agreement,
    class_shares,
    classifier_score,
    frechet_distance,
)


def features(seed, images=400, numbers=6):
    random = np.random.default_rng(seed)
    return random.normal(size=(images, numbers)) @ random.normal(size=(numbers, numbers)) + seed


def test_the_frechet_distance_is_that_of_the_matrix_root():
    a, b = features(1), features(2, images=300)
    one, other = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(one @ other).real
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(one + other - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(Moments.of(a), b) == frechet_distance(a, b)


def test_the_frechet_distance_of_normal_distributions_of_independent_numbers():
    mean, deviation = np.array([1.0, -2.0, 0.5]), np.array([0.5, 2.0, 3.0])
    one = Moments(np.zeros(3), np.eye(3))
    other = Moments(mean, np.diag(deviation**2))
    expected = np.square(mean).sum() + np.square(1 - deviation).sum()
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-12)


def test_the_frechet_distance_of_the_same_is_nothing():
    a = features(3)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9 * np.abs(a).max() ** 2)
    few = features(3, images=4)  # fewer images than numbers: the matrices have no inverse
    assert frechet_distance(few, few) == pytest.approx(0.0, abs=1e-5)
    assert frechet_distance(a[:, :1], a[:, :1] + 2) == pytest.approx(4.0)


def test_features_of_one_image_have_no_moments():
    with pytest.raises(ValueError, match=r"two images or more; got \(1, 6\)"):
        Moments.of(features(0, images=1))


def test_the_classifier_score_of_what_is_known():
    sure = np.eye(4)[np.arange(40) % 4]
    assert classifier_score(sure) == pytest.approx(4.0)
    assert classifier_score(np.full((9, 4), 0.25)) == pytest.approx(1.0)
    assert classifier_score(sure[:1].repeat(7, 0)) == pytest.approx(1.0)
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    m = p.mean(0)
    expected = np.exp(
        np.mean([sum(q * np.log(q / r) for q, r in zip(row, m, strict=True)) for row in p])
    )
    assert classifier_score(p) == pytest.approx(expected)


def test_shares_and_agreement_are_counted():
    p = np.eye(3)[[0, 0, 1, 0]]
    assert class_shares(p).tolist() == [0.75, 0.25, 0.0]
    assert class_agreement(p, np.array([0, 1, 1, 2])) == 0.5
