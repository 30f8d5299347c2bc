"""From a split and a sampler to batches: endless, and restartable at any step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from toolkit.data.images.augment import Augmentation
from toolkit.data.images.rematching import Rematching
from toolkit.data.records.columns import gather_stored, stored
from toolkit.data.samplers import Bucketed, InOrder, Packed, Sampler, Streams, shuffled
from toolkit.data.shares import Cut, spread
from toolkit.data.spec import Field, Ragged, Spec, Split
from toolkit.data.token_lookup import token_lookup
from toolkit.lazy import tf

Batch = tuple[dict[str, Any], Any, Any]
Augment = Mapping[str, Mapping[str, Any] | None]
Examples = Callable[[dict[str, Any], Any, Any, Any], Batch]
"""What a task makes of a batch: from inputs, target, weight and a seed of shape (2,), int64."""

FIXED = 0x5EED
"""In place of a run's seed, where what is drawn must be the same at each evaluation."""


@dataclass(frozen=True)
class Window:
    """What part of a series is one example.

    Attributes:
        context: Rows that are seen.
        horizon: Rows that are forecast, the next ones.
        targets: Columns that are forecast; None for all.
        stride: Rows from one example to the next.
    """

    context: int
    horizon: int
    targets: tuple[int, ...] | None = None
    stride: int = 1


@dataclass(frozen=True)
class Batches:
    """Batches of ``(inputs, target, weight)``, in an order fixed by seed, epoch and step.

    Attributes:
        sampler: Which examples make up each batch.
        assemble: Turns ``(indices, step, extras)`` into a batch; extras are what was drawn for the
            epoch.
        draw: Draws what an epoch needs for augmentation and for what is not paired, once an epoch;
            None where that is nothing.
        unit: What the examples are called where speed is printed: ``tokens`` or ``examples``.
        examples_of: What the task makes of a batch; None takes it as it is.
        seed: The run's, from which the task draws; None in evaluation, where each step has its own
            fixed one.
        cut: How a batch is cut among replicas.
        parts: Batches that a step takes one after the other.
        accumulate: Parts of each of these whose gradients a step adds up.
    """

    sampler: Sampler
    assemble: Callable[[Any, Any, Any], Batch]
    draw: Callable[[Any], Any] | None = None
    unit: str = "examples"
    examples_of: Examples | None = None
    seed: int | None = None
    cut: Cut = "shared"
    parts: int = 1
    accumulate: int = 1

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self.sampler.steps

    @property
    def examples(self) -> int:
        """Examples (for streams: tokens) in an epoch."""
        return self.sampler.examples

    def once(self, limit: int | None = None, strategy: Any = None) -> Any:
        """Return epoch 0 as a finite ``tf.data.Dataset``.

        Args:
            limit: Batches after which it is cut; None for all.
            strategy: Among whose replicas batches are cut, a ``tf.distribute.Strategy``; None: they
                stay whole.
        """
        steps = self.steps if limit is None else min(limit, self.steps)

        def make() -> Any:
            return self._epoch(tf.zeros((), "int64"), 0, steps).prefetch(tf.data.AUTOTUNE)

        return self._spread(strategy, make)

    def endless(self, start: int = 0, steps: int | None = None, strategy: Any = None) -> Any:
        """Return batches without end, from any step of the run.

        Args:
            start: Batches of the run that came before; they cost nothing.
            steps: Batches taken of each epoch; None for all.
            strategy: As ``once`` has it.
        """
        length = self.steps if steps is None else min(steps, self.steps)
        epoch, first = divmod(start, length)

        def make() -> Any:
            whole = tf.data.Dataset.counter(epoch + 1).flat_map(lambda e: self._epoch(e, 0, length))
            begun = self._epoch(tf.constant(epoch, "int64"), first, length)
            return begun.concatenate(whole).prefetch(tf.data.AUTOTUNE)

        return self._spread(strategy, make, endless=True)

    def _spread(self, strategy: Any, make: Any, endless: bool = False) -> Any:
        parts = self.parts * self.accumulate
        return spread(strategy, make, self.cut, parts, endless=endless)

    def _epoch(self, epoch: Any, first: int, steps: int) -> Any:
        order = self.sampler.order(epoch)
        extras = None if self.draw is None else self.draw(epoch)

        def one(step: Any) -> Batch:
            batch = self.assemble(self.sampler.batch(order, step), step, extras)
            if self.examples_of is None:
                return batch
            seed = tf.constant(FIXED if self.seed is None else self.seed, "int64")
            return self.examples_of(*batch, tf.stack([seed, epoch * self.steps + step]))

        return tf.data.Dataset.range(first, steps).map(
            one, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )


def example_batches(
    split: Split,
    spec: Spec,
    batch_size: int,
    *,
    seed: int | None = None,
    bucket: bool = False,
    augment: Augment | None = None,
    whole: bool = False,
) -> Batches:
    """Return batches of separate examples.

    Pictures that are not paired with the input stand beside another one in each epoch, where there
    is a seed.

    Args:
        split: Where they come from. Rows of differing length are padded with zeros to the longest
            of their batch.
        spec: Which arrays are inputs and which the target.
        batch_size: Examples in a batch.
        seed: Shuffles and augments by it; None keeps the order.
        bucket: Whether the examples of a batch should have similar lengths; where several arrays
            have lengths, the longest of each example.
        augment: Steps of augmentation and their options.
        whole: Whether shuffled examples that would make a short last batch are left out.
    """
    lengths = split.lengths
    sampler: Sampler
    if seed is None:
        sampler = InOrder(len(split), batch_size)
    elif bucket and lengths:
        sampler = Bucketed(np.maximum.reduce(lengths), batch_size, seed)
    else:
        sampler = shuffled(len(split), batch_size, seed, whole)
    gather = _gatherer(split, {**spec.inputs, **spec.targets})
    names = list(spec.inputs)
    target = next(iter(spec.targets), None)
    change, draw = _augmentation(augment, len(split), spec, seed)
    beside = Rematching(spec, len(split), seed)

    def draw_all(epoch: Any) -> Any:
        return None if draw is None else draw(epoch), beside.draw(epoch)

    def assemble(indices: Any, step: Any, drawn: Any) -> Batch:
        others = {}
        if beside.targets:
            drawn, matched = drawn
            others = dict.fromkeys(beside.targets, tf.gather(matched, indices))
        rows = change(gather(indices, others), indices, drawn, others)
        y = rows[target] if target in rows else tf.zeros((tf.shape(indices)[0],))
        return {name: rows[name] for name in names}, y, tf.ones((tf.shape(indices)[0],))

    return Batches(sampler, assemble, draw_all if beside.targets else draw)


def _augmentation(
    steps: Augment | None, examples: int, spec: Spec, seed: int | None
) -> tuple[Callable[..., Any], Callable[[Any], Any] | None]:
    """Return a function that changes a batch, and one that draws what it needs once an epoch."""
    if not steps or seed is None:
        return lambda rows, indices, drawn, others: rows, None
    plan, fixed = Augmentation(steps, examples, spec), seed

    def change(rows: Any, indices: Any, drawn: Any, others: Mapping[str, Any]) -> Any:
        places = {key: indices if key in steps else others[key[0]] for key in drawn}
        return plan(rows, {key: tf.gather(drawn[key], places[key]) for key in drawn})

    return change, lambda epoch: plan.draws(fixed, epoch)


def _gatherer(split: Split, fields: Mapping[str, Field]) -> Callable[..., dict[str, Any]]:
    """Return a function from indices, and others for arrays that have their own, to a batch."""
    fill = {name: fields[name].pad if name in fields else 0 for name in split.arrays}
    columns = stored(split.arrays)
    held = {
        name: tf.RaggedTensor.from_row_splits(a.values, a.starts, validate=False)
        if isinstance(a, Ragged)
        else tf.constant(a)
        for name, a in split.arrays.items()
        if name not in columns
    }

    signature = None
    if split.decode is not None:
        one = {name: tf.TensorSpec(a.shape[1:], a.dtype) for name, a in held.items()}
        one |= {n: tf.TensorSpec(a.feature.shape, a.feature.dtype) for n, a in columns.items()}
        shapes = tf.function(split.decode).get_concrete_function(one).structured_outputs
        signature = tf.nest.map_structure(lambda t: tf.TensorSpec(t.shape, t.dtype), shapes)

    def gather(indices: Any, others: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
        rows = {n: tf.gather(array, others.get(n, indices)) for n, array in held.items()}
        if columns:
            rows |= gather_stored(columns, indices, others)
        if signature is not None:
            rows = tf.map_fn(split.decode, rows, fn_output_signature=signature)
        return {
            name: v.to_tensor(default_value=fill[name]) if isinstance(v, tf.RaggedTensor) else v
            for name, v in rows.items()
        }

    return gather


def stream_batches(split: Split, spec: Spec, batch_size: int, length: int) -> Batches:
    """Return batches of contiguous streams for a language model.

    Each token is the target once; what precedes it is the input, and the first token is preceded by
    the last of the split (the end of a line, in texts that mark it). The inputs have another entry,
    ``carry``, shape ``(batch,)``: 0 on the first batch of an epoch, where carried state starts at
    zero, and else 1. The weight is 0 where a stream is filled up.

    Args:
        split: One array of token ids.
        spec: Names of the input and the target.
        batch_size: Number of streams.
        length: Tokens of each stream in a batch.
    """
    (name,) = spec.inputs
    sampler = Streams(len(split), batch_size, length)
    lookup = token_lookup(split.arrays[name], fill=0)  # type: ignore[arg-type]

    def assemble(starts: Any, step: Any, drawn: Any) -> Batch:
        positions = starts[:, None] + tf.range(-1, length, dtype="int64")
        window = tf.ensure_shape(lookup(positions), (batch_size, length + 1))
        carry = tf.fill([batch_size], tf.cast(step > 0, "float32"))
        return {name: window[:, :-1], "carry": carry}, window[:, 1:], sampler.weights(step)

    return Batches(sampler, assemble, unit="tokens")


def packed_batches(
    split: Split,
    spec: Spec,
    batch_size: int,
    length: int,
    *,
    seed: int | None = None,
    framed: bool = False,
) -> Batches:
    """Return batches of windows of a text, each as full as it can be: no padding but at the end.

    Args:
        split: One array of token ids.
        spec: Names of the input and the target.
        batch_size: Windows in a batch.
        length: Tokens of a window.
        seed: Shuffles the windows by it, which begin elsewhere in each epoch; None keeps the order
            and reads each token once.
        framed: Whether windows begin with the input's ``start`` token and end with its ``end``
            token, where it has these, and the target is what the windows hold. Else it is the next
            token after each.

    Returns:
        Inputs and target ``(batch, length)``; the weight, of the same shape, is 1 for the text's
        own tokens. The last batch is filled up with rows that count nothing.
    """
    ((name, field),) = spec.inputs.items()
    tokens, special = len(split), field.special or {}
    ends = [special[end] for end in ("start", "end") if end in special] if framed else []
    inner = length - len(ends)
    sampler = Packed(tokens, batch_size, inner, seed)
    lookup = token_lookup(split.arrays[name], field.pad)  # type: ignore[arg-type]

    def assemble(starts: Any, step: Any, drawn: Any) -> Batch:
        positions = tf.ensure_shape(starts, (batch_size,))[:, None] + tf.range(inner, dtype="int64")
        weight = tf.cast(positions < tokens, "float32")
        positions = tf.minimum(positions, tokens)
        if not framed:
            both = lookup(tf.concat([positions - 1, positions], axis=1))
            before, after = both[:, :inner], both[:, inner:]
            return {name: before}, after, weight
        after = lookup(positions)
        for column, end in zip((0, length - 1), ends, strict=False):
            after = _inserted(after, column, end)
            weight = _inserted(weight, column, 0.0)
        return {name: after}, after, weight

    return Batches(sampler, assemble, unit="tokens", seed=seed)


def _inserted(rows: Any, column: int, value: Any) -> Any:
    """Return rows with one more column that holds a value throughout."""
    new = tf.fill([rows.shape[0], 1], tf.cast(value, rows.dtype))
    return tf.concat([rows[:, :column], new, rows[:, column:]], axis=1)


def window_batches(
    split: Split,
    spec: Spec,
    batch_size: int,
    window: Window,
    *,
    seed: int | None = None,
    augment: Augment | None = None,
) -> Batches:
    """Return batches of windows of a series: some rows and the rows that follow them.

    Args:
        split: The whole series, and which of its rows are forecast in this split.
        spec: Names of the input and the target.
        batch_size: Windows in a batch.
        window: What makes an example.
        seed: Shuffles and augments by it; None keeps the order of time.
        augment: Steps of augmentation and their options.
    """
    (name,) = spec.inputs
    values = np.asarray(split.arrays[name], "float32")
    starts = window_starts(split, window)
    sampler = InOrder(len(starts), batch_size)
    if seed is not None:
        sampler = shuffled(len(starts), batch_size, seed)
    held, first = tf.constant(values), tf.constant(starts)
    columns = list(range(values.shape[1])) if window.targets is None else list(window.targets)
    (target,) = spec.targets
    change, draw = _augmentation(augment, len(starts), spec, seed)

    def assemble(indices: Any, step: Any, drawn: Any) -> Batch:
        start = tf.gather(first, indices)[:, None]
        seen = tf.gather(held, start + tf.range(window.context, dtype="int64"))
        ahead = tf.range(window.context, window.context + window.horizon, dtype="int64")
        future = tf.gather(tf.gather(held, start + ahead), columns, axis=-1)
        rows = change({name: seen, target: future}, indices, drawn, {})
        return {name: rows[name]}, rows[target], tf.ones((tf.shape(indices)[0],))

    return Batches(sampler, assemble, draw)


def window_starts(split: Split, window: Window) -> np.ndarray:
    """Return where each window of a split starts; empty where none fits."""
    length = len(next(iter(split.arrays.values())))
    first, last = split.rows or (0, length)
    earliest = max(first - window.context, 0)
    latest = last - window.context - window.horizon
    return np.arange(earliest, latest + 1, window.stride, dtype="int64")
