"""Losses that Keras has no layer or function for."""

from __future__ import annotations

from typing import Any

from toolkit import replicas
from toolkit.lazy import tf

CHUNK_BYTES = 16 * 2**20
"""Most bytes of logits that are held at a time: what a CPU's last cache holds is fastest."""


def linear_cross_entropy(
    features: Any,
    kernel: Any,
    bias: Any | None,
    labels: Any,
    weights: Any,
    *,
    transposed: bool = False,
    chunk_bytes: int = CHUNK_BYTES,
    guesses: bool = False,
) -> Any:
    """Return the weighted sum of the cross entropies of ``softmax(features @ kernel + bias)``.

    For a language model's large vocabulary this layer is most of the work. The logits are never
    held at once: rows are taken in chunks, and each chunk's gradient is computed while its logits
    are at hand. That takes the three matrix products and little else, in about half the time of a
    dense layer followed by a loss, for the same numbers.

    Args:
        features: Shape ``(rows, width)``.
        kernel: Shape ``(width, classes)``, or ``(classes, width)`` where ``transposed``, as an
            embedding has that is also the output layer.
        bias: Shape ``(classes,)``, or None.
        labels: Shape ``(rows,)``, whole numbers in ``[0, classes)``.
        weights: Shape ``(rows,)``, float32: what each row's cross entropy counts in the sum. No
            gradient flows to it.
        transposed: How ``kernel`` lies.
        chunk_bytes: Most bytes of logits at a time; sets the number of chunks when the number of
            rows is known, and else one chunk is used.
        guesses: Whether to return the likeliest class of each row too.

    Returns:
        A float32 scalar: the sum over rows of weight times cross entropy in nats. With ``guesses``
        also the classes of the highest logits, shape ``(rows,)``, int32.
    """
    rows, classes = features.shape[0], kernel.shape[0 if transposed else 1]
    chunks = 1 if rows is None else max(1, min(rows, round(rows * classes * 4 / chunk_bytes)))

    def forward_and_backward(features: Any, kernel: Any, bias: Any) -> tuple[Any, Any, list[Any]]:
        total, best = tf.zeros((), "float32"), []
        d_features, d_kernel, d_bias = [], None, None
        edges = [None if rows is None else rows * i // chunks for i in range(chunks + 1)]
        for start, stop in zip(edges, edges[1:], strict=False):
            part = slice(start, stop)
            h, w = features[part], weights[part]
            logits = tf.matmul(h, kernel, transpose_b=transposed)
            if bias is not None:
                logits = tf.nn.bias_add(logits, bias)
            if guesses:
                best.append(tf.argmax(logits, axis=1, output_type="int32"))
            # One kernel gives the loss and its gradient to the logits (softmax minus one-hot).
            losses, slope = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(
                features=tf.cast(logits, "float32"), labels=labels[part]
            )
            slope = tf.cast(slope, features.dtype)
            total += tf.tensordot(losses, w, 1)
            w = tf.cast(w, features.dtype)[:, None]
            d_features.append(tf.matmul(slope, kernel, transpose_b=not transposed) * w)
            left, right = (slope, h * w) if transposed else (h * w, slope)
            product = tf.matmul(left, right, transpose_a=True)
            d_kernel = product if d_kernel is None else d_kernel + product
            if bias is not None:
                product = tf.matmul(w, slope, transpose_a=True)[0]
                d_bias = product if d_bias is None else d_bias + product
        gradients = [tf.concat(d_features, 0), d_kernel]
        best = tf.concat(best, 0) if guesses else tf.zeros((0,), "int32")
        return total, best, gradients if bias is None else [*gradients, d_bias]

    @tf.custom_gradient
    def weighted_sum(*operands: Any) -> Any:
        features, kernel, *rest = operands
        total, best, gradients = forward_and_backward(features, kernel, rest[0] if rest else None)

        def backward(upstream: Any, _: Any) -> list[Any]:
            return [tf.cast(upstream, g.dtype) * g for g in gradients]

        return (total, best), backward

    operands = [features, kernel] if bias is None else [features, kernel, bias]
    total, best = weighted_sum(
        *(tf.cast(tf.convert_to_tensor(x), features.dtype) for x in operands)
    )
    return (total, best) if guesses else total


def gaussian_kl(mean: Any, log_variance: Any) -> Any:
    """Return the Kullback-Leibler divergence of normal distributions from the standard one.

    Each number of an example has a distribution of its own, so their divergences add up to
    ``sum(exp(log_variance) + mean ** 2 - 1 - log_variance) / 2`` (Kingma and Welling, 2014,
    appendix B).

    Args:
        mean: Shape ``(batch, ...)``, any float dtype; the sum is done in float32.
        log_variance: The same shape: logarithms of the variances.

    Returns:
        Shape ``(batch,)``, float32, in nats; never below 0 but by rounding.

    References:
        Kingma and Welling, 2014, https://arxiv.org/abs/1312.6114
    """
    mean, log_variance = tf.cast(mean, "float32"), tf.cast(log_variance, "float32")
    # expm1 keeps the digits near the standard normal, where a collapsed code's divergence lies.
    each = (tf.math.expm1(log_variance) - log_variance + tf.square(mean)) / 2
    return tf.reduce_sum(each, axis=range(1, mean.shape.rank))


def ranking(y: Any, scores: Any) -> Any:
    """Return what each row has of RankNet's loss: how badly a batch's rows are put in order.

    Over all pairs of rows of which one has the higher true value, the loss is the mean of
    ``log(1 + exp(lower's score - higher's))`` (Burges et al., "Learning to Rank using Gradient
    Descent", ICML 2005). Replicas compare their rows with those of all.

    Args:
        y: True values, shape ``(rows,)``; rows of equal value are not compared.
        scores: What should rise with them, shape ``(rows,)``, float32.

    Returns:
        Shape ``(rows,)``, float32; their mean, over all replicas, is the loss. 0 where all true
        values are equal.
    """
    (every_y, _), (every_score, _) = replicas.whole(y), replicas.whole(scores)
    higher = tf.cast(every_y[None, :] > y[:, None], scores.dtype)
    wrong = tf.nn.softplus(scores[:, None] - every_score[None, :])
    pairs = tf.math.count_nonzero(every_y[None, :] > every_y[:, None], dtype="float32")
    share = tf.cast(tf.shape(every_y)[0], "float32") / tf.maximum(pairs, 1.0)
    return tf.reduce_sum(higher * wrong, axis=1) * share
