"""Scores of the texts that a network writes for a split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.data.texts.tokenization import Rules
from toolkit.tasks.writing.decoding import Decoding
from toolkit.tasks.writing.extraction import likeliest_sentences
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
        task: How texts are written.
        encoder: Turns what is written into text.
        split: Texts that are read, and their references.
        by: Scores that are wanted.
        limit: Most texts that are written, the first ones; None for all that were read.
    """

    def __init__(
        self,
        task: Any,
        encoder: Any,
        split: Any,
        by: Sequence[str],
        limit: int | None = None,
    ):
        self.task, self.encoder, self.split = task, encoder, split
        self.by, self.limit = by, limit
        self.reset()

    def reset(self) -> None:
        """Forget what was observed."""
        self.seen = 0
        self.batch = 1

    def begin(self, objective: Any) -> None:
        """Take note of the networks."""
        self.objective = objective

    def observe(self, x: Any, y: Any, outputs: Any, weight: Any) -> None:
        """Count the examples that are read."""
        self.seen += len(y)
        self.batch = max(self.batch, len(y))

    def figures(self) -> dict[str, float]:
        """Return the scores of the texts that were read."""
        count = self.seen if self.limit is None else min(self.seen, self.limit)
        if not count:
            return {}
        pairs = self.split.source
        examples = np.asarray(self.split.arrays["example"])[:count]
        right = [pairs.references[i] for i in examples]
        read = [pairs.texts[i] for i in examples]
        rows = write_texts(
            self.task, self.objective, self.encoder, read, self.task.decoding, self.batch
        )
        return scores([best[0][0] for best in rows], right, self.by, self.encoder.lower)


def write_texts(
    task: Any,
    objective: Any,
    encoder: Any,
    texts: Sequence[str],
    options: Decoding,
    batch_size: int,
    *,
    n: int = 1,
    seed: int | None = None,
) -> list[list[tuple[str, float]]]:
    """Return what a network writes of texts.

    Args:
        task: Whether it writes freely, or chooses a sentence.
        objective: Holds the networks.
        encoder: Turns texts into ids, and ids into text.
        texts: What is read.
        options: How texts are written.
        batch_size: Texts at a time.
        n: Texts for each, as far as there are so many.
        seed: Of what is drawn.

    Returns:
        For each text what is written and its score, the best first.
    """
    writer = objective.writer
    if task.extract:
        network, spec = writer.trained, writer.spec
        return likeliest_sentences(
            network,
            spec,
            encoder,
            texts,
            options,
            batch_size=batch_size,
            n=n,
            strategy=writer.strategy,
        )
    versions = n if options.temperature is not None else 1
    found, values = writer(
        encoder.encode(texts), options, batch_size=batch_size, seed=seed, versions=versions
    )
    return [
        [(encoder.decode(ids), float(v)) for ids, v in list(zip(many, score, strict=True))[:n]]
        for many, score in zip(found, values, strict=True)
    ]
