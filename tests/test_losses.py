"""The fused output layer against a dense layer followed by Keras's loss."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.losses import linear_cross_entropy


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("chunk_bytes", [1, 200, 2**24])
def test_value_and_gradients_equal_those_of_a_dense_layer(transposed, biased, chunk_bytes):
    random = np.random.default_rng(0)
    rows, width, classes = 7, 5, 11
    h = tf.Variable(random.normal(size=(rows, width)).astype("float32"))
    kernel = tf.Variable(random.normal(size=(width, classes)).astype("float32"))
    held = tf.Variable(tf.transpose(kernel)) if transposed else kernel
    bias = tf.Variable(random.normal(size=classes).astype("float32")) if biased else None
    labels = tf.constant(random.integers(0, classes, rows), "int32")
    weights = tf.constant([1.0, 0.0, 2.0, 1.0, 0.5, 1.0, 1.0])
    sources = [h, held] + ([bias] if biased else [])

    with tf.GradientTape() as tape:
        ours = 3.0 * linear_cross_entropy(
            h, held, bias, labels, weights, transposed=transposed, chunk_bytes=chunk_bytes
        )
    gradients = tape.gradient(ours, sources)
    with tf.GradientTape() as tape:
        logits = tf.matmul(h, held, transpose_b=transposed) + (bias if biased else 0.0)
        losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        reference = 3.0 * tf.reduce_sum(losses * weights)
    expected = tape.gradient(reference, sources)

    np.testing.assert_allclose(ours, reference, rtol=1e-6)
    for one, other in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_rows_of_unknown_number():
    @tf.function(input_signature=[tf.TensorSpec((None, 4))])
    def loss(h):
        rows = tf.shape(h)[0]
        labels, weights = tf.zeros(rows, "int32"), tf.ones(rows)
        return linear_cross_entropy(h, tf.zeros((4, 8)), None, labels, weights)

    np.testing.assert_allclose(loss(tf.ones((3, 4))), 3 * np.log(8), rtol=1e-6)


def test_half_precision_sums_in_float32():
    h = tf.ones((4, 4), "bfloat16")
    total = linear_cross_entropy(
        h, tf.zeros((4, 8)), None, tf.zeros(4, "int32"), tf.ones(4), transposed=False
    )
    assert total.dtype == tf.float32
    np.testing.assert_allclose(total, 4 * np.log(8), rtol=1e-6)


@pytest.mark.parametrize("chunk_bytes", [1, 2**24])
def test_guesses_are_the_classes_of_the_highest_logits(chunk_bytes):
    random = np.random.default_rng(0)
    h = tf.constant(random.normal(size=(9, 5)).astype("float32"))
    kernel = tf.constant(random.normal(size=(5, 11)).astype("float32"))
    bias = tf.constant(random.normal(size=11).astype("float32"))
    labels, weights = tf.zeros(9, "int32"), tf.ones(9)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(h)
        plain = linear_cross_entropy(h, kernel, bias, labels, weights)
        total, best = linear_cross_entropy(
            h, kernel, bias, labels, weights, chunk_bytes=chunk_bytes, guesses=True
        )
    assert best.dtype == tf.int32
    np.testing.assert_array_equal(best, np.argmax(h.numpy() @ kernel.numpy() + bias.numpy(), 1))
    np.testing.assert_allclose(total, plain, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(total, h), tape.gradient(plain, h), rtol=1e-5)
