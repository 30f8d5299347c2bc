"""Making a picture of an image: pix2pix from pairs, CycleGAN from two sorts of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.tasks.games.sides import Own, won
from toolkit.tasks.part import Part
from toolkit.types import Count, NonNegative


class ImageTranslation:
    """Learn to make a picture of an image by a game of networks.

    ``pix2pix`` (Isola et al. 2017, arXiv:1611.07004) learns from pairs: its discriminator sees the
    image beside the picture, and the picture is to be near the true one in each pixel. ``cyclegan``
    (Zhu et al. 2017, arXiv:1703.10593) learns from two sorts of pictures that need no pairs: two
    generators, one each way, and a discriminator for each sort, all built from the model's two
    descriptions; who goes both ways is to come back to where he started. The generators are updated
    first, then the discriminators, by the same pictures.

    ``optimizer`` and ``schedule`` are the generators', and the discriminators' too but for what is
    said here. ``loss`` is all that the generators lose. ``model.keras`` takes an image and gives a
    picture, both in the data's own units, without dropout; ``back.keras`` of ``cyclegan`` the other
    way; discriminators lie beside them. Isola et al. keep dropout on when they translate, as the
    only noise: ``predict dropout=true seed=1`` does, and without it an image gives one picture.

    Args:
        method: ``pix2pix`` or ``cyclegan``.
        game: What the networks lose (see ``toolkit.tasks.games.adversarial_losses``); null:
            ``non_saturating`` for ``pix2pix`` and ``least_squares`` for ``cyclegan``, as published.
        reconstruction: Weight of the mean absolute difference from the true picture, of images in
            -1..1, for ``pix2pix``.
        cycle: Weight of the mean absolute difference after a way there and back, for ``cyclegan``.
        identity: Weight, as a share of ``cycle``, of what a generator changes of a picture that is
            already of the sort it makes; without effect where the sorts differ in channels.
        pool: Generated pictures that are kept to be shown to the discriminators again, for
            ``cyclegan`` (Shrivastava et al. 2017, arXiv:1612.07828); 0 shows the new ones only.
        discriminator_optimizer: Options of the discriminators' optimizer that differ from
            ``optimizer``; with ``name`` another one.
        discriminator_schedule: The same of its schedule.
    """

    inputs: ClassVar = frozenset({"image"})
    targets: ClassVar = frozenset({"picture"})
    needs: ClassVar = "any"
    causal: ClassVar = False
    form: ClassVar = ("generator", "discriminator")
    draws: ClassVar = False
    sampler: ClassVar = "examples"
    mode: ClassVar = "min"
    views: ClassVar[tuple[str, ...]] = ("translations",)
    noise_by_dropout: ClassVar = True  # predict may keep it on

    def __init__(
        self,
        *,
        method: Literal["pix2pix", "cyclegan"] = "pix2pix",
        game: Literal["non_saturating", "least_squares", "hinge"] | None = None,
        reconstruction: NonNegative = 100.0,
        cycle: NonNegative = 10.0,
        identity: NonNegative = 0.5,
        pool: Count = 50,
        discriminator_optimizer: dict[str, Any] | None = None,
        discriminator_schedule: dict[str, Any] | None = None,
    ):
        self.method = method
        self.paired = method == "pix2pix"
        self.monitor = "l1" if self.paired else "cycle"
        self.game = game or ("non_saturating" if self.paired else "least_squares")
        self.reconstruction, self.cycle, self.identity = reconstruction, cycle, identity
        self.pool = pool
        own = Own(discriminator_optimizer or {}, discriminator_schedule or {})
        self.optimizers = {"discriminator": own}
        self.known = self.paired  # whether the true picture of an image is

    @staticmethod
    def suits(shapes: Mapping[str, Any]) -> str | None:
        """Return why networks of such shapes cannot be used; None if they can.

        Args:
            shapes: What ``toolkit.models.rules`` says of each network, by name.
        """
        if shapes["generator"].reads == "grid" == shapes["generator"].gives:
            return None
        return "its generator makes no image of an image (one of architecture unet does)"

    def told(self, training: bool) -> tuple[str, ...]:
        """Return what a step tells besides ``loss``."""
        names = ["discriminator_loss", "discriminator_accuracy"]
        if self.paired or (self.known and not training):
            names.append("l1")
        if not self.paired:
            names.append("cycle")
        return tuple(names)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of what validation tells, but for the loss."""
        return self.told(training=False)

    def shaped(self, spec: Spec) -> Spec:
        """Return the spec, which has a picture for each image.

        Raises:
            Refused: If images and pictures differ in size.
        """
        ((name, target),) = spec.targets.items()
        image, found = (tuple(field.shape[:2]) for field in (spec.input, target))
        if image != found:
            raise Refused(
                f"task=image_translation: images of {image[0]} x {image[1]} pixels and pictures of "
                f"{found[0]} x {found[1]}; expected both of one size."
            )
        self.bind(spec)
        return Spec(spec.inputs, {name: target})

    def bind(self, spec: Spec) -> None:
        """Take note of what images and pictures there are."""
        self.image, self.picture = spec.input, spec.target
        self.known = not self.picture.unpaired

    def check(self, dataset: Any) -> None:
        """Refuse pictures that are no pairs where pairs are learned from."""
        if self.paired and dataset.spec.target.unpaired:
            raise Refused(
                "task.method=pix2pix learns from pairs, and here an image and the picture beside "
                "it have nothing to do with each other; task.method=cyclegan."
            )

    def saved_parts(self, spec: Spec, encoder: Any) -> dict[str, Part]:
        """Return the generator, and of ``cyclegan`` the way back; see ``toolkit.tasks.part``."""
        found = {"generator": Part(spec, encoder)}
        if not self.paired:
            ((name, image),), picture = spec.inputs.items(), spec.target
            turned = Spec(
                {name: replace(picture, kind="image")},
                {"picture": replace(image, kind="picture")},
            )
            if isinstance(encoder, ImageEncoder):
                channels = picture.shape[-1] or encoder.channels
                encoder = replace(encoder, channels=channels, palette=picture.palette)
            found["back"] = Part(turned, encoder, "back")
        return found

    @property
    def keeps(self) -> bool:
        """Whether a generator is held to leave alone what is already as it makes it."""
        return self.identity > 0 and self.image.shape == self.picture.shape

    def assemble(self, model: Mapping[str, Any], spec: Spec, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.games.translation_networks import translators

        self.bind(spec)
        return translators(self, model, spec, sizes)

    def metrics(self, target: Field) -> dict[str, Any]:
        """Return none: the step tells what there is to tell."""
        return {}

    def concerns(self, logs: Mapping[str, float]) -> list[str]:
        """Return what has gone wrong in an epoch, in sentences.

        Args:
            logs: The epoch's figures by name.
        """
        return won(logs, "dropout in it or a smaller one")

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the error of simple guesses at pictures, from 0 to 1, where there are pairs."""
        from toolkit.tasks.games.translation_baselines import translation_baselines

        bytes_only = self.image.dtype == self.picture.dtype == "uint8"
        return translation_baselines(dataset, split) if self.known and bytes_only else {}

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return the picture that was made, in the data's own units, a list of numbers each."""
        return [{"picture": np.round(row, 2).tolist()} for row in np.asarray(outputs)]
