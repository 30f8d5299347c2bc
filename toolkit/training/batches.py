"""The batches of a task: in training shuffled and augmented, in evaluation in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from toolkit.data.batching import Batching
from toolkit.data.pipeline import (
    Batches,
    example_batches,
    packed_batches,
    stream_batches,
    window_batches,
)
from toolkit.data.shares import Cut
from toolkit.data.spec import Dataset, Spec, Split
from toolkit.errors import Refused

TEXTS = ("streams", "packed")
"""Samplers whose batches have one shape throughout."""

LONG_READ = 16
"""Lengths of a training step that a language model reads at once in evaluation."""


def training_batches(dataset: Dataset, task: Any, batching: Batching, seed: int) -> Batches:
    """Return the training split's batches, as the task makes examples of them."""
    split, spec, size, augment = dataset.train, dataset.spec, batching.size, batching.augment
    if augment and task.sampler in TEXTS:
        raise Refused("data.augment: windows and streams of text are not augmented.")
    match task.sampler:
        case "streams":
            batches = stream_batches(split, spec, size, task.sequence_length)
        case "packed":
            batches = packed_batches(
                split, spec, size, task.sequence_length, seed=seed, framed=framed(task)
            )
        case "windows":
            batches = window_batches(split, spec, size, task.window, seed=seed, augment=augment)
        case _:
            parts = getattr(task, "batches_per_step", None)  # those of a game are whole
            batches = example_batches(
                split,
                spec,
                size * (parts or 1),
                seed=seed,
                bucket=batching.bucket_by_length,
                augment=augment,
                whole=parts is not None,
            )
    return replace(
        batches,
        examples_of=getattr(task, "examples", None),
        seed=seed,
        cut="alike" if task.sampler in TEXTS else "shared",
        parts=getattr(task, "batches_per_step", None) or 1,
    )


def evaluation_batches(split: Split, spec: Spec, task: Any, batching: Batching) -> Batches:
    """Return a split's batches in order; what a task draws is the same each time."""
    size = batching.eval_batch_size or batching.size
    match task.sampler:
        case "streams":
            streams, length = batching.eval_batch_size or 1, task.sequence_length
            parts = min(LONG_READ, -(-len(split) // (streams * length)))
            batches = stream_batches(split, spec, streams, length * max(parts, 1))
        case "packed":
            batches = packed_batches(split, spec, size, task.sequence_length, framed=framed(task))
        case "windows":
            batches = window_batches(split, spec, size, replace(task.window, stride=1))
        case _:
            batches = example_batches(split, spec, size)
    cut: Cut = "alike" if task.sampler in TEXTS else "once"
    return replace(batches, examples_of=getattr(task, "examples", None), cut=cut)


def framed(task: Any) -> bool:
    """Return whether a task's windows of text begin and end with a token of their own."""
    return getattr(task, "framed", False)
