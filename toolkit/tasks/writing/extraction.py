"""Summaries that are a sentence of the text: the likeliest one, by a network that writes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.data.pipeline import example_batches
from toolkit.data.shares import shared
from toolkit.data.spec import Spec, Split
from toolkit.data.texts.sentences import sentences
from toolkit.tasks.writing.decoding import Decoding

FEWEST = 4
"""Tokens below which what looks like a sentence is none (an abbreviation, a heading)."""


def likeliest_sentences(
    network: keras.Model,
    spec: Spec,
    encoder: Any,
    texts: Sequence[str],
    options: Decoding,
    *,
    batch_size: int = 64,
    n: int = 1,
    strategy: Any = None,
) -> list[list[tuple[str, float]]]:
    """Return the sentences of each text that are likeliest as what is to be written of it.

    Args:
        network: From ``tokens`` and ``written`` to the logits of the next tokens.
        spec: What is read and written.
        encoder: Turns texts into ids.
        texts: What is read.
        options: Their ``length_penalty`` divides the log probabilities.
        batch_size: Sentences at a time.
        n: Most sentences of each text.
        strategy: Whose replicas share the sentences, where the network was built for one.

    Returns:
        For each text its best sentences and their scores, the best first.
    """
    candidates = [_candidates(text, encoder) for text in texts]
    which = np.repeat(np.arange(len(texts)), [len(found) for found in candidates])
    flat = [sentence for found in candidates for sentence in found]
    written = encoder.target.frame(encoder.target.ids(flat))
    read = encoder.encode(texts).arrays[encoder.input]
    order = np.argsort(read.lengths[which] + written.lengths, kind="stable")
    rows = Split({encoder.input: read[which[order]], "text": written[order]})
    one = partial(_scores, network, spec, options)
    score = shared(strategy, one)
    if strategy is None:
        signature = [tf.TensorSpec((None, None), "int32")] * 2
        score = tf.function(one).get_concrete_function(*signature)
    batches = example_batches(rows, spec, batch_size).once()
    found = np.concatenate([score(x[encoder.input], y).numpy() for x, y, _ in batches])
    scores = np.empty(len(flat))
    scores[order] = found
    result: list[list[tuple[str, float]]] = []
    for i in range(len(texts)):
        own = np.flatnonzero(which == i)
        best = own[np.argsort(-scores[own], kind="stable")][:n]
        result.append([(flat[k], float(scores[k])) for k in best])
    return result


def _candidates(text: str, encoder: Any) -> list[str]:
    found = sentences(text)
    lengths = encoder.target.ids(found).lengths
    long = [one for one, length in zip(found, lengths, strict=True) if length >= FEWEST]
    return long or [text]


def _scores(network: keras.Model, spec: Spec, options: Decoding, tokens: Any, text: Any) -> Any:
    """Return the log probability of each text, divided as beam search does, ``(batch,)``."""
    (name,) = spec.inputs
    logits = network({name: tokens, "written": text[:, :-1]}, training=False)
    after = text[:, 1:]
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(after, tf.cast(logits, "float32"))
    real = tf.cast(after != spec.target.pad, "float32")
    total = tf.reduce_sum(losses * real, axis=1)
    return -total / options.divisor(tf.reduce_sum(real, axis=1))
