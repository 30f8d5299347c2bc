"""Metrics that take a network's logits, and labels as ids or as shares of each class."""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras import ops


def build(metric: keras.metrics.Metric, outputs: Any) -> None:
    """Make the variables of a metric that Keras makes at its first batch.

    A checkpoint holds them, and under a strategy none can be made within a step.

    Args:
        metric: Any; most have theirs already.
        outputs: Of the network, shape ``(batch, ...)``; labels have the same.
    """
    if not getattr(metric, "_built", True):
        arguments = inspect.signature(metric._build).parameters
        metric._build(*(outputs.shape for _ in arguments))


def label_ids(labels: Any) -> Any:
    """Return class ids, shape ``(batch,)``: those given, or of each example's greatest share.

    Args:
        labels: Ids, shape ``(batch,)``, or shares of each class, shape ``(batch, classes)``, as
            mixup gives them.
    """
    return ops.argmax(labels, axis=-1) if len(labels.shape) == 2 else labels


def correct(labels: Any, logits: Any) -> Any:
    """Return 1.0 where the highest logit is the label's, and else 0.0, shape ``(batch,)``."""
    ids = label_ids(labels)
    return ops.cast(ops.equal(ops.cast(ids, "int32"), ops.argmax(logits, axis=-1)), "float32")


def correct_in_top_5(labels: Any, logits: Any) -> Any:
    """Return 1.0 where the label's logit is among the five highest, shape ``(batch,)``."""
    hit = ops.in_top_k(ops.cast(label_ids(labels), "int32"), ops.cast(logits, "float32"), k=5)
    return ops.cast(hit, "float32")


def accuracy() -> keras.metrics.Metric:
    """Return the share of examples whose highest logit is the label's."""
    return keras.metrics.MeanMetricWrapper(correct, name="accuracy", dtype="float32")


def top_5_accuracy() -> keras.metrics.Metric:
    """Return the share of examples whose label is among the five highest logits."""
    return keras.metrics.MeanMetricWrapper(correct_in_top_5, name="top_5_accuracy", dtype="float32")


class LogitF1Score(keras.metrics.F1Score):
    """Keras's F1 score of logits: a class counts as given where its probability is above half.

    Args:
        average: ``"macro"`` weighs all classes alike, ``"micro"`` all examples; as Keras.
        name: Name of the metric.
    """

    def __init__(self, average: str | None = "macro", name: str = "f1"):
        super().__init__(average=average, threshold=0.5, name=name, dtype="float32")

    def update_state(self, labels: Any, logits: Any, sample_weight: Any = None) -> None:
        """Count a batch; labels and logits have shape ``(batch, classes)``."""
        super().update_state(labels, ops.sigmoid(logits), sample_weight)


class StandardisedR2(keras.metrics.R2Score):
    """Keras's R2 score, taken of standardised values.

    It is the same figure. But Keras takes the difference of sums of squares in float32, which of
    values that are large beside their spread leaves nothing but rounding errors.

    Args:
        offset: Subtracted from values and outputs, shape ``(targets,)``.
        scale: Divided by afterwards.
    """

    def __init__(self, offset: Any, scale: Any):
        super().__init__(name="r2", dtype="float32")
        self.offset, self.scale = offset, scale

    def update_state(self, values: Any, outputs: Any, sample_weight: Any = None) -> None:
        """Count a batch; values and outputs have shape ``(batch, targets)``."""
        values, outputs = (
            (ops.cast(t, "float32") - self.offset) / self.scale for t in (values, outputs)
        )
        super().update_state(values, outputs, sample_weight)


class ConfusionMetric(keras.metrics.Metric):
    """A figure of how often each label is taken for each class, counted over a whole split.

    Args:
        classes: How many classes there are.
        name: Name of the metric.
    """

    def __init__(self, classes: int, name: str):
        super().__init__(name=name, dtype="float32")
        self.classes = classes
        self.counts = self.add_variable((classes, classes), "zeros", name="counts")

    def update_state(self, labels: Any, logits: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Args:
            labels: Ids, shape ``(batch,)``, or shares of each class, ``(batch, classes)``.
            logits: Shape ``(batch, classes)``.
            sample_weight: What each example counts, shape ``(batch,)``.
        """
        true = ops.one_hot(ops.cast(label_ids(labels), "int32"), self.classes, dtype="float32")
        given = ops.one_hot(ops.argmax(logits, axis=-1), self.classes, dtype="float32")
        if sample_weight is not None:
            true = true * ops.expand_dims(ops.cast(sample_weight, "float32"), -1)
        self.counts.assign_add(ops.matmul(ops.transpose(true), given))


class F1(ConfusionMetric):
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    Of two classes it is that of the second one, which is the positive one (as GLUE has it); of more
    the mean over classes. A class that neither occurs nor is given has 0, as in scikit-learn.

    Args:
        classes: How many classes there are.
    """

    def __init__(self, classes: int):
        super().__init__(classes, "f1")

    def result(self) -> Any:
        """Return the figure, a float32 scalar."""
        hits = ops.diagonal(self.counts)
        told = ops.sum(self.counts, axis=0) + ops.sum(self.counts, axis=1)
        by_class = ops.divide_no_nan(2 * hits, told)
        return by_class[1] if self.classes == 2 else ops.mean(by_class)


class Matthews(ConfusionMetric):
    """Matthews's correlation of labels and guesses, from -1 to 1; 0 for guesses that are all alike.

    Matthews, "Comparison of the predicted and observed secondary structure of T4 phage lysozyme",
    1975; for more than two classes Gorodkin, "Comparing two K-category assignments by a K-category
    correlation coefficient", 2004.

    Args:
        classes: How many classes there are.
    """

    def __init__(self, classes: int):
        super().__init__(classes, "matthews")

    def result(self) -> Any:
        """Return the figure, a float32 scalar."""
        shares = ops.divide_no_nan(self.counts, ops.sum(self.counts))
        true, given = ops.sum(shares, axis=1), ops.sum(shares, axis=0)
        together = ops.trace(shares) - ops.sum(true * given)
        spread = (1 - ops.sum(ops.square(true))) * (1 - ops.sum(ops.square(given)))
        return ops.divide_no_nan(together, ops.sqrt(ops.maximum(spread, 0.0)))
