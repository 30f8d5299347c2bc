"""Writing a text from another: translation and summarization."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.data.spec import Spec
from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.tasks.part import Part
from toolkit.tasks.writing.decoding import Decoding
from toolkit.types import Count, Fraction, NonNegative, Positive, PositiveInt


class SequenceToSequence:
    """Learn to write a text from another, token by token (Sutskever et al. 2014, arXiv:1409.3215).

    The network reads a text with its encoder; its decoder tells each token of the other from that
    and from the right tokens before it (teacher forcing). ``model.keras`` takes both as ids,
    ``tokens`` and ``written``, and gives the logits of the token after each one written.

    Texts are written greedily or by beam search, from cached keys and values, and scored whole
    against their references: translations by BLEU, in the literature's way (``bleu``: small
    letters, words and punctuation marks) and in sacreBLEU's (``sacrebleu``: detokenised text);
    summaries by ROUGE-1, -2 and -L (``rouge1``, …).

    Args:
        label_smoothing: Share of each token that is spread over all tokens in training (Szegedy et
            al. 2016, arXiv:1512.00567). 0.1 is what translation mostly uses.
        beams: Texts that are followed at a time where scores are made; 1 is greedy.
        length_penalty: How far beam search favours long texts: log probabilities are divided by
            ``((5 + tokens) / 6) ** length_penalty`` (Wu et al. 2016, arXiv:1609.08144).
        max_length: Most tokens that are written.
        no_repeat: No run of so many tokens is written twice in a text (3 is usual for summaries);
            0 allows all.
        extract: Whether what is written is a sentence of the text: the one that the network would
            likeliest have written, by log probability and ``length_penalty``. For summaries, where
            there is too little data to learn to write.
        scores: ``bleu``, ``rouge``, both, or by the data (``auto``): summaries by ROUGE.
        validation_texts: Texts written after each epoch to score the network in validation; None
            for all, 0 for none (perplexity is there in any case).
        head_init_range: The output layer's weights start uniform in ±this; None leaves Keras's
            default. Of no effect with tied embeddings.
    """

    inputs: ClassVar = frozenset({"tokens"})
    targets: ClassVar = frozenset({"text"})
    needs: ClassVar = "sequence"
    causal: ClassVar = True
    form: ClassVar = ("encoder", "decoder")
    sampler: ClassVar = "examples"
    views: ClassVar[tuple[str, ...]] = ()
    figures: ClassVar = ("bleu", "sacrebleu", "rouge1", "rouge2", "rougeL", "perplexity")
    monitor: ClassVar = "perplexity"
    mode: ClassVar = "min"

    def __init__(
        self,
        *,
        label_smoothing: Fraction = 0.1,
        beams: PositiveInt = 1,
        length_penalty: NonNegative = 1.0,
        max_length: PositiveInt = 100,
        no_repeat: Count = 0,
        extract: bool = False,
        scores: Literal["auto", "bleu", "rouge", "both"] = "auto",
        validation_texts: Count | None = None,
        head_init_range: Positive | None = None,
    ):
        self.label_smoothing = label_smoothing
        self.decoding = Decoding(
            beams=beams,
            length_penalty=length_penalty,
            max_length=max_length,
            no_repeat=no_repeat,
        )
        self.extract = extract
        self.scores = scores
        self.validation_texts = validation_texts
        self.head_init_range = head_init_range

    def bind(self, target: Any) -> None:
        """Take note of the field that is written; ``check`` and ``metrics`` do so."""
        self._pad = target.pad

    def check(self, dataset: Any) -> None:
        """Refuse data whose texts have no marks of their beginning and end."""
        target = dataset.spec.target
        missing = {"start", "end"} - set(target.special or {})
        if missing:
            raise Refused(
                f"data: sequence_to_sequence needs ids for {' and '.join(sorted(missing))} of a "
                "text in what is to be written; its tokenizer has none."
            )
        self.bind(target)

    def assemble(self, model: Any, spec: Any, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.writing.sequence_objective import taught

        return taught(self, model, spec, sizes)

    def written(self, target: Any) -> dict[str, Any]:
        """Return what the decoder reads: the text so far, as ids."""
        return {"written": replace(target, kind="tokens")}

    def saved_parts(self, spec: Any, encoder: Any) -> dict[str, Part]:
        """Return encoder and decoder as one network; see ``toolkit.tasks.part``."""
        whole = Spec({**spec.inputs, **self.written(spec.target)}, spec.targets)
        meanings = {"written": "ids of the text so far, from its start on"}
        return {"network": Part(whole, encoder, meanings=meanings)}

    def examples(self, x: Any, y: Any, weight: Any, seed: Any) -> Any:
        """Return a batch as it is learned: with the right tokens so far, and the next ones.

        Args:
            x: ``tokens``, shape ``(batch, time)``.
            y: Texts to be written, marks and padding included, shape ``(batch, length)``.
            weight: What each text counts, shape ``(batch,)``; each of its tokens does.
            seed: Not needed: nothing is drawn.
        """
        after = y[:, 1:]
        real = tf.cast(after != self._pad, "float32")
        return {**x, "written": y[:, :-1]}, after, weight[:, None] * real

    def hidden(self, features: Any) -> Any:
        """Return what the output layer reads, ``(batch, time, width)``."""
        tied = features.embedding
        if tied is not None and features.x.shape[-1] != tied.output_dim:
            return keras.layers.Dense(tied.output_dim, name="to_embedding")(features.x)
        return features.x

    def output_layer(self, features: Any, target: Any) -> Any:
        """Return the layer that turns ``hidden`` into logits, or the tied embedding."""
        if features.embedding is not None:
            return features.embedding
        span = self.head_init_range
        uniform = None if span is None else keras.initializers.RandomUniform(-span, span)
        start = {} if uniform is None else {"kernel_initializer": uniform}
        return keras.layers.Dense(len(target.vocabulary), name="head", **start)

    def head(self, features: Any, target: Any, hidden: Any = None, layer: Any = None) -> Any:
        """Return the logits, ``(batch, time, vocabulary)``, by given layers or new ones."""
        hidden = self.hidden(features) if hidden is None else hidden
        layer = self.output_layer(features, target) if layer is None else layer
        return layer(hidden, reverse=True) if features.embedding is not None else layer(hidden)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return none: perplexity follows from the loss, and whole texts are scored otherwise."""
        self.bind(target)
        return {}

    def remarks(self, dataset: Any) -> dict[str, str]:
        """Return sacreBLEU's signatures of how BLEU is counted, where it is."""
        from toolkit.tasks.writing.written_scores import signatures

        if "bleu" not in self.scored(dataset.test or dataset.valid):
            return {}
        found = signatures(dataset.encoder.lower)
        return {f"signature of {name}": text for name, text in found.items()}

    def observers(self, dataset: Any, split: Any) -> list[Any]:
        """Return what writes a split's texts and scores them."""
        from toolkit.tasks.writing.written_scores import WrittenScores

        validation = split is dataset.valid
        limit = self.validation_texts if validation else None
        if split.source is None or limit == 0:
            return []
        return [WrittenScores(self, dataset.encoder, split, self.scored(split), limit)]

    def scored(self, split: Any) -> tuple[str, ...]:
        """Return by what a split's texts are scored: ``bleu``, ``rouge``."""
        if self.scores == "both":
            return ("bleu", "rouge")
        if self.scores != "auto":
            return (self.scores,)
        return ("rouge",) if split.source.baseline == "first sentence" else ("bleu",)

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the scores of the text as it is, or of its first sentence."""
        from toolkit.tasks.writing.written_scores import scores

        pairs = split.source
        if pairs is None:
            return {}
        examples = np.asarray(split.arrays["example"])
        given = [pairs.baselines[i] for i in examples]
        right = [pairs.references[i] for i in examples]
        found = scores(given, right, self.scored(split), dataset.encoder.lower)
        return {f"{name} ({pairs.baseline})": value for name, value in found.items()}
