"""Telling tokens of a text that were hidden, from all that stands around them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from toolkit.data.token_lookup import token_counts
from toolkit.errors import Refused, did_you_mean
from toolkit.lazy import keras, tf
from toolkit.tasks.masked.masking import Masking, beginnings, never_hidden, plainly
from toolkit.tasks.masked.sentence_pairs import SentencePairs, sentence_ends
from toolkit.types import PositiveInt, Probability

PAD, MASK, UNKNOWN = "<pad>", "<mask>", "<unk>"
"""Tokens that a vocabulary of words gets where it lacks them; the last is never hidden."""


class MaskedLanguageModel:
    """Learn to tell hidden tokens of a text from those before and behind them.

    Of each window of the text a share of the tokens is hidden: of these most are replaced by a
    mask, some by another token and some by themselves, anew in each epoch (Devlin et al. 2019,
    arXiv:1810.04805; Liu et al. 2019, arXiv:1907.11692). In evaluation the same tokens are hidden
    every time. The output layer shares the embedding where the network has one to share, behind a
    dense layer with GELU and a layer normalization, and is computed for the hidden tokens alone.
    ``model.keras`` gives the logits of the token at each position.

    Args:
        sequence_length: Tokens of a window, with those that mark its start and end. 128 is what
            BERT reads for nine tenths of its training; attention takes more time the longer it is.
        rate: Share of the tokens that are hidden. BERT's 0.15; larger networks do with more.
        mask_share: Share of the hidden tokens that the mask replaces.
        random_share: Share of them that another token replaces; the rest stay.
        whole_words: Whether all pieces of a word are hidden or none, which is harder.
        never: Tokens that are neither hidden nor scored, besides those that are no words.
        next_sentence: Whether to learn too whether a second text follows the first (BERT did;
            RoBERTa and those after it gain by leaving it out). Windows are then pairs.
    """

    inputs: ClassVar = frozenset({"tokens"})
    targets: ClassVar = frozenset({"next"})
    needs: ClassVar = "sequence"
    causal: ClassVar = False
    sampler: ClassVar = "packed"
    monitor: ClassVar = "loss"
    mode: ClassVar = "min"
    views: ClassVar = ()

    def __init__(
        self,
        *,
        sequence_length: PositiveInt = 128,
        rate: Probability = 0.15,
        mask_share: Probability = 0.8,
        random_share: Probability = 0.1,
        whole_words: bool = False,
        never: tuple[str, ...] = (UNKNOWN,),
        next_sentence: bool = False,
    ):
        if mask_share + random_share > 1:
            raise Refused(
                f"task.mask_share={mask_share} and task.random_share={random_share}: expected at "
                "most 1 together."
            )
        self.length = sequence_length
        self.rate, self.mask_share, self.random_share = rate, mask_share, random_share
        self.whole_words, self.never, self.next_sentence = whole_words, tuple(never), next_sentence
        self.masking: Masking | None = None
        self.pairs: SentencePairs | None = None

    @property
    def framed(self) -> bool:
        """Whether the data marks the start and the end of a window; pairs are marked here."""
        return not self.next_sentence

    @property
    def sequence_length(self) -> int:
        """Tokens of the text that are cut out for one example."""
        return SentencePairs.window_for(self.length) if self.next_sentence else self.length

    def shaped(self, spec: Any) -> Any:
        """Return the spec, its input with a mask, and take from that what is never hidden.

        A vocabulary of words without special tokens gets padding and a mask at its end.

        Raises:
            Refused: If a token that is never to be hidden is not in the vocabulary, or pairs are
                wanted of a text whose tokenizer has nothing to mark their ends.
        """
        ((name, field),) = spec.inputs.items()
        return replace(spec, inputs={name: self._masked(field)})

    def _masked(self, field: Any) -> Any:
        """Return a field of tokens with a mask among them."""
        words, special = field.vocabulary, dict(field.special or {})
        for name, token in (("pad", PAD), ("mask", MASK)):
            if name not in special:
                if token not in words:
                    words = (*words, token)
                special[name] = words.index(token)
        known = {plainly(token, special) for token in words} | {UNKNOWN}
        strange = [token for token in self.never if token not in known]
        if strange:
            raise Refused(
                f"task.never: no token '{strange[0]}' in the vocabulary."
                f"{did_you_mean(strange[0], known)}"
            )
        never = never_hidden(words, special, self.never)
        begins = beginnings(words, special) if self.whole_words else None
        self.masking = Masking(
            self.rate, special["mask"], never, begins, self.mask_share, self.random_share
        )
        if self.next_sentence:
            if not {"start", "end"} <= special.keys():
                raise Refused(
                    "task.next_sentence: the vocabulary has no tokens that mark the start and the "
                    "end of a text; expected a data.tokenizer that has: wordpiece, bpe or "
                    "sentencepiece."
                )
            start, end, pad = special["start"], special["end"], special["pad"]
            self.pairs = SentencePairs(self.length, start, end, pad, sentence_ends(words))
        return replace(field, vocabulary=words, special=special)

    def check(self, dataset: Any) -> None:
        """Refuse a text that is too short, or in which nothing may be hidden."""
        (name,) = dataset.spec.inputs
        if self.length < 8:
            raise Refused(
                f"task.sequence_length={self.length}: expected at least 8 tokens, of which one is "
                "hidden."
            )
        for part, split in (("train", dataset.train), ("valid", dataset.valid)):
            if len(split) < self.sequence_length:
                raise Refused(
                    f"data.{part}: {len(split)} tokens are too few for task.sequence_length="
                    f"{self.length}; give a longer text or a shorter sequence."
                )
            if self._counts(split.arrays[name]).sum() == 0:
                raise Refused(
                    f"task.never: nothing else is in data.{part}, so that nothing is to be learned."
                )

    def examples(self, x: dict[str, Any], y: Any, weight: Any, seed: Any) -> tuple[Any, Any, Any]:
        """Hide tokens of a batch of windows, with TensorFlow operations.

        Args:
            x: The windows, shape ``(batch, length)``, by the input's name.
            y: Not read.
            weight: Above 0 at the text's own tokens, shape as the windows'.
            seed: Shape ``(2,)``; the same gives the same.

        Returns:
            The windows with hidden tokens, and ``positions`` of these; what they were, by
            ``tokens``, and for pairs ``follows``, shape ``(batch,)``; and what each hidden token
            counts. Shapes but of the first and of ``follows``: ``(batch, hidden)``.
        """
        assert self.masking is not None
        ((name, ids),) = x.items()
        real, targets = weight > 0, {}
        if self.pairs is not None:
            seeds = tf.unstack(tf.random.split(seed, 2))
            count = tf.reduce_max(weight, axis=1)
            ids, follows = self.pairs(ids, seeds[0])
            real, seed = tf.repeat(count[:, None] > 0, self.length, axis=1), seeds[1]
            targets["follows"] = follows
        ids, positions, hidden, counted = self.masking(ids, real, seed)
        return {name: ids, "positions": positions}, {"tokens": hidden, **targets}, counted

    def assemble(self, model: Any, spec: Any, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.masked.masked_objective import masked

        return masked(self, model, spec, sizes)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return the accuracy of the hidden tokens, and of pairs that of whether they follow."""
        names = ("accuracy", "next_sentence_accuracy")[: 1 + self.next_sentence]
        return {name: keras.metrics.Mean(name, dtype="float32") for name in names}

    def read(self, given: str, data: Any, encoder: Any, spec: Any) -> tuple[list[str], Any]:
        """Return the texts that ``input`` of predict means, and their ids, masks among them."""
        from toolkit.tasks.masked.mask_filling import read_gaps

        return read_gaps(given, data, encoder, spec.input)

    def predictions(self, split: Any, outputs: Any) -> list[dict[str, Any]]:
        """Return what stands where texts have a mask; see ``toolkit.tasks.masked.mask_filling``."""
        from toolkit.tasks.masked.mask_filling import filled

        return filled(split, outputs)

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the accuracy of always telling the token that is most frequent in training."""
        (name,) = dataset.spec.inputs
        seen, there = (self._counts(part.arrays[name]) for part in (dataset.train, split))
        return {"accuracy (most frequent token)": float(there[seen.argmax()] / there.sum())}

    def _counts(self, tokens: np.ndarray) -> np.ndarray:
        """Return how often each token occurs that may be hidden, shape ``(vocabulary,)``."""
        assert self.masking is not None
        counts = token_counts(tokens, len(self.masking.never))
        return np.where(self.masking.never, 0, counts)
