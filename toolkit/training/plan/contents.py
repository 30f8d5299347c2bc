"""What an epoch holds: examples, tokens, and how much of its batches is padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.data.samplers import Packed, Streams
from toolkit.training.setup import Setup


@dataclass(frozen=True)
class Contents:
    """An epoch of the training data.

    Attributes:
        examples: Examples of an epoch; for streams, none are told apart.
        tokens: Tokens of an epoch; None where the data holds no text.
        padding: Share of the batches' positions that holds none.
        length: Mean positions of an example in its batch; None where the data holds no text.
    """

    examples: int | None
    tokens: int | None = None
    padding: float = 0.0
    length: float | None = None


def contents(setup: Setup) -> Contents:
    """Return what the first epoch holds, batch by batch as it is drawn."""
    sampler, steps = setup.batches.sampler, setup.steps
    if isinstance(sampler, Packed | Streams):
        places = steps * sampler.batch_size * sampler.length
        tokens = min(places, sampler.examples)
        return Contents(None, tokens, 1 - tokens / places, float(sampler.length))
    size = setup.batching.size
    examples = min(steps * size, sampler.examples)
    texts = setup.dataset.train.lengths
    if not texts:
        return Contents(examples)
    lengths = texts[0][np.asarray(sampler.order(np.int64(0)))][:examples]
    starts = np.arange(0, examples, size)
    longest = np.maximum.reduceat(lengths, starts)
    places = int((longest * np.diff([*starts, examples])).sum())
    tokens = int(lengths.sum())
    return Contents(examples, tokens, 1 - tokens / max(places, 1), places / examples)
