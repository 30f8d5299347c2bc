"""A network and what it learns, joined so that Keras's ``fit`` can train it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from toolkit import replicas
from toolkit.metrics import build
from toolkit.tasks.gradients import added, cut, met, norm_of, update
from toolkit.tasks.together import Together
from toolkit.undisturbed import steady_draws


class Objective(Together):
    """The step of every task with one optimizer.

    The network's output and the batch's target give a loss per element (``element_losses``); the
    batch's loss is their weighted sum over the weight of the whole batch, so that short batches,
    accumulated parts and replicas count by what they hold. An objective is trained, evaluated and
    checkpointed, but never saved as a model: the network inside is.

    Args:
        network: A functional model from the inputs to the task's raw outputs.
        task: Gives the loss and the metrics.
        target: The ``Field`` that is learned.
        class_weight: Weight of each class id, shape ``(classes,)``, or None.
        accumulate: The batch is cut into this many parts whose gradients are summed before one
            update, with the memory of a part. Batch norms take each part's own statistics.

    Attributes:
        observers: Called with ``(y, outputs, weight)`` of each batch that is scored, in the graph.
        further: How further networks are updated that have an optimizer of their own, by name.
    """

    def __init__(
        self,
        network: keras.Model,
        task: Any,
        target: Any,
        *,
        class_weight: Any = None,
        accumulate: int = 1,
    ):
        # The network casts for itself: raw units can be beyond the range of half precision.
        super().__init__(name="objective", autocast=False)
        self.network = network
        self.task = task
        self.class_weight = class_weight
        self.accumulate = accumulate
        self.loss_mean = keras.metrics.Mean("loss")
        self.task_metrics = task.metrics(target)
        self.observers: tuple[Callable[[Any, Any, Any], None], ...] = ()
        self.told: dict[str, float] = {}
        self.further: dict[str, Any] = {}
        self.built = True

    @property
    def saved_weights(self) -> list[Any]:
        """The weights of the saved network, in its order."""
        return self.network.weights

    def take(self, further: Mapping[str, Any]) -> None:
        """Take the updates of further networks, and build all optimizers and metrics.

        Args:
            further: An ``Update`` for each network that the task names in ``optimizers``.
        """
        for metric in self.task_metrics.values():
            build(metric, self.network.output)
        self.optimizer.build(self.trainable_variables)
        replicas.sums_no_more(self.optimizer)

    def study(self, dataset: Any, fresh: bool) -> None:
        """Look at the data once before training: most objectives learn from batches alone.

        Args:
            dataset: What is trained on.
            fresh: Whether the weights are new, and neither a checkpoint's nor another run's.
        """

    @property
    def optimizers(self) -> list[Any]:
        """Every optimizer, Keras's own first."""
        return [self.optimizer, *(update.optimizer for update in self.further.values())]

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the network's raw outputs."""
        return self.network(inputs, training=training)

    def weigh(self, x: Any, y: Any, weight: Any) -> Any:
        """Return what each element counts in the loss, in the losses' shape or broadcast to it."""
        if self.class_weight is None:
            return weight
        by_class = tf.constant(self.class_weight, "float32")
        if not y.dtype.is_floating:
            return weight * tf.gather(by_class, y)
        # Shares of classes, or several classes at once: the mean over what the example has.
        share = tf.reduce_sum(y, -1)
        mean = tf.math.divide_no_nan(tf.linalg.matvec(y, by_class), share)
        return weight * tf.where(share > 0, mean, 1.0)

    def loss_sum(self, x: Any, y: Any, weight: Any, training: bool) -> tuple[Any, Any]:
        """Return the weighted sum of the element losses, a float32 scalar, and the outputs."""
        outputs = self(x, training=training)
        losses = tf.cast(self.task.loss(y, outputs), "float32")
        return tf.reduce_sum(losses * weight), outputs

    def gather(self, data: Any) -> None:
        """Let the batch norms of what is saved see a batch as in training."""
        x, y, weight = data
        self.loss_sum(self.begin(x, training=True), y, weight, training=True)

    def begin(self, x: Any, training: bool) -> Any:
        """Return the inputs with whatever is carried from the batch before."""
        return x

    def end(self, outputs: list[Any], training: bool) -> None:
        """Keep what the next batch needs of the outputs of this batch's parts."""

    def update_metrics(self, y: Any, outputs: Any, weight: Any) -> None:
        """Update the task's metrics; the weight does not include class weights."""
        for metric in self.task_metrics.values():
            metric.update_state(y, outputs, sample_weight=weight)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Make one update from one batch."""
        x, y, weight = data
        x = self.begin(x, training=True)
        loss_weight = self.weigh(x, y, weight)
        total = tf.maximum(replicas.total(tf.reduce_sum(loss_weight)), 1e-7)
        gradients: list[Any] = []
        loss, variables, kept = 0.0, self.trainable_variables, []
        for part in cut((x, y, weight, loss_weight), self.accumulate, 2):
            x_part, y_part, weight_part, loss_weight_part = part
            with tf.GradientTape() as tape:
                part_sum, outputs = self.loss_sum(x_part, y_part, loss_weight_part, training=True)
                part_loss = part_sum / total
                if self.losses:  # regularization, once a batch
                    terms = tf.add_n([tf.cast(v, "float32") for v in self.losses])
                    part_loss += terms / float(self.accumulate * replicas.count())
                scaled = self.optimizer.scale_loss(part_loss)
            part_gradients = tape.gradient(scaled, variables)
            gradients = added(gradients, part_gradients) if gradients else part_gradients
            loss += part_loss
            self.update_metrics(y_part, outputs, weight_part)
            kept.append(outputs)
        self.end(kept, training=True)
        loss, gradients = met(loss, gradients)
        self.loss_mean.update_state(loss, sample_weight=total / replicas.count())
        norm = norm_of(gradients, self.optimizer)
        finite = tf.math.is_finite(loss) & tf.math.is_finite(norm)
        update(self.optimizer, gradients, variables, finite)
        return {**self.results(training=True), "gradient_norm": norm}

    def test_step(self, data: Any) -> dict[str, Any]:
        """Score one batch."""
        x, y, weight = data
        total = tf.reduce_sum(weight)
        x = self.begin(x, training=False)
        loss, outputs = self.loss_sum(x, y, weight, training=False)
        self.end([outputs], training=False)
        self.loss_mean.update_state(tf.math.divide_no_nan(loss, total), sample_weight=total)
        self.update_metrics(y, outputs, weight)
        for observe in self.observers:
            observe(y, outputs, weight)
        if self.shows:
            self.hold((x, y, outputs, weight))
        return self.results(training=False)

    def evaluate(self, *args: Any, **options: Any) -> Any:
        """Score as Keras does, drawing the same each time; ``told`` is among the figures."""
        self.told = {}
        with steady_draws(self), warnings.catch_warnings():
            # How many shares of batches there are is not known before the end.
            warnings.filterwarnings("ignore", "Your input ran out of data")
            logs = super().evaluate(*args, **options)
        return {**logs, **self.told} if isinstance(logs, dict) else logs

    def results(self, training: bool) -> dict[str, Any]:
        """Return the running loss and metrics by name."""
        results = {name: metric.result() for name, metric in self.task_metrics.items()}
        return {"loss": self.loss_mean.result(), **results}
