"""Predicting the next token of a text."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.data.token_lookup import token_counts
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.types import Positive, PositiveInt

STREAM, WINDOW = 35, 128
"""Tokens between updates of a stream, and of a window, where nobody says how many."""


class LanguageModelling:
    """Learn to predict each token of a text from those before it.

    A network that carries state reads texts as contiguous streams whose state is carried from batch
    to batch, and evaluation reads one stream and scores every token once, so perplexities compare
    with those of the literature (Zaremba et al. 2014, arXiv:1409.2329). A network that carries none
    (a Transformer) reads shuffled windows that begin elsewhere in each epoch; in evaluation they
    lie side by side, so that every token is scored once, with what its window holds before it.
    ``model.keras`` gives the logits of the next token after each token.

    Args:
        sequence_length: Tokens of a window, or between updates of a stream, through which the
            gradient flows (backpropagation through time is cut there). None: of a window as many as
            the network has positions, or 128 where their number is free; of a stream 35, which is
            what most of the literature on PTB uses.
        order: ``streams`` or ``shuffled``, as above; None by whether the network carries state.
        head_init_range: The output layer's weights start uniform in ±this; None leaves Keras's
            default. Of no effect with tied embeddings.
    """

    inputs: ClassVar = frozenset({"tokens"})
    targets: ClassVar = frozenset({"next"})
    needs: ClassVar = "sequence"
    causal: ClassVar = True
    writes: ClassVar = True
    monitor: ClassVar = "perplexity"
    mode: ClassVar = "min"
    views: ClassVar = ("generated",)

    def __init__(
        self,
        *,
        sequence_length: PositiveInt | None = None,
        order: Literal["streams", "shuffled"] | None = None,
        head_init_range: Positive | None = None,
    ):
        self.length = sequence_length
        self.positions: int | None = None
        self.order = order
        self.head_init_range = head_init_range

    @property
    def sampler(self) -> str:
        """How batches are made."""
        return "packed" if self.order == "shuffled" else "streams"

    @property
    def sequence_length(self) -> int:
        """Tokens of a window, or between updates of a stream."""
        if self.length is not None:
            return self.length
        return STREAM if self.sampler == "streams" else self.positions or WINDOW

    def meet(self, shape: Any) -> None:
        """Choose how texts are read, where that is open, by what the network does."""
        self.positions = shape.longest
        if self.order is None:
            self.order = "streams" if shape.carries else "shuffled"

    def assemble(self, model: Any, spec: Any, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.language.stream_objective import streams
        from toolkit.tasks.language.token_objective import packed

        build = packed if self.sampler == "packed" else streams
        return build(self, model, spec, sizes)

    def check(self, dataset: Any) -> None:
        """Refuse a text with fewer tokens than one update needs."""
        tokens = len(dataset.train)
        if tokens < 2 * self.sequence_length:
            raise Refused(
                f"data.train: {tokens} tokens are too few for task.sequence_length="
                f"{self.sequence_length}; give a longer text or a shorter sequence."
            )

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
        span, initializer = self.head_init_range, "glorot_uniform"
        bias = "zeros"
        if span is not None:
            initializer = keras.initializers.RandomUniform(-span, span)
            bias = keras.initializers.RandomUniform(-span, span)
        return keras.layers.Dense(
            len(target.vocabulary),
            kernel_initializer=initializer,
            bias_initializer=bias,
            name="head",
        )

    def head(self, features: Any, target: Any, hidden: Any = None, layer: Any = None) -> Any:
        """Return the logits, ``(batch, time, vocabulary)``, by given layers or new ones."""
        hidden = self.hidden(features) if hidden is None else hidden
        layer = self.output_layer(features, target) if layer is None else layer
        return layer(hidden, reverse=True) if features.embedding is not None else layer(hidden)

    def finish(self, outputs: Any) -> Any:
        """Return the logits as they are."""
        return outputs

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return none: perplexity follows from the loss."""
        return {}

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return the five likeliest next tokens of each text and their probabilities.

        Args:
            outputs: Logits, shape ``(texts, time, vocabulary)``.
            target: The field that was learned.
        """
        rows = []
        for logits in np.asarray(outputs, "float64")[:, -1]:
            p = np.exp(logits - logits.max())
            p /= p.sum()
            best = np.argsort(-p)[:5]
            rows.append({"next": {target.vocabulary[i]: float(p[i]) for i in best}})
        return rows

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the perplexity of a unigram model of the training text, add-one smoothed."""
        (name,) = dataset.spec.inputs
        size = len(dataset.spec.target.vocabulary)
        counts = token_counts(dataset.train.arrays[name], size) + 1.0
        there = token_counts(split.arrays[name], size)
        nats = -np.log(counts / counts.sum()) @ there / there.sum()
        return {"perplexity (unigram)": math.exp(nats)}
