"""Metrics that take a network's logits, and labels as ids or as shares of each class."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


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
