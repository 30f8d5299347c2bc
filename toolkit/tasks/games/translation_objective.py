"""The training step of networks that translate images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from toolkit.tasks.games.adversarial_losses import boundary, discriminator_loss, generator_loss
from toolkit.tasks.games.game_objective import GameObjective
from toolkit.tasks.games.image_pool import ImagePool
from toolkit.tasks.games.turns import Told, right, turn
from toolkit.tasks.units import signed

SLOWER = 0.5
"""What discriminators lose counts half, so that they do not run ahead (Isola et al. 2017, 3.3)."""


class TranslationObjective(GameObjective):
    """Generators that make pictures of images, and discriminators that tell them from real ones.

    One step updates the generators by what the discriminators say of new pictures and by how far
    these are from the truth (``pix2pix``) or, after a way there and back, from where they started
    (``cyclegan``); then the discriminators by the same pictures, or older ones of a pool. Both
    generators have one optimizer, and both discriminators another.

    Args:
        there: From images in -1..1 to pictures in -1..1.
        back: From pictures to images; None for ``pix2pix``.
        judges: A discriminator of image and picture joined along their channels; or of pictures,
            and one of images, where there is a way back.
        task: An ``ImageTranslation`` task that knows the data's fields.
        target: The ``Field`` of the pictures.
        accumulate: Parts of a batch whose gradients are summed before the generators' update.
    """

    def __init__(
        self,
        there: keras.Model,
        back: keras.Model | None,
        judges: Sequence[keras.Model],
        task: Any,
        target: Any,
        *,
        accumulate: int = 1,
    ):
        super().__init__(there, task, target, accumulate=accumulate)
        self.back, self.judges = back, list(judges)
        self.generators = [there] if back is None else [there, back]
        shapes = [] if back is None else [task.picture.shape, task.image.shape]
        self.pools = [ImagePool(task.pool, shape) for shape in shapes]
        # Mao et al. halve the squares of their game, and Zhu et al. do not.
        self.whole = 2.0 if task.game == "least_squares" else 1.0

    @property
    def sides(self) -> tuple[list[keras.Model], list[keras.Model]]:
        """The generators, and the discriminators."""
        return self.generators, self.judges

    def train_step(self, data: Any) -> dict[str, Any]:
        """Make an update of the generators and one of the discriminators."""
        image, picture, weight = self._prepared(data)
        made: list[Any] = []

        def generators_lose(part: Any, _: Any) -> tuple[Any, Told]:
            losses, told, fakes = self._generator_losses(part, training=True)
            made.append(fakes)
            return losses, told

        norm = turn(
            self.optimizer,
            self.generators,
            (image, picture, weight),
            generators_lose,
            self._tell,
            parts=self.accumulate,
        )
        # Parts of a batch that is smaller than their number repeat it.
        size = tf.shape(weight)[0]
        fakes = [tf.concat(parts, 0)[:size] for parts in zip(*made, strict=True)]
        if self.pools:
            fakes = [pool(fake) for pool, fake in zip(self.pools, fakes, strict=True)]
        own = self.further["discriminator"]
        judges_norm = turn(
            own.optimizer,
            self.judges,
            (image, picture, fakes, weight),
            lambda part, _: self._discriminator_losses(part, training=True),
            self._tell,
            parts=own.accumulate,
        )
        norms = {"gradient_norm": norm, "discriminator_gradient_norm": judges_norm}
        return {**self.results(training=True), **norms}

    def gather(self, data: Any) -> None:
        """Let the generators' batch norms see a batch as in training."""
        image, picture, _ = self._prepared(data)
        self.network(image, training=True)
        if self.back is not None:
            self.back(picture, training=True)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Score one batch as in training, with the networks as they are saved."""
        image, picture, weight = self._prepared(data)
        _, told, fakes = self._generator_losses((image, picture, weight), training=False)
        if self.task.known:
            told["l1"] = _distance(picture, fakes[0]) / 2
        self._tell(told, weight)
        judged = self._discriminator_losses((image, picture, fakes, weight), training=False)
        self._tell(judged[1], weight)
        if self.shows:
            self.hold((data[0], data[1], fakes[0], weight))
        return self.results(training=False)

    def _prepared(self, data: Any) -> tuple[Any, Any, Any]:
        """Return images and pictures in -1..1, and weights."""
        x, y, weight = data
        (image,) = x.values()
        return signed(image, self.task.image), signed(y, self.task.picture), weight

    def _generator_losses(self, batch: Any, training: bool) -> tuple[Any, Told, list[Any]]:
        """Return what the generators lose by each example, what is told, and what they made."""
        image, picture, _ = batch
        task = self.task
        fake = self.network(image, training=training)
        if self.back is None:
            distance = _distance(picture, fake)
            verdict = self.judges[0](tf.concat([image, fake], -1), training=training)
            losses = self.whole * generator_loss(task.game, verdict)
            losses += task.reconstruction * distance
            return losses, {"loss": losses, "l1": distance / 2}, [fake]
        fake_image = self.back(picture, training=training)
        losses = tf.zeros_like(batch[2])
        for judge, made in zip(self.judges, (fake, fake_image), strict=True):
            losses += self.whole * generator_loss(task.game, judge(made, training=training))
        returned = self.back(fake, training=training), self.network(fake_image, training=training)
        cycle = _distance(image, returned[0]) + _distance(picture, returned[1])
        losses += task.cycle * cycle
        if training and task.keeps:
            changed = _distance(picture, self.network(picture, training=True))
            changed += _distance(image, self.back(image, training=True))
            losses += task.cycle * task.identity * changed
        return losses, {"loss": losses, "cycle": cycle / 4}, [fake, fake_image]

    def _discriminator_losses(self, batch: Any, training: bool) -> tuple[Any, Told]:
        """Return what the discriminators lose by each example, and what is told."""
        image, picture, fakes, weight = batch
        task = self.task
        if self.back is None:
            sides = [(tf.concat([image, picture], -1), tf.concat([image, fakes[0]], -1))]
        else:
            sides = [(picture, fakes[0]), (image, fakes[1])]
        losses, accuracy = tf.zeros_like(weight), tf.zeros_like(weight)
        edge = boundary(task.game)
        assert edge is not None  # of the games that this task plays
        for judge, (real, fake) in zip(self.judges, sides, strict=True):
            seen, made = judge(real, training=training), judge(fake, training=training)
            losses += self.whole * discriminator_loss(task.game, seen, made)
            accuracy += right(seen, made, edge) / len(sides)
        told = {"discriminator_loss": losses, "discriminator_accuracy": accuracy}
        return SLOWER * losses, told


def _distance(one: Any, other: Any) -> Any:
    """Return the mean absolute difference of images, shape ``(batch,)``, float32."""
    difference = tf.abs(tf.cast(one, "float32") - tf.cast(other, "float32"))
    return tf.reduce_mean(tf.reshape(difference, (tf.shape(difference)[0], -1)), axis=1)
