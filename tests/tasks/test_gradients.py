"""Gradients as optimizers take them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.tasks.gradients import cut, met, norm_of, update


@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad"])
def test_a_row_that_was_read_twice_is_updated_by_its_sum(name):
    table, same = (keras.Variable(np.zeros((3, 2), "float32")) for _ in range(2))
    rows = tf.IndexedSlices(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([1, 1]), (3, 2))
    summed = [[0.0, 0.0], [4.0, 6.0], [0.0, 0.0]]
    _, (gradient,) = met(0.0, [rows])
    assert float(norm_of([gradient])) == pytest.approx(np.hypot(4, 6))
    for variable, given in ((table, gradient), (same, tf.constant(summed))):
        optimizer = keras.optimizers.get(name)
        optimizer.build([variable])
        update(optimizer, [given], [variable], tf.constant(True))
    np.testing.assert_array_equal(table, same)


def test_a_batch_with_fewer_examples_than_parts_counts_in_each_as_a_part_of_it():
    x, weight = tf.constant([[1.0], [2.0]]), tf.constant([1.0, 0.5])
    parts = cut((x, None, weight, weight), 4, weights=2)
    for rows, none, *weights in parts:
        assert none is None
        np.testing.assert_array_equal(rows, x)
        np.testing.assert_array_equal(weights, [weight / 4] * 2)
    (one, _, first, _), *_, (last, *_) = cut((x, None, weight, weight), 2, weights=2)
    assert (one.numpy(), first.numpy(), last.numpy()) == ([[1.0]], [1.0], [[2.0]])
