"""Language models, whose output layer and loss are computed together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from toolkit.data.spec import Spec
from toolkit.losses import linear_cross_entropy
from toolkit.models.network import build_network
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.objective import Objective


class TokenObjective(Objective):
    """An objective that tells the next token from a hidden feature at each position.

    The output layer and the loss are computed together, without holding the logits
    (``toolkit.losses.linear_cross_entropy``).

    Args:
        network: From token ids to the features that the output layer reads.
        output_layer: A built ``Dense`` or ``ReversibleEmbedding`` that turns them into logits.
        task: The task.
        target: The ``Field`` that is learned.
        accumulate: Parts of a batch, see ``Objective``.
    """

    def __init__(
        self,
        network: keras.Model,
        output_layer: Any,
        task: Any,
        target: Any,
        *,
        accumulate: int = 1,
    ):
        super().__init__(network, task, target, accumulate=accumulate)
        self.output_layer = output_layer

    @property
    def tied(self) -> bool:
        """Whether the output layer is the embedding."""
        return not isinstance(self.output_layer, keras.layers.Dense)

    @property
    def saved_weights(self) -> list[Any]:
        """The weights of the saved network, in its order: the output layer's last, unless tied."""
        return self.network.weights + ([] if self.tied else self.output_layer.weights)

    def cross_entropies(self, hidden: Any, y: Any, weight: Any) -> Any:
        """Return the weighted sum of the cross entropies, a float32 scalar.

        Args:
            hidden: Features of any positions, the last axis their width.
            y: Ids of the tokens to be told there.
            weight: What each counts.
        """
        layer = self.output_layer
        return linear_cross_entropy(
            tf.reshape(hidden, (-1, hidden.shape[-1])),
            layer.embeddings if self.tied else layer.kernel,
            None if self.tied else layer.bias,
            tf.reshape(y, [-1]),
            tf.reshape(weight, [-1]),
            transposed=self.tied,
        )

    def loss_sum(self, x: Any, y: Any, weight: Any, training: bool) -> tuple[Any, Any]:
        """Return the weighted sum of the tokens' cross entropies, and the features."""
        hidden = self(x, training=training)
        return self.cross_entropies(hidden, y, weight), hidden

    def update_metrics(self, y: Any, outputs: Any, weight: Any) -> None:
        """Do nothing: perplexity follows from the loss."""

    def results(self, training: bool) -> dict[str, Any]:
        """Return the mean cross entropy in nats and the perplexity."""
        loss = self.loss_mean.result()
        return {"loss": loss, "perplexity": tf.exp(loss)}


def packed(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build a language model that sees each window of a text by itself, trained as it is saved."""
    inputs, features = build_network(spec.inputs, **description(model), mask=False)
    hidden, layer = task.hidden(features), task.output_layer(features, spec.target)
    logits = task.head(features, spec.target, hidden, layer)
    network = keras.Model(inputs, hidden, name="network")
    objective = TokenObjective(network, layer, task, spec.target, accumulate=sizes.accumulate)
    return Built(objective, saved(model, inputs, task.finish(logits)), features.stages)
