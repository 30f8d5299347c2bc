"""The pool gives older pictures back, as often and as long as it should."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from toolkit.tasks.games.image_pool import ImagePool


def numbered(first, count):
    """Return pictures of one pixel that hold their number."""
    return tf.reshape(tf.range(first, first + count, dtype="float32"), (count, 1, 1, 1))


def test_until_it_is_full_all_come_back():
    pool = ImagePool(5, (1, 1, 1))
    np.testing.assert_array_equal(pool(numbered(1, 3)), numbered(1, 3))
    np.testing.assert_array_equal(pool(numbered(4, 3)), numbered(4, 3))  # the last is not kept
    np.testing.assert_array_equal(np.ravel(pool.held), [1, 2, 3, 4, 5])
    assert int(pool.count) == 5


def test_a_full_pool_swaps_every_other_picture():
    pool = ImagePool(5, (1, 1, 1))
    pool(numbered(1, 5))
    held, older, seen = {1, 2, 3, 4, 5}, 0, 400
    call = tf.function(pool)
    for step in range(seen // 2):
        new = {100 + 2 * step, 101 + 2 * step}
        given = {int(v) for v in np.ravel(call(numbered(100 + 2 * step, 2)))}
        now = {int(v) for v in np.ravel(pool.held)}
        assert len(given) == 2 and len(now) == 5, "nothing is lost or doubled"
        assert given | now == held | new and not given & now
        older += len(given - new)
        held = now
    assert 0.4 < older / seen < 0.6


def test_a_batch_beyond_its_size_and_no_pool_at_all():
    pool = ImagePool(2, (1, 1, 1))
    for first in (0, 10):
        given = np.ravel(pool(numbered(first, 4)))
        np.testing.assert_array_equal(given[2:], [first + 2, first + 3])
    none = ImagePool(0, (1, 1, 1))
    np.testing.assert_array_equal(none(numbered(0, 3)), numbered(0, 3))


def test_its_state_is_among_its_variables():
    one, other = ImagePool(3, (1, 1, 1)), ImagePool(3, (1, 1, 1))
    for first in range(0, 30, 3):
        one(numbered(first, 3))
    for ours, theirs in zip(other.variables, one.variables, strict=True):
        ours.assign(theirs)
    for first in range(30, 60, 3):
        np.testing.assert_array_equal(one(numbered(first, 3)), other(numbered(first, 3)))
