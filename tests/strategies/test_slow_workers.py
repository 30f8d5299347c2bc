"""Who is waited for."""

from __future__ import annotations

import numpy as np

from toolkit.training.callbacks.slow_workers import slow


def test_a_worker_is_measured_by_the_median_of_the_others():
    assert slow(np.array([0.10, 0.11, 0.25, 0.10])) == [
        "worker 2 is slow: its part of a step takes 0.25 s, 2.5 times as long as the others', "
        "which wait for it."
    ]
    assert slow(np.array([0.2, 0.1])) == [
        "worker 0 is slow: its part of a step takes 0.2 s, 2.0 times as long as the others', "
        "which wait for it."
    ]


def test_workers_that_differ_little_are_not_named():
    assert slow(np.array([0.10, 0.12, 0.11])) == []
