"""The step of style transfer: pixels are updated, and stay pixels."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from toolkit.tasks.objective import Objective
from toolkit.tasks.units import scaled


class StyleObjective(Objective):
    """An objective whose network is a picture, and nothing that it reads changes it.

    What content and style come to is the same in each step, so that it is worked out once where
    the data is there before (:meth:`study`), and else for each batch.

    Args:
        network: From ones ``(batch, 1)`` to the picture, from 0 to 1.
        task: A ``StyleTransfer`` task.
        target: The ``Field`` of the style picture.
        accumulate: Parts of a batch whose gradients are summed before one update.
    """

    def __init__(self, network: keras.Model, task: Any, target: Any, *, accumulate: int = 1):
        super().__init__(network, task, target, accumulate=accumulate)
        self._known: tuple[Any, ...] = ()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the picture, one for each example that is read."""
        (image,) = inputs.values()
        return self.network(tf.ones((tf.shape(image)[0], 1)), training=training)

    def study(self, dataset: Any, fresh: bool) -> None:
        """Begin with the content picture where that is asked for, and look at both pictures."""
        example = dataset.train.decode({})
        ((name, field),) = dataset.spec.inputs.items()
        image, style = (example[n][None] for n in (name, *dataset.spec.targets))
        if fresh and self.task.initial == "content":
            (pixels,) = self.network.trainable_variables
            pixels.assign(tf.reshape(scaled(image, field), pixels.shape))
        self._known = (self.task.wanted(image, style),)

    def loss_sum(self, x: Any, y: Any, weight: Any, training: bool) -> tuple[Any, Any]:
        """Return the weighted sum of the losses, and the parts of each example's by name."""
        (image,) = x.values()
        wanted = self._known[0] if self._known else self.task.wanted(image, y)
        parts = self.task.parts(self(x, training=training), wanted)
        return tf.reduce_sum(self.task.loss(y, parts) * weight), parts

    def train_step(self, data: Any) -> dict[str, Any]:
        """Make one update, and bring pixels that have left the range of pixels back to its end."""
        results = super().train_step(data)
        for pixels in self.network.trainable_variables:
            pixels.assign(tf.clip_by_value(pixels, 0.0, 1.0))
        return results
