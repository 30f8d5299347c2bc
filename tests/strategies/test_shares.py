"""How a batch is cut among replicas."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.shares import Shares, spread


def cut(rows: int, replicas: int, how: str, parts: int = 1):
    """Return each replica's rows of a batch 0, 1, 2, …, and their weights."""
    batch = {"x": tf.range(rows)}, tf.range(rows) * 10, tf.ones((rows,))
    shares = Shares(replicas, 0, replicas, how, parts)
    found = []
    for x, y, weight in shares.of(tf.data.Dataset.from_tensors(batch)):
        np.testing.assert_array_equal(x["x"] * 10, y)
        found.append((x["x"].numpy().tolist(), weight.numpy().tolist()))
    return found


def test_each_row_is_had_once_in_order():
    for rows in range(4, 13):
        found = cut(rows, 4, "shared")
        assert sum((r for r, _ in found), []) == list(range(rows))
        assert max(len(r) for r, _ in found) - min(len(r) for r, _ in found) <= 1
        assert all(w == [1.0] * len(r) for r, w in found)


def test_a_worker_takes_its_own_replicas_shares():
    whole = cut(11, 4, "shared")
    batch = {"x": tf.range(11)}, tf.range(11), tf.ones((11,))
    of = Shares(4, 2, 2).of(tf.data.Dataset.from_tensors(batch))
    assert [x["x"].numpy().tolist() for x, *_ in of] == [rows for rows, _ in whole[2:]]


def test_fewer_rows_than_replicas_are_computed_by_all_and_count_once():
    assert cut(3, 4, "shared") == [([0, 1, 2], [0.25] * 3)] * 4


def test_what_is_scored_is_had_once_and_what_fills_counts_nothing():
    found = cut(2, 3, "once")
    assert sorted(r for rows, w in found for r, k in zip(rows, w, strict=True) if k) == [0, 1]
    assert sum((w for _, w in found), []).count(0.0) == 1


def test_shares_alike_have_as_many_rows():
    assert cut(5, 3, "alike") == [
        ([0, 1], [1.0, 1.0]),
        ([2, 3], [1.0, 1.0]),
        ([4, 4], [1.0, 0.0]),
    ]
    assert cut(1, 2, "alike") == [([0], [1.0]), ([0], [0.0])]


def test_parts_of_a_step_are_cut_each_by_itself():
    assert [rows for rows, _ in cut(8, 2, "shared", parts=2)] == [[0, 1, 4, 5], [2, 3, 6, 7]]


def test_replicas_find_the_parts_again_in_their_own_rows():
    for replicas, parts in product((2, 3, 4), (2, 3, 5)):
        for rows in (few := replicas * parts, few + 1, few + 3, 2 * few + 5):
            whole = [sorted(part) for part in np.split(np.arange(rows), edges(rows, parts))]
            found = [np.array(r) for r, _ in cut(rows, replicas, "shared", parts)]
            own = [np.split(held, edges(len(held), parts)) for held in found]
            assert [sorted(np.concatenate(part)) for part in zip(*own, strict=True)] == whole


def edges(rows: int, parts: int) -> list[int]:
    """Return where accumulation cuts rows."""
    return [rows * i // parts for i in range(1, parts)]


@pytest.mark.parametrize("how", ["shared", "once", "alike"])
def test_weights_add_up_to_those_of_the_batch(how):
    for rows in range(1, 9):
        for replicas in (2, 3, 4):
            total = sum(sum(w) for _, w in cut(rows, replicas, how))
            assert total == pytest.approx(rows)


def test_nothing_that_is_tuned_as_it_goes_is_waited_for_where_iterators_end():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    batches = tf.data.Dataset.from_tensors((tf.range(4), tf.ones(4)))
    (of_worker,) = iter(spread(strategy, lambda: batches, "shared"))._iterators
    for made in (of_worker._dataset, *(d._dataset for d in of_worker._iterator._device_iterators)):
        assert made.options().autotune.enabled is False
    assert spread(None, lambda: batches, "shared").options().autotune.enabled is False
