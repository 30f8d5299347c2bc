"""Scores of the texts that a network writes for a split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.data.tokenization import Rules
from toolkit.tasks.decoding import Decoding
from toolkit.text_scores import References, bleu, rouge

LITERATURE = Rules("word", "words", lower=True, end_of_line=False)
"""What papers on small translation tasks score: small letters, punctuation apart."""


def scores(
    written: Sequence[str], references: References, by: Sequence[str], lower: bool
) -> dict[str, float]:
    """Return scores of texts by name, from 0 to 100.

    Args:
        written: The texts.
        references: What they should be, one or several versions each.
        by: ``bleu`` gives ``bleu`` and ``sacrebleu``; ``rouge`` gives ``rouge1``, ``rouge2`` and
            ``rougeL``.
        lower: Whether only small letters are written, so that capital ones cannot count.
    """
    found: dict[str, float] = {}
    if "bleu" in by:
        found["bleu"], _ = bleu(written, references, lower=True, tokenize=tokens)
        found["sacrebleu"], _ = bleu(written, references, lower=lower)
    if "rouge" in by:
        found |= rouge(written, references)
    return found


def tokens(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in small letters."""
    return LITERATURE.tokens(LITERATURE.clean(text))


def signatures(lower: bool) -> dict[str, str]:
    """Return how sacreBLEU calls the two ways in which BLEU is counted."""
    one = ["a text"], [["a text"]]
    return {
        "bleu": bleu(*one, lower=True, tokenize=tokens)[1],
        "sacrebleu": bleu(*one, lower=lower)[1],
    }


class WrittenScores:
    """Has a split's texts written once it has been read, and scores them.

    Args:
        options: How texts are written.
        encoder: Turns what is written into text.
        split: Texts that are read, and their references.
        by: Scores that are wanted.
        limit: Most texts that are written, the first ones; None for all that were read.
    """

    def __init__(
        self,
        options: Decoding,
        encoder: Any,
        split: Any,
        by: Sequence[str],
        limit: int | None = None,
    ):
        self.options, self.encoder, self.split = options, encoder, split
        self.by, self.limit = by, limit
        self.reset()

    def reset(self) -> None:
        """Forget what was observed."""
        self.seen = 0
        self.batch = 1

    def begin(self, objective: Any) -> None:
        """Take note of the network."""
        self.writer = objective.writer

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Count the examples that are read."""
        self.seen += len(y)
        self.batch = max(self.batch, len(y))

    def figures(self) -> dict[str, float]:
        """Return the scores of the texts that were read."""
        count = self.seen if self.limit is None else min(self.seen, self.limit)
        if not count:
            return {}
        texts, _ = self.writer(self.split, self.options, batch_size=self.batch, limit=count)
        written = [self.encoder.decode(versions[0]) for versions in texts]
        pairs = self.split.source
        examples = np.asarray(self.split.arrays["example"])[:count]
        right = [pairs.references[i] for i in examples]
        return scores(written, right, self.by, self.encoder.lower)
