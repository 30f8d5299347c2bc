"""Writing a text token by token: greedy, by beam search, or drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.lazy import keras_hub, tf

States = tuple[Any, ...]
Step = Callable[[Any, Any, States], tuple[Any, States]]
"""From the last tokens ``(rows, 1)``, how many were read before, and states with the rows in front,
to the logits of the next ``(rows, vocabulary)`` and the states after."""

NEVER = -1e9
"""The score of what must not be."""


@dataclass(frozen=True)
class Decoding:
    """How texts are written.

    Attributes:
        beams: Texts that are followed at a time; 1 takes the likeliest token each time.
        length_penalty: Finished texts are compared by their log probability over
            ``((5 + tokens) / 6) ** length_penalty`` (Wu et al. 2016, arXiv:1609.08144): 0 compares
            probabilities, which favours short texts.
        max_length: Most tokens that are written.
        no_repeat: No run of so many tokens is written twice in a text (Paulus et al. 2017,
            arXiv:1705.04304); 0 allows all.
        temperature: Draws tokens, from logits divided by it; None draws nothing.
        top_k: Draws among so many of the likeliest only (Fan et al. 2018, arXiv:1805.04833).
        top_p: Draws among the likeliest that together have this probability (Holtzman et al. 2020,
            arXiv:1904.09751).
    """

    beams: int = 1
    length_penalty: float = 1.0
    max_length: int = 100
    no_repeat: int = 0
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None

    def divisor(self, length: Any) -> Any:
        """Return what a log probability of so many tokens is divided by, float32."""
        return ((5.0 + tf.cast(length, "float32")) / 6.0) ** self.length_penalty

    def sampler(self, seed: int | None, size: int) -> Any:
        """Return KerasHub's sampler of so many next tokens; None where nothing is drawn."""
        if self.temperature is None:
            return None
        samplers = keras_hub.samplers
        top_k = None if self.top_k is None else min(self.top_k, size)
        if self.top_p is not None:
            return samplers.TopPSampler(
                p=self.top_p, k=top_k, seed=seed, temperature=self.temperature
            )
        if top_k is not None:
            return samplers.TopKSampler(k=top_k, seed=seed, temperature=self.temperature)
        return samplers.RandomSampler(seed=seed, temperature=self.temperature)


@dataclass(frozen=True)
class Written:
    """Texts in ids.

    Attributes:
        ids: Shape ``(rows, beams, time)``, int32, the best first; padding behind the end.
        scores: Log probability of each, divided as beam search does, ``(rows, beams)``; of drawn
            texts undivided.
    """

    ids: Any
    scores: Any


def write(
    step: Step,
    states: States,
    rows: Any,
    special: dict[str, int],
    options: Decoding,
    sampler: Any = None,
) -> Written:
    """Write a text for each row; in a TensorFlow graph.

    Args:
        step: The network.
        states: Its states before the first token, ``rows * beams`` in front.
        rows: How many texts are written; each has ``options.beams`` rows of its own, side by side.
        special: Ids of ``start`` and ``end``, of ``pad``, and of others that are never written.
        options: How.
        sampler: Draws tokens; None takes the likeliest. It needs ``beams`` of 1.
    """
    beams, start, end, pad = options.beams, special["start"], special["end"], special.get("pad", 0)
    never = sorted({i for name, i in special.items() if name != "end"})
    total = rows * beams
    # At first all beams of a row are alike: only one of them counts.
    first = tf.tile(tf.constant([[0.0] + [NEVER] * (beams - 1)]), [rows, 1])
    ids = tf.fill([total, options.max_length], pad)
    ids = tf.concat([tf.fill([total, 1], start), ids], axis=1)

    def go_on(i: Any, ids: Any, scores: Any, lengths: Any, states: States) -> Any:
        return tf.reduce_any(lengths == 0)

    def one(i: Any, ids: Any, scores: Any, lengths: Any, states: States) -> Any:
        logits, states = step(ids[:, i][:, None], i, states)
        logits = forbid(tf.cast(logits, "float32"), never)
        if options.no_repeat:
            logits += NEVER * repeats(ids, i, options.no_repeat, logits.shape[-1])
        logits = tf.where(i > 0, logits, forbid(logits, [end]))  # a text has at least one token
        done = lengths > 0
        if sampler is None:
            token, origin, scores = _best(logits, scores, done, lengths, i, options, end, pad)
        else:
            token = tf.cast(sampler.get_next_token(sampler.compute_probabilities(logits)), "int32")
            gained = tf.gather(tf.nn.log_softmax(logits), token, batch_dims=1)
            token = tf.where(done[:, 0], pad, token)
            origin = tf.range(total)
            scores += tf.where(done, 0.0, gained[:, None])
        ids, lengths = tf.gather(ids, origin), tf.gather(lengths, origin)
        if beams > 1:
            states = tuple(tf.gather(state, origin) for state in states)
        lengths = tf.where((lengths == 0) & (token == end)[:, None], i + 1, lengths)
        ids = tf.tensor_scatter_nd_update(
            ids, tf.stack([tf.range(total), tf.fill([total], i + 1)], 1), token
        )
        return i + 1, ids, scores, lengths, states

    lengths = tf.zeros([total, 1], "int32")
    scores = tf.reshape(first, [total, 1])
    given = (tf.constant(0), ids, scores, lengths, tuple(states))
    shapes = tf.nest.map_structure(
        lambda t: tf.TensorShape([None, *t.shape[1:]][: len(t.shape)]), given
    )
    steps, ids, scores, lengths, _ = tf.while_loop(
        go_on, one, given, shape_invariants=shapes, maximum_iterations=options.max_length
    )
    if sampler is None:
        scores /= options.divisor(tf.where(lengths > 0, lengths, steps))
    scores = tf.reshape(scores, [rows, beams])
    order = tf.argsort(-scores, axis=1, stable=True)
    texts = tf.reshape(ids[:, 1 : steps + 1], [rows, beams, steps])
    texts = tf.gather(tf.where(texts == end, pad, texts), order, batch_dims=1)
    return Written(texts, tf.gather(scores, order, batch_dims=1))


def _best(
    logits: Any,
    scores: Any,
    done: Any,
    lengths: Any,
    i: Any,
    options: Decoding,
    end: int,
    pad: int,
) -> tuple[Any, Any, Any]:
    """Return the next token of each beam, the beam it goes on from, and its log probability.

    Finished texts stay as they are, and compete with those that go on.
    """
    beams, size = options.beams, logits.shape[-1]
    stays = tf.one_hot(tf.fill(tf.shape(done)[:1], pad), size, on_value=0.0, off_value=NEVER)
    gains = tf.where(done, stays, tf.nn.log_softmax(logits))
    sums = tf.reshape(scores + gains, [-1, beams * size])
    long = tf.where(done, lengths, i + 1)
    divided = tf.reshape((scores + gains) / options.divisor(long), [-1, beams * size])
    _, best = tf.math.top_k(divided, k=beams)
    scores = tf.reshape(tf.gather(sums, best, batch_dims=1), [-1, 1])
    base = tf.range(tf.shape(best)[0])[:, None] * beams
    origin = tf.reshape(base + best // size, [-1])
    return tf.reshape(best % size, [-1]), origin, scores


def forbid(logits: Any, ids: Sequence[int]) -> Any:
    """Return logits by which some tokens are never written."""
    if not ids:
        return logits
    hidden = tf.reduce_max(tf.one_hot(list(ids), logits.shape[-1]), axis=0)
    return logits + NEVER * hidden


def repeats(ids: Any, i: Any, run: int, size: int) -> Any:
    """Return 1 for tokens that would make a run of tokens that the row holds already.

    Args:
        ids: What is written, shape ``(rows, time)``; counts up to place ``i``.
        i: Place of the last token.
        run: Length of a run.
        size: Tokens that there are.

    Returns:
        Shape ``(rows, size)``, float32.
    """
    time = ids.shape[1]
    ends = tf.range(time)  # places of a run's last token
    same = tf.tile(((ends <= i) & (ends >= run))[None], [tf.shape(ids)[0], 1])  # behind `start`
    for back in range(1, run):
        recent = tf.gather(ids, tf.maximum(i - run + 1 + back, 0), axis=1)
        shifted = tf.roll(ids, run - back, axis=1)
        same &= shifted == recent[:, None]
    same = tf.cast(same & (i + 1 >= run), "int32")
    rows = tf.tile(tf.range(tf.shape(ids)[0])[:, None], [1, time])
    counts = tf.scatter_nd(tf.stack([rows, ids], axis=2), same, [tf.shape(ids)[0], size])
    return tf.cast(counts > 0, "float32")
