"""Which examples make up batch s of epoch e.

A sampler maps (seed, epoch) to an order and (order, step) to the indices of one batch, with
TensorFlow operations that keep no state. So any step of any epoch can be had without replaying
what came before, and two processes agree on it.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from toolkit.data.permuted import MANY, permutation_key, permuted
from toolkit.lazy import tf


class Sampler(Protocol):
    """What the pipeline asks of a sampler.

    Attributes:
        steps: Batches in an epoch; the last may be short.
        examples: Examples in an epoch.
    """

    steps: int
    examples: int

    def order(self, epoch: Any) -> Any:
        """Return what ``batch`` needs to know of the epoch (a scalar int64 tensor): tensors."""
        ...

    def batch(self, order: Any, step: Any) -> Any:
        """Return the indices of the examples in batch ``step``, shape ``(batch,)``, int64."""
        ...


class InOrder:
    """Every example once, as they lie.

    Args:
        examples: How many there are.
        batch_size: How many make a batch.
        whole: Whether a last batch that would be short is left out.
    """

    def __init__(self, examples: int, batch_size: int, whole: bool = False):
        self.steps = examples // batch_size if whole else -(-examples // batch_size)
        self.examples = min(examples, self.steps * batch_size)
        self.held, self.batch_size = examples, batch_size

    def order(self, epoch: Any) -> Any:
        """Return all indices."""
        return tf.range(self.held, dtype="int64")

    def batch(self, order: Any, step: Any) -> Any:
        """Return the next ``batch_size`` of the order."""
        return order[step * self.batch_size : (step + 1) * self.batch_size]


class Shuffled(InOrder):
    """Every example once an epoch, in an order drawn from (seed, epoch).

    Args:
        examples: How many there are.
        batch_size: How many make a batch.
        seed: The run's seed.
        whole: Whether an epoch leaves out the examples that would make a short last batch; each
            epoch others.
    """

    def __init__(self, examples: int, batch_size: int, seed: int, whole: bool = False):
        super().__init__(examples, batch_size, whole)
        self.seed = seed

    def order(self, epoch: Any) -> Any:
        """Return a permutation of all indices."""
        seed = tf.stack([tf.constant(self.seed, "int64"), epoch])
        return tf.random.experimental.stateless_shuffle(super().order(epoch), seed=seed)


class Permuted(InOrder):
    """Like ``Shuffled``, in an order that is computed batch by batch and never lies in memory.

    Args:
        examples: How many there are.
        batch_size: How many make a batch.
        seed: The run's seed.
        whole: As in ``Shuffled``.
    """

    def __init__(self, examples: int, batch_size: int, seed: int, whole: bool = False):
        super().__init__(examples, batch_size, whole)
        self.seed = seed

    def order(self, epoch: Any) -> Any:
        """Return the key of the epoch's permutation."""
        return permutation_key(self.seed, epoch)

    def batch(self, order: Any, step: Any) -> Any:
        """Return the next ``batch_size`` of the permutation."""
        first = step * self.batch_size
        last = tf.minimum(first + self.batch_size, self.held)
        return permuted(tf.range(first, last, dtype="int64"), order, self.held)


def shuffled(examples: int, batch_size: int, seed: int, whole: bool = False) -> InOrder:
    """Return the sampler that shuffles so many examples: ``Shuffled``, or of many ``Permuted``."""
    kind = Shuffled if examples < MANY else Permuted
    return kind(examples, batch_size, seed, whole)


class Bucketed(Shuffled):
    """Like ``Shuffled``, but the examples of a batch have similar lengths, so less is padding.

    The shuffled examples are sorted by length within groups of 50 batches, and the order of the
    batches is shuffled again. Groups that large leave the padding near its minimum. They are a
    quarter of an epoch at most: within one group of a whole epoch, the same examples would meet in
    every epoch. The short last batch holds any examples.

    Args:
        lengths: Length of each example, shape ``(examples,)``.
        batch_size: How many make a batch.
        seed: The run's seed.
    """

    most = 50

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int):
        super().__init__(len(lengths), batch_size, seed)
        self.lengths = np.asarray(lengths, "int64")
        self.full = self.examples // batch_size
        self.group = max(2, min(self.most, self.full // 4))

    def order(self, epoch: Any) -> Any:
        """Return a permutation in which neighbours have similar lengths."""
        shuffled = super().order(epoch)
        head, rest = tf.split(shuffled, [self.full * self.batch_size, -1])
        places = tf.range(self.full * self.batch_size, dtype="int64")
        group = places // (self.group * self.batch_size)
        key = group * (int(self.lengths.max()) + 1) + tf.gather(self.lengths, head)
        rows = tf.gather(head, tf.argsort(key, stable=True))
        rows = tf.reshape(rows, (self.full, self.batch_size))
        seed = tf.stack([tf.constant(self.seed, "int64"), -1 - epoch])
        rows = tf.random.experimental.stateless_shuffle(rows, seed=seed)
        return tf.concat([tf.reshape(rows, [-1]), rest], 0)


class Streams:
    """Contiguous streams for language models (Zaremba et al. 2014, arXiv:1409.2329).

    The text is cut into ``batch_size`` streams of equal length, read side by side: row b of one
    batch goes on where row b of the batch before stopped, so that a recurrent state can be carried.
    ``batch`` gives where in the text each row starts. The last batch of an epoch is filled up
    with positions beyond the stream's end, which ``weights`` marks by zero; of the text, only what
    does not divide by ``batch_size`` is left out, and nothing where it is 1.

    Args:
        tokens: Length of the text.
        batch_size: Number of streams.
        length: Tokens of each stream in a batch.
    """

    def __init__(self, tokens: int, batch_size: int, length: int):
        self.batch_size, self.length = batch_size, length
        self.stream = tokens // batch_size
        self.steps = -(-self.stream // length)
        self.examples = self.stream * batch_size

    def order(self, epoch: Any) -> Any:
        """Return where each stream starts."""
        return tf.range(self.batch_size, dtype="int64") * self.stream

    def batch(self, order: Any, step: Any) -> Any:
        """Return where in the text each row of the batch starts."""
        return order + step * self.length

    def weights(self, step: Any) -> Any:
        """Return 1 for tokens of the streams and 0 for fill, shape ``(batch, length)``, float32."""
        inside = step * self.length + tf.range(self.length, dtype="int64") < self.stream
        return tf.tile(tf.cast(inside, "float32")[None], [self.batch_size, 1])


class Packed:
    """Windows of a text side by side, shuffled; they begin elsewhere in each epoch.

    A network that carries no state sees each window by itself. Beginning at another token each
    epoch, it does not see the same windows again. The last batch is filled up with windows beyond
    the text's end, so that all batches have one shape.

    Args:
        tokens: Length of the text.
        batch_size: Windows in a batch.
        length: Tokens of a window.
        seed: The run's seed; None reads the windows in order, from the first token.
    """

    def __init__(self, tokens: int, batch_size: int, length: int, seed: int | None):
        self.tokens, self.batch_size, self.length, self.seed = tokens, batch_size, length, seed
        self.windows = -(-tokens // length)
        self.steps = -(-self.windows // batch_size)
        self.examples = tokens

        self.permuted = seed is not None and self.windows >= MANY

    def order(self, epoch: Any) -> Any:
        """Return where each window starts; one that would begin before the text begins at 0.

        Of many windows it is what their order is computed from.
        """
        if self.permuted:
            return permutation_key(self.seed or 0, epoch), self._shift(epoch)
        starts = tf.range(self.windows, dtype="int64") * self.length
        if self.seed is not None:
            seed = tf.stack([tf.constant(self.seed, "int64"), epoch])
            starts = tf.maximum(starts - self._shift(epoch), 0)
            starts = tf.random.experimental.stateless_shuffle(starts, seed=seed)
        missing = self.steps * self.batch_size - self.windows
        return tf.concat([starts, tf.fill([missing], tf.cast(self.tokens, "int64"))], 0)

    def _shift(self, epoch: Any) -> Any:
        """Return how many tokens before its usual place each window of an epoch begins."""
        seed = tf.stack([tf.constant(self.seed, "int64"), epoch])
        spare = min(self.length, max(self.tokens - self.length, 0) + 1)
        return tf.random.stateless_uniform((), seed, maxval=spare, dtype="int64")

    def batch(self, order: Any, step: Any) -> Any:
        """Return where the windows of a batch start."""
        first = step * self.batch_size
        if not self.permuted:
            return order[first : first + self.batch_size]
        key, shift = order
        places = first + tf.range(self.batch_size, dtype="int64")
        starts = permuted(tf.minimum(places, self.windows - 1), key, self.windows) * self.length
        return tf.where(places < self.windows, tf.maximum(starts - shift, 0), self.tokens)
