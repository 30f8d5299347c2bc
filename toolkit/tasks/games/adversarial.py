"""Making images that cannot be told from real ones: generative adversarial networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from toolkit.data.spec import Field, Spec, Target
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.tasks.games.adversarial_losses import Game, boundary
from toolkit.tasks.games.sides import Own, won
from toolkit.tasks.judging.judging import JudgedImages, Judging
from toolkit.tasks.judging.maker import Maker
from toolkit.tasks.part import Part
from toolkit.tasks.units import painted, signed
from toolkit.types import Fraction, NonNegative, PositiveInt

COLLAPSED = 0.25
"""Spacing of generated images, of that of real ones, below which they repeat each other."""


class Adversarial:
    """Learn to make images by a game of two networks (Goodfellow et al. 2014, arXiv:1406.2661).

    A generator makes images of noise, and a discriminator learns to tell them from real ones; the
    generator learns to be taken for real. ``optimizer`` and ``schedule`` are the generator's, and
    the discriminator's too but for what is said here. ``loss`` is the generator's. ``model.keras``
    is the generator: it takes noise, and the id of a class where labels are used, and gives images
    in the data's own units. ``diversity`` and ``spacing`` tell how much generated images vary, see
    :func:`toolkit.tasks.games.variety.variety`.

    Args:
        game: What the networks lose, see ``toolkit.tasks.games.adversarial_losses``.
        latent: Numbers of noise from which an image is made.
        noise: How they are drawn: ``normal``, or ``uniform`` between -1 and 1.
        labels: What is done with the data's classes: ``ignore``; ``condition``: both networks are
            told them (Mirza and Osindero 2014, arXiv:1411.1784); ``classify``: the generator is
            told them and the discriminator has to tell them too (Odena et al. 2017,
            arXiv:1610.09585).
        discriminator_steps: Updates of the discriminator before each of the generator, each by real
            images of its own; a step takes so many batches.
        gradient_penalty: Weight of the penalty that keeps the norm of the discriminator's gradient
            near one (Gulrajani et al. 2017, arXiv:1704.00028); null: 10 for ``wasserstein``, which
            needs it, else 0.
        label_smoothing: How far the label of real images falls short of one in training (Salimans
            et al. 2016, arXiv:1606.03498).
        discriminator_optimizer: Options of the discriminator's optimizer that differ from
            ``optimizer``, such as ``{learning_rate: 0.0004}``; with ``name`` another one.
        discriminator_schedule: The same of its schedule.
        judge: A fixed classifier that generated images are measured by: the folder of a finished
            run of classification on the same data, a ``.keras`` file whose output is a vector for
            each image, or ``InceptionV3``; null measures nothing. With a judge the best epoch is
            that of the least ``frechet_distance``, else the last is kept. See
            ``toolkit.tasks.judging.judge``.
        judge_weights: File of the weights of ``judge=InceptionV3``, as Keras has them; null: they
            are downloaded once.
        judged: Images that are generated to be judged; 2,000 at most after each epoch.
    """

    inputs: ClassVar = frozenset({"image"})
    targets: ClassVar = frozenset(get_args(Target)) - {"future", "next", "style"}
    needs: ClassVar = "any"
    causal: ClassVar = False
    form: ClassVar = ("generator", "discriminator")
    reads: ClassVar = {"generator": "code"}
    draws: ClassVar = False
    sampler: ClassVar = "examples"
    monitor: str = "loss"
    mode: ClassVar = "min"
    restore: str = "last"  # losses of a game do not tell which epoch was best
    views: ClassVar[tuple[str, ...]] = ("drawn",)
    makes_images: ClassVar = True
    reads_input: ClassVar = False

    def __init__(
        self,
        *,
        game: Game = "non_saturating",
        latent: PositiveInt = 100,
        noise: Literal["normal", "uniform"] = "normal",
        labels: Literal["ignore", "condition", "classify"] = "ignore",
        discriminator_steps: PositiveInt = 1,
        gradient_penalty: NonNegative | None = None,
        label_smoothing: Fraction = 0.0,
        discriminator_optimizer: dict[str, Any] | None = None,
        discriminator_schedule: dict[str, Any] | None = None,
        judge: str | None = None,
        judge_weights: str | None = None,
        judged: PositiveInt = 10_000,
    ):
        self.game, self.latent, self.noise, self.labels = game, latent, noise, labels
        self.discriminator_steps = discriminator_steps
        if gradient_penalty is None:
            gradient_penalty = 10.0 if game == "wasserstein" else 0.0
        self.gradient_penalty = gradient_penalty
        self.label_smoothing = label_smoothing
        own = Own(discriminator_optimizer or {}, discriminator_schedule or {}, discriminator_steps)
        self.optimizers = {"discriminator": own}
        self.names: tuple[str, ...] = ()
        self.classes = 0
        self.judging = None if judge is None else Judging(judge, judged, judge_weights)
        if judge is not None:
            self.monitor, self.restore = "frechet_distance", "best"
        if label_smoothing and game in ("wasserstein", "hinge"):
            raise Refused(
                f"task.label_smoothing={label_smoothing:g}: the game {game} has no labels."
            )

    @property
    def batches_per_step(self) -> int:
        """Batches of the data that one training step takes; only whole ones are taken."""
        return self.discriminator_steps

    def told(self, training: bool) -> tuple[str, ...]:
        """Return what a step tells besides ``loss``."""
        names = ["discriminator_loss"]
        if boundary(self.game) is not None:
            names.append("discriminator_accuracy")
        if self.labels == "classify":
            names.append("class_accuracy")
        if training and self.gradient_penalty:
            names.append("gradient_penalty")
        return (*names, *(() if training else ("diversity", "spacing")))

    def shaped(self, spec: Spec) -> Spec:
        """Return the spec of images, with their labels where these are used.

        Raises:
            Refused: If labels are to be used and the data has none.
        """
        name = next(iter(spec.inputs))
        if self.labels == "ignore":
            return Spec(spec.inputs, {name: spec.input})
        classes = {k: f for k, f in spec.targets.items() if f.classes and not f.multi_label}
        if not classes:
            raise Refused(
                f"task.labels={self.labels}: the data has no class for each image; labels=ignore."
            )
        return Spec(spec.inputs, dict([next(iter(classes.items()))]))

    def saved_parts(self, spec: Spec, encoder: Any) -> dict[str, Part]:
        """Return the generator; see ``toolkit.tasks.part``."""
        inputs, noise = {"noise": Field("code", (self.latent,))}, "uniform between -1 and 1"
        if self.labels != "ignore":
            inputs["label"] = Field("label", (), "int32", classes=spec.target.classes)
        made = Spec(inputs, {"picture": replace(spec.input, kind="picture")})
        drawn = "standard normal" if self.noise == "normal" else noise
        return {"generator": Part(made, meanings={"noise": f"noise, drawn {drawn}"})}

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of what validation tells, but for the loss."""
        judged = () if self.judging is None else self.judging.figures
        return (*self.told(training=False), *judged)

    def check(self, dataset: Any) -> None:
        """Refuse images that the judge cannot look at, or too few of them."""
        if self.judging is not None:
            self.bind(dataset.spec)
            self.judging.check(dataset, self.field, self.names)

    def bind(self, spec: Spec) -> None:
        """Take note of what images and classes there are."""
        self.field = spec.input
        self.names = spec.target.classes or () if self.labels != "ignore" else ()
        self.classes = len(self.names)

    def assemble(self, model: Mapping[str, Any], spec: Spec, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.games.adversarial_networks import adversaries

        self.bind(spec)
        built = adversaries(self, model, spec, sizes)
        self.maker = Maker(built.inference, self.field, self.draw, self.names)
        return built

    def signed(self, image: Any) -> Any:
        """Return raw images as both networks have them, float32 in -1..1."""
        return signed(image, self.field)

    def finish(self, image: Any) -> Any:
        """Return images of the generator in the data's own units."""
        return painted(image, self.field)

    def condition_of(self, y: Any) -> Any:
        """Return classes as zeros and a one, ``(batch, classes)`` float32; None without labels."""
        if not self.classes:
            return None
        return keras.ops.one_hot(y, self.classes, dtype="float32")

    def draw(self, count: Any, seed: Any) -> Any:
        """Return noise for so many images, shape ``(count, latent)``.

        Args:
            count: How many.
            seed: A Keras seed generator, or a number that always gives the same noise.
        """
        if self.noise == "normal":
            return keras.random.normal((count, self.latent), seed=seed)
        return keras.random.uniform((count, self.latent), -1.0, 1.0, seed=seed)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return none: the step tells what there is to tell."""
        return {}

    def concerns(self, logs: Mapping[str, float]) -> list[str]:
        """Return what has gone wrong in an epoch, in sentences.

        Args:
            logs: The epoch's figures by name, those of validation with ``val_`` before.
        """
        found = won(logs, "label smoothing, dropout or a gradient penalty")
        if logs.get("val_spacing", 1.0) < COLLAPSED:
            found.append(
                "Generated images repeat each other (mode collapse): the nearest other one of a "
                f"batch is {logs['val_spacing']:.0%} as far away as among real ones."
            )
        return found if self.judging is None else found + self.judging.concerns(logs)

    def observers(self, dataset: Any, split: Any) -> list[Any]:
        """Return what has generated images judged."""
        return [] if self.judging is None else [JudgedImages(self, dataset, split)]

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return what real images come to in place of generated ones, where there is a judge."""
        return {} if self.judging is None else self.judging.baselines(dataset, split)

    def remarks(self, dataset: Any) -> dict[str, str]:
        """Return who judges."""
        return {} if self.judging is None else self.judging.remarks()

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return nothing: no image is read by what is saved."""
        return [{} for _ in outputs]
