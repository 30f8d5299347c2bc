"""Answering questions by a passage of a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.tasks.answering.answer_scores import judge
from toolkit.tasks.answering.answers import Answers, doubt
from toolkit.tasks.answering.span_decoding import Candidates, Decoder, passages
from toolkit.types import Fraction, PositiveInt


class SpanQA:
    """Learn where in a text the answer to a question begins and ends.

    Question and text are one row of tokens; two logits a token say how well an answer begins and
    ends there, and the loss is the mean cross entropy of both (Devlin et al. 2018,
    arXiv:1810.04805). A text that does not fit is read in overlapping windows; a window without the
    answer, and a question that has none, point at the first token. ``model.keras`` gives the two
    logits of each token, shape ``(batch, time, 2)``.

    The answer is the passage of the highest score over all windows, and scored by exact match and
    F1 over the words, both as SQuAD's own script has them. Where training has questions without an
    answer, a question is left unanswered where the first token scores more than
    ``no_answer_threshold`` above the best passage.

    Args:
        dropout: Share of the features dropped before the logits in training.
        max_answer_length: Most tokens of an answer.
        n_best: Answers that ``predict`` tells, the best first.
        no_answer_threshold: By how much having no answer must score above the best one; the figure
            ``best_f1_threshold`` says which would have served best. Of no effect where every
            question of the training data has an answer.
    """

    inputs: ClassVar = frozenset({"tokens"})
    targets: ClassVar = frozenset({"span"})
    needs: ClassVar = "sequence"
    causal: ClassVar = False
    sampler: ClassVar = "examples"
    monitor: ClassVar = "f1"
    mode: ClassVar = "max"
    views: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        *,
        dropout: Fraction = 0.0,
        max_answer_length: PositiveInt = 30,
        n_best: PositiveInt = 5,
        no_answer_threshold: float = 0.0,
    ):
        self.dropout = dropout
        self.max_answer_length = max_answer_length
        self.n_best = n_best
        self.no_answer_threshold = no_answer_threshold
        self.figures: tuple[str, ...] = ("exact_match", "f1")  # what its observers tell

    def check(self, dataset: Any) -> None:
        """Refuse training questions none of whose windows holds an answer."""
        if not np.asarray(dataset.train.arrays["span"]).any():
            raise Refused(
                f"data.train: none of its {len(dataset.train):,} windows holds an answer; is "
                "data.max_length long enough, and do the file's answers stand in their contexts?"
            )
        if dataset.train.source.unanswerable:
            self.figures += ("best_f1",)

    def head(self, features: Any, target: Any) -> Any:
        """Return the logits of first and last token, ``(batch, time, 2)``, in float32."""
        x = features.x
        if self.dropout:
            x = keras.layers.Dropout(self.dropout, name="head_dropout")(x)
        logits = keras.layers.Dense(2, dtype="float32", name="head")(x)
        if features.mask is None:
            return logits
        return keras.ops.where(keras.ops.expand_dims(features.mask, -1), logits, -1e9)

    def finish(self, outputs: Any) -> Any:
        """Return the logits as they are: those of different windows are compared."""
        return outputs

    def loss(self, y: Any, outputs: Any) -> Any:
        """Return each window's loss in nats, shape ``(batch,)``.

        Args:
            y: First and last token of the answer, shape ``(batch, 2)``.
            outputs: Logits, shape ``(batch, time, 2)``.
        """
        logits = keras.ops.swapaxes(outputs, 1, 2)
        both = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        return keras.ops.mean(both, axis=-1)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return the share of windows of which both ends are right."""

        def right(y: Any, outputs: Any) -> Any:
            found = keras.ops.argmax(outputs, axis=1)
            same = keras.ops.equal(keras.ops.cast(y, "int32"), keras.ops.cast(found, "int32"))
            return keras.ops.cast(keras.ops.all(same, axis=-1), "float32")

        name = "span_accuracy"
        return {name: keras.metrics.MeanMetricWrapper(right, name=name, dtype="float32")}

    def observers(self, dataset: Any, split: Any) -> list[Answers]:
        """Return what scores the questions of a split as a whole."""
        return [Answers(self, split)]

    def decoder(self, split: Any) -> Decoder:
        """Return what turns the outputs of a split's windows into answers."""
        return Decoder(split, self.max_answer_length, 4 * self.n_best)

    def predictions(self, split: Any, outputs: Iterable[np.ndarray]) -> list[dict[str, Any]]:
        """Return what is answered to each question of a split.

        Args:
            split: Windows, and what they were cut from.
            outputs: Their logits, batch by batch, in order.

        Returns:
            For each question ``answer`` (empty for none), its ``probability`` among all passages
            and having none, ``start`` and ``end`` (characters of the context; None for no answer),
            and ``answers``, the best ones likewise.
        """
        decoder, cut = self.decoder(split), split.source
        for part in outputs:
            decoder.add(part)
        return [
            self._row(cut, number, decoder.found.get(number, Candidates()))
            for number in range(len(cut.reading))
        ]

    def _row(self, cut: Any, question: int, found: Candidates) -> dict[str, Any]:
        mass = np.logaddexp(found.mass, found.nothing) if cut.unanswerable else found.mass
        answers = [
            {"answer": text, "probability": _share(span.score, mass), "start": start, "end": stop}
            for text, start, stop, span in passages(cut, question, found.spans)
        ][: self.n_best]
        nothing = {"answer": "", "probability": 0.0, "start": None, "end": None}
        if cut.unanswerable:
            nothing["probability"] = _share(found.nothing, mass)
        if not answers or (cut.unanswerable and doubt(found) > self.no_answer_threshold):
            answers = [nothing, *answers]
        elif cut.unanswerable:
            answers.append(nothing)
        return {**answers[0], "answers": answers}

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the F1 of leaving every question unanswered, where some have no answer."""
        cut = split.source
        if not cut.unanswerable:
            return {}
        right = [[a.text for a in q.answers] for q in cut.reading.questions]
        return {"f1 (no answer at all)": judge([""] * len(right), right).figures()["f1"]}


def _share(score: float, mass: float) -> float:
    return float(np.exp(score - mass)) if np.isfinite(mass) else 0.0
