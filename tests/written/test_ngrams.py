"""Runs of tokens that texts share."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.ngrams import distinct, overlap, runs


def test_runs_are_those_of_neighbours_within_a_window():
    windows = np.array([[1, 2, 3, 4], [4, 3, 2, 1]])
    assert runs(windows, 3, 10).tolist() == [123, 234, 432, 321]
    assert runs(windows[:, :2], 3, 10).size == 0


def test_shares_are_counted():
    written = runs(np.array([[1, 2, 3, 1, 2, 3]]), 3, 5)  # 123 231 312 123
    text = runs(np.array([[0, 1, 2, 3, 3]]), 3, 5)
    assert overlap(written, text) == 0.5
    assert distinct(written) == 0.75
    assert overlap(written[:0], text) == distinct(written[:0]) == 0.0


def test_large_vocabularies_do_not_collide():
    random = np.random.default_rng(0)
    windows = random.integers(0, 30_000, (1, 2000))
    rows = {tuple(windows[0, i : i + 3]) for i in range(1998)}
    assert distinct(runs(windows, 3, 30_000)) == pytest.approx(len(rows) / 1998)
