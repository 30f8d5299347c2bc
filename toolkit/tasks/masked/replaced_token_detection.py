"""Telling which tokens of a text are not those that stood there."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from toolkit.lazy import keras, tf
from toolkit.tasks.masked.masked_language_model import UNKNOWN, MaskedLanguageModel
from toolkit.types import Fraction, NonNegative, PositiveInt, Probability


class ReplacedTokenDetection(MaskedLanguageModel):
    """Learn to tell tokens that a small generator has put into a text (ELECTRA).

    A share of the tokens is hidden, a small masked language model, the generator, puts what it
    thinks likely in their place, and the network learns to tell of every token whether it is the
    one that stood there. So it learns from all tokens and not from the hidden ones alone (Clark et
    al. 2020, arXiv:2003.10555). The generator is trained along with it, on its own task, and shares
    the token embedding where the network has one to share. ``model.keras`` holds the network that
    tells, which gives a logit for each token (above 0: replaced); ``generator.keras`` lies beside
    it.

    Args:
        sequence_length: Tokens of a window, with those that mark its start and end.
        rate: Share of the tokens that are hidden from the generator.
        mask_share: Share of the hidden tokens that the mask replaces; the rest stay. 0.85 is what
            the authors' own code does.
        whole_words: Whether all pieces of a word are hidden or none.
        never: Tokens that are never hidden, besides those that are no words.
        generator_units: Width of the generator; None: a quarter of the network's, at least 32.
        generator_layers: Its layers.
        generator_heads: Its attention heads; None: one for each 64 units, at least 1.
        generator_dropout: Share dropped in it.
        weight: What telling replaced tokens counts beside the generator's loss. 50, as its loss is
            far smaller.
    """

    monitor: ClassVar = "auc"
    mode: ClassVar = "max"

    def __init__(
        self,
        *,
        sequence_length: PositiveInt = 128,
        rate: Probability = 0.15,
        mask_share: Probability = 0.85,
        whole_words: bool = False,
        never: tuple[str, ...] = (UNKNOWN,),
        generator_units: PositiveInt | None = None,
        generator_layers: PositiveInt = 4,
        generator_heads: PositiveInt | None = None,
        generator_dropout: Fraction = 0.1,
        weight: NonNegative = 50.0,
    ):
        super().__init__(
            sequence_length=sequence_length,
            rate=rate,
            mask_share=mask_share,
            random_share=0.0,
            whole_words=whole_words,
            never=never,
        )
        self.generator_units = generator_units
        self.generator_layers = generator_layers
        self.generator_heads = generator_heads
        self.generator_dropout = generator_dropout
        self.weight = weight

    def examples(self, x: dict[str, Any], y: Any, weight: Any, seed: Any) -> tuple[Any, Any, Any]:
        """Hide tokens of a batch of windows, and draw what the generator's choices follow from.

        Args:
            x: The windows, shape ``(batch, length)``, by the input's name.
            y: Not read.
            weight: Above 0 at the text's own tokens, shape as the windows'.
            seed: Shape ``(2,)``; the same gives the same.

        Returns:
            The windows with hidden tokens, ``positions`` of these and ``draws`` between 0 and 1,
            both of shape ``(batch, hidden)``; what they were, by ``tokens``, and ``counts``, what
            each token of the windows counts where replaced ones are told; and what each hidden
            token counts.
        """
        seeds = tf.unstack(tf.random.split(seed, 2))
        x, y, counted = super().examples(x, y, weight, seeds[0])
        x["draws"] = tf.random.stateless_uniform(tf.shape(counted), seeds[1])
        # Together as much as the hidden tokens, so that one sum over the batch is both means.
        real = tf.cast(weight > 0, "float32")
        share = tf.math.divide_no_nan(tf.reduce_sum(counted), tf.reduce_sum(real))
        return x, {**y, "counts": real * share}, counted

    def assemble(self, model: Any, spec: Any, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.masked.replaced_objective import replaced

        return replaced(self, model, spec, sizes)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return how well replaced tokens are told, and how well the generator tells hidden ones.

        ``auc``: the area under the ROC curve; ``accuracy``, of all tokens, most of which are not
        replaced; ``recall``: the share of the replaced ones that are found.
        """
        return {
            "auc": keras.metrics.AUC(name="auc", dtype="float32"),
            "accuracy": keras.metrics.BinaryAccuracy("accuracy", dtype="float32"),
            "recall": keras.metrics.Recall(name="recall", dtype="float32"),
            "generator_accuracy": keras.metrics.Mean("generator_accuracy", dtype="float32"),
        }

    def read(self, given: str, data: Any, encoder: Any, spec: Any) -> tuple[list[str], Any]:
        """Return the texts that ``input`` of predict means, and their ids."""
        from toolkit.tasks.masked.mask_filling import read_gaps

        return read_gaps(given, data, encoder, spec.input, gaps=False)

    def predictions(self, split: Any, outputs: Any) -> list[dict[str, Any]]:
        """Return of each text its ``tokens``, each with the probability that it is replaced."""
        (rows,) = split.arrays.values()
        words, special = split.source.vocabulary, set(split.source.special.values())
        found = []
        for number, logits in enumerate(logits for part in outputs for logits in part):
            shares = 1 / (1 + np.exp(-np.asarray(logits, "float64")))
            told = [
                {"token": words[i], "replaced": float(share)}
                for i, share in zip(rows[number], shares, strict=False)
                if i not in special
            ]
            found.append({"tokens": told})
        return found

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the accuracy of taking every token for the one that stood there.

        As if the generator never chose the right token, so that no trained one leaves less.
        """
        (name,) = dataset.spec.inputs
        share = self._counts(split.arrays[name]).sum() / len(split)
        return {"accuracy (all tokens original)": float(1 - self.rate * share)}
