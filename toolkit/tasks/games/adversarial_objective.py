"""The training step of two networks that play against each other."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from toolkit import replicas
from toolkit.tasks.games.adversarial_losses import (
    boundary,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
)
from toolkit.tasks.games.game_objective import GameObjective
from toolkit.tasks.games.turns import Told, right, turn
from toolkit.tasks.games.variety import variety
from toolkit.tasks.gradients import cut


class AdversarialObjective(GameObjective):
    """A generator that makes images of noise, and a discriminator that tells them from real ones.

    One step shows the discriminator as many batches as it has steps, each beside as many generated
    images, and updates it after each; then the generator is updated once, by what the discriminator
    says of new images. Each network has an optimizer of its own: its rate, clipping, parts of a
    batch and loss scale. The discriminator reads real and generated images apart, so that the
    statistics of a batch do not tell them from each other.

    Args:
        generator: From ``noise``, and ``condition`` where there is one, to images in -1..1.
        discriminator: From ``image``, and maybe ``condition``, to ``verdict``, logits that an image
            is real, and ``classes``, logits of its class, where it tells that.
        task: An ``Adversarial`` task: the game and its settings.
        target: The ``Field`` of the data's target.
        accumulate: Parts of a batch whose gradients are summed before the generator's update.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        task: Any,
        target: Any,
        *,
        accumulate: int = 1,
    ):
        super().__init__(generator, task, target, accumulate=accumulate)
        self.discriminator = discriminator
        self.random = keras.random.SeedGenerator()  # its state is part of a checkpoint

    @property
    def generator(self) -> keras.Model:
        """The network that makes images, in -1..1."""
        return self.network

    @property
    def sides(self) -> tuple[list[keras.Model], list[keras.Model]]:
        """The generator, and the discriminator."""
        return [self.network], [self.discriminator]

    def train_step(self, data: Any) -> dict[str, Any]:
        """Make the discriminator's updates and one of the generator."""
        batches = cut(self._prepared(data), self.task.discriminator_steps)
        for batch in batches:
            discriminator_norm = self._update_discriminator(batch)
        norms = {
            "gradient_norm": self._update_generator(batches[-1]),
            "discriminator_gradient_norm": discriminator_norm,
        }
        return {**self.results(training=True), **norms}

    def gather(self, data: Any) -> None:
        """Let the generator's batch norms see a batch of noise as in training."""
        self.generator(self._entries(self._prepared(data)), training=True)

    def _update_discriminator(self, batch: Any) -> Any:
        """Make one update by a batch of real images, and return its gradients' norm."""
        own = self.further["discriminator"]
        return turn(
            own.optimizer,
            [self.discriminator],
            batch,
            lambda part, fake: self._discriminator_losses(part, fake, training=True),
            self._tell,
            begin=lambda part: self.generator(self._entries(part), training=True),
            parts=own.accumulate,
        )

    def _update_generator(self, batch: Any) -> Any:
        """Make one update by as many generated images, and return its gradients' norm."""

        def lost(part: Any, entries: Any) -> tuple[Any, Told]:
            fake = self.generator(entries, training=True)
            return self._generator_losses(part, fake, training=True)

        return turn(
            self.optimizer,
            [self.generator],
            batch,
            lost,
            self._tell,
            begin=self._entries,
            parts=self.accumulate,
        )

    def test_step(self, data: Any) -> dict[str, Any]:
        """Score one batch as in training, and tell how much generated images vary."""
        batch = self._prepared(data)
        weight = batch[-1]
        fake = self.generator(self._entries(batch), training=False)
        self._tell(self._discriminator_losses(batch, fake, training=False)[1], weight)
        self._tell(self._generator_losses(batch, fake, training=False)[1], weight)
        self._tell(variety(fake, *batch), weight)
        if self.shows:
            self.hold((data[0], data[1], fake, weight))
        return self.results(training=False)

    def _prepared(self, data: Any) -> tuple[Any, Any, Any]:
        """Return images in -1..1, classes as zeros and a one or None, and weights."""
        x, y, weight = data
        (image,) = x.values()
        return self.task.signed(image), self.task.condition_of(y), weight

    def _entries(self, batch: Any) -> dict[str, Any]:
        """Return what the generator reads for a batch: new noise, and the batch's classes."""
        _, condition, weight = batch
        noise = replicas.drawn_together(
            lambda rows: self.task.draw(rows, self.random), tf.shape(weight)[0]
        )
        return {"noise": noise} if condition is None else {"noise": noise, "condition": condition}

    def _discriminator_losses(self, batch: Any, fake: Any, training: bool) -> tuple[Any, Told]:
        """Return what the discriminator loses by each real image and a generated one."""
        real, condition, weight = batch
        task = self.task
        seen, made = (self._judge(image, condition, training) for image in (real, fake))
        smoothing = task.label_smoothing if training else 0.0
        losses = discriminator_loss(task.game, seen["verdict"], made["verdict"], smoothing)
        told = {"discriminator_loss": losses}
        edge = boundary(task.game)
        if edge is not None:
            told["discriminator_accuracy"] = right(seen["verdict"], made["verdict"], edge)
        if training and task.gradient_penalty:
            penalty = gradient_penalty(
                lambda image: self._judge(image, condition, training)["verdict"],
                real,
                fake,
                replicas.drawn_together(
                    lambda rows: keras.random.uniform((rows,), seed=self.random),
                    tf.shape(weight)[0],
                ),
            )
            told["gradient_penalty"] = penalty
            losses += task.gradient_penalty * penalty
        if "classes" in seen:
            told["class_accuracy"] = _hits(condition, seen["classes"])
            for judged in (seen, made):
                losses += _cross_entropies(condition, judged["classes"])
        return losses, told

    def _generator_losses(self, batch: Any, fake: Any, training: bool) -> tuple[Any, Told]:
        """Return what the generator loses by each of its images."""
        made = self._judge(fake, batch[1], training)
        losses = generator_loss(self.task.game, made["verdict"])
        told = {"loss": losses}
        if "classes" in made:
            losses += _cross_entropies(batch[1], made["classes"])
        return losses, told

    def _judge(self, image: Any, condition: Any, training: bool) -> dict[str, Any]:
        """Return what the discriminator says of images."""
        entries = {"image": image}
        if "condition" in self.discriminator.input:
            entries["condition"] = condition
        return self.discriminator(entries, training=training)


def _cross_entropies(condition: Any, logits: Any) -> Any:
    return tf.nn.softmax_cross_entropy_with_logits(condition, tf.cast(logits, "float32"))


def _hits(condition: Any, logits: Any) -> Any:
    return tf.cast(tf.argmax(condition, -1) == tf.argmax(logits, -1), "float32")
