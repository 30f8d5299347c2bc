"""Generators and discriminators that translate images, from a model's description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras

from toolkit.data.spec import Field, Spec
from toolkit.models.network import Stage, build_network
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.field_head import to_field
from toolkit.tasks.games.translation_objective import TranslationObjective
from toolkit.tasks.games.verdict import verdict
from toolkit.tasks.units import painted


@dataclass(frozen=True)
class Translator:
    """A generator as it is trained and as it is saved; both share their layers.

    Attributes:
        trained: From images in -1..1 to pictures in -1..1.
        inference: From images to pictures, both in their own units.
        stages: What the stem and each block gives.
    """

    trained: keras.Model
    inference: keras.Model
    stages: tuple[Stage, ...]


def translators(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build all networks.

    Args:
        task: An ``ImageTranslation`` task that knows the spec.
        model: ``stem``, ``generator`` and ``discriminator``, as a model file has them.
        spec: Images, and the pictures that are to be made.
        sizes: What they are built for.
    """
    image, picture = spec.input, spec.target
    there = translator(model, image, picture)
    if task.paired:
        judges = {"discriminator": judge(model, image, picture)}
        beside, back = dict(judges), None
    else:
        way_back = {**model, "name": "back"}
        back = translator(way_back, replace(picture, kind="image"), image)
        judges = {"discriminator": judge(model, picture), "back_discriminator": judge(model, image)}
        beside = {"back": back.inference, **judges}
    objective = TranslationObjective(
        there.trained,
        None if back is None else back.trained,
        [*judges.values()],
        task,
        spec.target,
        accumulate=sizes.accumulate,
    )
    return Built(objective, there.inference, there.stages, beside=beside)


def translator(model: Mapping[str, Any], image: Field, picture: Field) -> Translator:
    """Return a generator of pictures from images.

    Args:
        model: ``stem`` and ``generator``; images are brought to -1..1 whatever the stem says.
        image: What is read.
        picture: What is made.
    """
    channels = image.shape[-1]
    halves = [0.5] * (channels or 0)
    own = description(model, "generator")
    units = {**(own["stem"].get("image") or {}), "means": halves, "deviations": halves}
    own["stem"] = {**own["stem"], "image": units}
    entries, made = build_network(
        {"image": image},
        **own,
        goal=replace(picture, dtype="float32"),
    )
    drawn = keras.layers.Activation("tanh", dtype="float32")(to_field(made, picture))
    begun = made.stages[0].x  # the image in -1..1
    trained = keras.Model(begun, drawn, name="generator")
    return Translator(trained, saved(model, entries, painted(drawn, picture)), made.stages)


def judge(model: Mapping[str, Any], *fields: Field) -> keras.Model:
    """Return a discriminator of images in -1..1, several joined along their channels.

    Args:
        model: ``stem`` and ``discriminator``.
        fields: The images that it sees together.
    """
    height, width = fields[0].shape[:2]
    channels = sum(field.shape[-1] or 0 for field in fields)
    seen = Field("image", (height, width, channels))
    entries, features = build_network({"image": seen}, **description(model, "discriminator"))
    return keras.Model(entries["image"], verdict(entries, features), name="discriminator")
