"""Telling for each word of a sentence what it is: names, parts of speech."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from toolkit.entities import OUTSIDE, entities, entity_scores, mark_entities
from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.tasks.tagging.tagged import TagReader, Tags
from toolkit.types import Fraction


class TokenClassification:
    """Learn a tag for each word.

    The head is one dense layer with a logit for each tag at each token; where words are several
    tokens the first one counts (Devlin et al. 2018, arXiv:1810.04805). Where tags mark entities
    (``B-PER``, ``I-PER``, ``O``) precision, recall and F1 are those of whole entities, as CoNLL's
    ``conlleval`` has them; accuracy is of words. ``model.keras`` gives the probability of each tag,
    shape ``(batch, time, tags)``.

    Args:
        dropout: Share of the features dropped before the head in training.
    """

    inputs: ClassVar = frozenset({"tokens"})
    targets: ClassVar = frozenset({"tags"})
    needs: ClassVar = "sequence"
    causal: ClassVar = False
    sampler: ClassVar = "examples"
    monitor: str = "f1"
    mode: ClassVar = "max"
    views: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, dropout: Fraction = 0.0):
        self.dropout = dropout

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of what is told of entities, where tags mark them."""
        return ("precision", "recall", "f1") if self.monitor == "f1" else ()

    def check(self, dataset: Any) -> None:
        """Refuse data with one tag only; the best epoch is by F1 where tags mark entities."""
        classes = dataset.spec.target.classes
        if len(classes) < 2:
            raise Refused(
                f"data.train: its only tag is '{classes[0]}'; expected at least two. Is "
                "data.tag_column the right one?"
            )
        self.monitor = "f1" if mark_entities(classes) else "accuracy"

    def examples(self, x: Any, y: Any, weight: Any, seed: Any) -> tuple[Any, Any, Any]:
        """Return a batch whose weight is that of each token: 0 where no tag is scored.

        Args:
            x: Token ids.
            y: Tags, shape ``(batch, time)``, negative where none is scored.
            weight: Shape ``(batch,)``.
            seed: Not needed.
        """
        scored = tf.cast(y >= 0, weight.dtype)
        return x, tf.maximum(y, 0), weight[:, None] * scored

    def head(self, features: Any, target: Any) -> Any:
        """Return the logits, ``(batch, time, tags)``, in float32."""
        x = features.x
        if self.dropout:
            x = keras.layers.Dropout(self.dropout, name="head_dropout")(x)
        return keras.layers.Dense(len(target.classes), dtype="float32", name="head")(x)

    def finish(self, outputs: Any) -> Any:
        """Return the probability of each tag at each token."""
        return keras.layers.Activation("softmax", dtype="float32", name="probabilities")(outputs)

    def loss(self, y: Any, outputs: Any) -> Any:
        """Return each token's cross entropy in nats, shape ``(batch, time)``.

        Args:
            y: Tags, shape ``(batch, time)``.
            outputs: Logits, shape ``(batch, time, tags)``.
        """
        return keras.losses.sparse_categorical_crossentropy(y, outputs, from_logits=True)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return the share of words whose tag is right."""

        def right(y: Any, outputs: Any) -> Any:
            found = keras.ops.cast(keras.ops.argmax(outputs, axis=-1), y.dtype)
            return keras.ops.cast(keras.ops.equal(y, found), "float32")

        return {"accuracy": keras.metrics.MeanMetricWrapper(right, "accuracy", dtype="float32")}

    def observers(self, dataset: Any, split: Any) -> list[Tags]:
        """Return what scores the entities of a split, where its tags mark any."""
        return [Tags(split)] if mark_entities(dataset.spec.target.classes) else []

    def predictions(self, split: Any, outputs: Iterable[np.ndarray]) -> list[dict[str, Any]]:
        """Return what is said of each sentence of a split.

        Args:
            split: Rows, and the sentences that they were cut from.
            outputs: Probabilities, batch by batch, in order.

        Returns:
            For each sentence its ``words``, their ``tags`` and the ``probabilities`` of these, and
            where tags mark entities the ``entities``: ``kind``, ``text``, and first character and
            one past the last, of the text that was given. A word that no token stands for has no
            entity and a probability of 0.
        """
        reader = TagReader(split)
        for part in outputs:
            reader.add(part)
        source = split.source
        rows = []
        for number, (words, tags) in enumerate(zip(source.words, reader.tags(), strict=True)):
            sure = reader.sure[source.starts[number] : source.starts[number + 1]]
            row = {"words": list(words), "tags": tags, "probabilities": sure.tolist()}
            if mark_entities(source.classes):
                row["entities"] = _named(source, number, tags)
            rows.append(row)
        return rows

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return what giving each word its most frequent tag in training scores on a split."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        known = dataset.train.source
        for words, tags in zip(known.words, known.tags, strict=True):
            for word, tag in zip(words, tags, strict=True):
                counts[word][tag] += 1
        every = sum(counts.values(), Counter())
        usual = {word: found.most_common(1)[0][0] for word, found in counts.items()}
        entity = mark_entities(known.classes)
        unseen = OUTSIDE if entity else every.most_common(1)[0][0]
        given = [[usual.get(word, unseen) for word in words] for words in split.source.words]
        if entity:
            f1 = entity_scores(given, split.source.tags)["f1"]
            return {"f1 (each word's most frequent tag)": f1}
        pairs = [p for a, b in zip(given, split.source.tags, strict=True) for p in zip(a, b)]  # noqa: B905
        same = sum(one == other for one, other in pairs) / len(pairs)
        return {"accuracy (each word's most frequent tag)": same}


def _named(source: Any, number: int, tags: list[str]) -> list[dict[str, Any]]:
    """Return the entities of a sentence as text."""
    words, found = source.words[number], []
    for entity in entities(tags):
        row: dict[str, Any] = {"kind": entity.kind}
        if source.raw:
            raw = source.raw[number]
            start, end = raw.places[entity.start][0], raw.places[entity.end - 1][1]
            row |= {"text": raw.text[start:end], "start": start, "end": end}
        else:
            row["text"] = " ".join(words[entity.start : entity.end])
        found.append(row)
    return found
