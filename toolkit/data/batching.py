"""How examples become batches: keys of config group ``data`` that every data set has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from toolkit.types import PositiveInt

AUTO = "auto"
"""In place of a batch size: the largest batch that fits, found before a training begins."""


@dataclass(frozen=True, kw_only=True)
class Batching:
    """Size and make-up of batches.

    Attributes:
        batch_size: Examples of one update over all devices; for a language model, streams.
            ``auto``: the largest number that fits into the memory.
        eval_batch_size: The same in evaluation. None: the same number, but for a language model one
            stream, so that every token is scored once with everything before it in sight.
        bucket_by_length: Whether texts of a batch should have similar lengths, to pad less.
        augment: Steps of augmentation of the training examples and their options, in order.
    """

    batch_size: PositiveInt | Literal["auto"] = 32
    eval_batch_size: PositiveInt | None = None
    bucket_by_length: bool = False
    augment: dict[str, dict[str, Any] | None] | None = None

    @property
    def size(self) -> int:
        """The batch size, which is a number where anything is batched."""
        assert self.batch_size != AUTO, "batch_size=auto was not settled"
        return int(self.batch_size)
