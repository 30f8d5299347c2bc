"""Telling which class, or which classes, an example belongs to."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.errors import Refused, did_you_mean
from toolkit.lazy import keras
from toolkit.tasks.pooling import Pooling, to_vector
from toolkit.types import Fraction, NonNegative

MANY_CLASSES = 20
"""From this number of classes on, the accuracy of the five best guesses is told too."""


class Classification:
    """Learn the class of each example, or several classes where the labels are of that sort.

    The head is one dense layer with a logit for each class. Examples of one class are learned by
    softmax and cross entropy, two classes by two logits just so. Where the target is multi-label,
    each class is a yes or no of its own (sigmoid and binary cross entropy), and a class is given
    where its probability is at least a half; the best epoch is then that of the highest area under
    the ROC curve. Of two classes F1 (of the second one) and Matthews's correlation are told too.

    Args:
        pooling: How the positions of a sequence or grid become one vector. ``auto``: the last
            position of a causal sequence, the mean of another, a grid flattened where its size is
            known and else its maximum. ``first`` is BERT's. See ``toolkit.tasks.pooling``.
        dropout: Share of that vector dropped in training.
        label_smoothing: Share of each label that is spread over all classes in training and in the
            reported loss (Szegedy et al. 2016, arXiv:1512.00567).
        class_weight: What the examples of each class count in the training loss: a mapping from
            labels to weights (others count 1), or ``balanced``, inversely to how often the class
            occurs in the training split. An example of several classes counts their mean. Reported
            losses and metrics count all examples alike.
        metrics: Figures besides accuracy where an example has one class: ``f1`` (of more than two
            classes the mean over classes) and ``matthews``. None: both for two classes.
    """

    inputs: ClassVar = frozenset({"tokens", "image", "series", "table"})
    targets: ClassVar = frozenset({"label"})
    needs: ClassVar = "vector"
    causal: ClassVar = False
    sampler: ClassVar = "examples"
    monitor: str = "accuracy"
    mode: ClassVar = "max"
    views: ClassVar = ("examples", "confusion")

    def __init__(
        self,
        *,
        pooling: Pooling = "auto",
        dropout: Fraction = 0.0,
        label_smoothing: Fraction = 0.0,
        class_weight: Literal["balanced"] | dict[str, NonNegative] | None = None,
        metrics: list[Literal["f1", "matthews"]] | None = None,
    ):
        self.pooling = pooling
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        if isinstance(class_weight, dict):  # YAML reads the label 0 as a number
            class_weight = {str(label): weight for label, weight in class_weight.items()}
        self.class_weight = class_weight
        self.further = metrics
        self.multi_label = False  # known once the head is built

    def check(self, dataset: Any) -> None:
        """Refuse data of one class only, and class weights of labels that it does not have."""
        target = dataset.spec.target
        faults = []
        if len(target.classes) < 2 and not target.multi_label:
            faults.append(
                f"data: classification needs at least two classes; the training split has only "
                f"{', '.join(map(repr, target.classes)) or 'none'}."
            )
        if isinstance(self.class_weight, dict):
            for name in sorted(self.class_weight.keys() - set(target.classes)):
                near = did_you_mean(name, target.classes)
                faults.append(f"task.class_weight: no label '{name}' in the data.{near}")
        if faults:
            raise Refused(*faults)

    def class_weights(self, dataset: Any) -> np.ndarray | None:
        """Return what the training examples of each class count, or None where all count alike.

        Args:
            dataset: What the task learns from.

        Returns:
            Shape ``(classes,)``, float32. ``balanced`` weights have a mean of 1 over the training
            labels; a class without any has weight 1.
        """
        target = dataset.spec.target
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, dict):
            weights = [self.class_weight.get(name, 1.0) for name in target.classes]
            return np.array(weights, "float32")
        counts = class_counts(dataset.spec, dataset.train)
        balanced = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return np.where(counts > 0, balanced, 1.0).astype("float32")

    def head(self, features: Any, target: Any) -> Any:
        """Return the logits, shape ``(batch, classes)``, never in less than float32."""
        self.multi_label = target.multi_label
        if target.multi_label:
            self.monitor = "auc"  # accuracy hardly moves where most labels are absent
        x = to_vector(features, self.pooling)
        if self.dropout:
            x = keras.layers.Dropout(self.dropout, name="head_dropout")(x)
        dtype = "float64" if x.dtype == "float64" else "float32"
        return keras.layers.Dense(len(target.classes), dtype=dtype, name="head")(x)

    def finish(self, outputs: Any) -> Any:
        """Return the probability of each class, shape ``(batch, classes)``."""
        function = "sigmoid" if self.multi_label else "softmax"
        layer = keras.layers.Activation(function, dtype=outputs.dtype, name="probabilities")
        return layer(outputs)

    def loss(self, y: Any, outputs: Any) -> Any:
        """Return each example's cross entropy in nats, shape ``(batch,)``.

        Args:
            y: Class ids, shape ``(batch,)``; or shape ``(batch, classes)``: shares of each class
                as mixup gives them, or zeros and ones where the target is multi-label.
            outputs: Logits, shape ``(batch, classes)``.
        """
        smoothing = self.label_smoothing
        if self.multi_label:
            return keras.losses.binary_crossentropy(
                y, outputs, from_logits=True, label_smoothing=smoothing
            )
        if len(y.shape) == 1:
            if not smoothing:
                return keras.losses.sparse_categorical_crossentropy(y, outputs, from_logits=True)
            y = keras.ops.one_hot(y, outputs.shape[-1])
        return keras.losses.categorical_crossentropy(
            y, outputs, from_logits=True, label_smoothing=smoothing
        )

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return accuracy and what else is told; for multi-label F1 (macro) and area under ROC."""
        from toolkit import metrics

        if target.multi_label:
            auc = keras.metrics.AUC(
                multi_label=True,
                num_labels=len(target.classes),
                from_logits=True,
                name="auc",
                dtype="float32",
            )
            accuracy = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0, dtype="float32")
            return {"accuracy": accuracy, "f1": metrics.LogitF1Score(), "auc": auc}
        found, count = {"accuracy": metrics.accuracy()}, len(target.classes)
        if count >= MANY_CLASSES:
            found["top_5_accuracy"] = metrics.top_5_accuracy()
        figures = ("f1", "matthews") if self.further is None and count == 2 else self.further or ()
        for name in dict.fromkeys(figures):
            found[name] = metrics.F1(count) if name == "f1" else metrics.Matthews(count)
        return found

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return what each prediction says.

        Args:
            outputs: Probabilities, shape ``(examples, classes)``.
            target: The field that was learned.

        Returns:
            For each example ``label``, its ``probability`` and the ``probabilities`` of all classes
            by name; where several classes can hold, ``labels`` (a list, maybe empty) and
            ``probabilities``.
        """
        rows = []
        for probabilities in np.asarray(outputs, "float64"):
            by_class = dict(zip(target.classes, probabilities.tolist(), strict=True))
            if target.multi_label:
                row: dict[str, Any] = {"labels": [c for c, p in by_class.items() if p >= 0.5]}
            else:
                best = target.classes[int(probabilities.argmax())]
                row = {"label": best, "probability": by_class[best]}
            rows.append({**row, "probabilities": by_class})
        return rows

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the accuracy on a split of always saying what is most frequent in training."""
        (name,) = dataset.spec.targets
        labels, counts = np.asarray(split.arrays[name]), class_counts(dataset.spec, dataset.train)
        if not dataset.spec.target.multi_label:
            return {"accuracy (most frequent class)": float((labels == counts.argmax()).mean())}
        usual = counts * 2 > len(dataset.train)
        return {"accuracy (most frequent labels)": float(((labels > 0.5) == usual).mean())}


def class_counts(spec: Any, split: Any) -> np.ndarray:
    """Return how many examples of a split have each class, shape ``(classes,)``."""
    ((name, target),) = spec.targets.items()
    labels = np.asarray(split.arrays[name])
    if target.multi_label:
        return labels.sum(axis=0)
    return np.bincount(labels, minlength=len(target.classes))
