"""Losses against their definition: Keras's layers and loss, integrals and draws."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.losses import gaussian_kl, linear_cross_entropy, ranking


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


def test_the_divergence_of_normal_distributions_is_that_of_an_integral():
    """The integral of p log(p / q) by the trapezoid rule, with the densities written out."""
    mean, deviation = np.array([[0.7, -1.2]]), np.array([[0.5, 1.6]])
    x = np.linspace(-15, 15, 20001)[:, None, None]
    log_p = -(((x - mean) / deviation) ** 2) / 2 - np.log(deviation) - np.log(2 * np.pi) / 2
    log_q = -(x**2) / 2 - np.log(2 * np.pi) / 2
    expected = np.trapezoid(np.exp(log_p) * (log_p - log_q), x[:, 0, 0], axis=0).sum(axis=1)
    np.testing.assert_allclose(gaussian_kl(mean, 2 * np.log(deviation)), expected, rtol=1e-5)


def test_the_divergence_is_what_draws_give():
    random = np.random.default_rng(0)
    mean, log_variance = random.normal(size=(2, 3, 2, 2))
    draws = mean + np.exp(log_variance / 2) * random.normal(size=(200_000, 3, 2, 2))
    log_p = -((draws - mean) ** 2) / np.exp(log_variance) / 2 - log_variance / 2
    expected = (log_p + draws**2 / 2).mean(axis=0).sum(axis=(1, 2))
    found = gaussian_kl(mean, log_variance)
    assert found.shape == (3,) and found.dtype == tf.float32
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_the_divergence_of_the_standard_normal_distribution_is_nothing():
    np.testing.assert_array_equal(gaussian_kl(tf.zeros((2, 3)), tf.zeros((2, 3))), [0.0, 0.0])
    near = gaussian_kl(tf.zeros((1, 1)), tf.fill((1, 1), 1e-3))
    np.testing.assert_allclose(near, (np.exp(1e-3) - 1 - 1e-3) / 2, rtol=1e-3)


def test_the_divergence_of_half_precision_is_summed_in_float32():
    found = gaussian_kl(
        tf.fill((1, 1000), tf.cast(16.0, "float16")), tf.zeros((1, 1000), "float16")
    )
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, [128_000.0])


def test_ranking_is_the_mean_over_pairs_of_unequal_values():
    y, scores = [1.0, 3.0, 2.0, 3.0, 0.5], [0.2, 0.1, 0.9, -0.4, 0.3]
    pairs = [(i, j) for i in range(5) for j in range(5) if y[i] < y[j]]
    assert len(pairs) == 9  # of ten, one is of equal values
    expected = np.mean([np.log1p(np.exp(scores[i] - scores[j])) for i, j in pairs])
    each = ranking(tf.constant(y), tf.constant(scores))
    assert each.shape == (5,)
    np.testing.assert_allclose(np.mean(each), expected, rtol=1e-6)


def test_nothing_is_put_in_order_where_all_is_equal():
    np.testing.assert_array_equal(ranking(tf.fill((3,), 2.0), tf.constant([1.0, 2.0, 3.0])), 0)
