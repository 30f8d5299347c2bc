"""The order of many examples: a permutation that is computed and never drawn whole."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from toolkit.data import samplers
from toolkit.data.permuted import MANY, permutation_key, permuted
from toolkit.data.samplers import Packed, Permuted, Shuffled, shuffled


def order(count, seed=1, epoch=0):
    key = permutation_key(seed, tf.constant(epoch, "int64"))
    return permuted(tf.range(count, dtype="int64"), key, count).numpy()


@pytest.mark.parametrize("count", [1, 2, 7, 1000, 1023, 1025, 300_000])
def test_each_number_comes_once(count):
    assert np.array_equal(np.sort(order(count)), np.arange(count))


@pytest.mark.parametrize("count", [2**18, 300_000])
def test_neighbours_have_nothing_to_do_with_each_other(count):
    """Correlations of a random order lie within a few standard deviations, each 1/sqrt(count)."""
    for seed in range(6):
        found = order(count, seed)
        for apart in (1, 2, 32):
            assert abs(np.corrcoef(found[:-apart], found[apart:])[0, 1]) < 4.5 / count**0.5
        assert abs(np.corrcoef(found, np.arange(count))[0, 1]) < 4.5 / count**0.5
        # Batches of 1,000 draw from everywhere: chi-square of how many of each tenth they hold.
        tenths = np.stack([np.bincount(part * 10 // count, minlength=10) for part in blocks(found)])
        assert 0.8 < ((tenths - 100) ** 2 / 100).sum() / (9 * len(tenths)) < 1.2


def blocks(found):
    return found[: len(found) // 1000 * 1000].reshape(-1, 1000)


def test_each_seed_and_epoch_has_an_order_of_its_own():
    found = [order(5000, seed, epoch) for seed in range(3) for epoch in range(3)]
    for i, one in enumerate(found):
        for other in found[:i]:
            assert (one == other).sum() < 20  # by chance one is expected


def test_many_examples_are_permuted_and_few_shuffled_as_ever():
    assert type(shuffled(MANY - 1, 8, 0)) is Shuffled
    assert type(shuffled(MANY, 8, 0)) is Permuted


def test_any_batch_of_hundreds_of_millions_is_had_at_once():
    sampler = Permuted(400_000_000, 32, seed=3)
    key = sampler.order(tf.constant(2, "int64"))
    batch = sampler.batch(key, tf.constant(sampler.steps - 1, "int64")).numpy()
    assert len(np.unique(batch)) == 32
    assert batch.min() >= 0 and batch.max() < 400_000_000
    assert sampler.steps == 12_500_000


def test_an_epoch_holds_each_example_once_short_last_batch_included():
    sampler = Permuted(103, 10, seed=1)
    key = sampler.order(tf.constant(0, "int64"))
    found = [sampler.batch(key, tf.constant(s, "int64")).numpy() for s in range(sampler.steps)]
    assert [len(batch) for batch in found] == [10] * 10 + [3]
    assert np.array_equal(np.sort(np.concatenate(found)), np.arange(103))


def test_many_windows_are_those_of_few_in_another_order(monkeypatch):
    """They begin at the same places, fill included."""
    few = Packed(10_007, 4, 13, seed=5)
    monkeypatch.setattr(samplers, "MANY", 100)
    many = Packed(10_007, 4, 13, seed=5)
    assert many.permuted and not few.permuted
    starts = []
    for sampler in (few, many):
        epoch = sampler.order(tf.constant(3, "int64"))
        steps = [sampler.batch(epoch, tf.constant(s, "int64")).numpy() for s in range(few.steps)]
        assert {len(batch) for batch in steps} == {4}
        starts.append(np.concatenate(steps))
    assert np.array_equal(*map(np.sort, starts))
    assert not np.array_equal(*starts)
