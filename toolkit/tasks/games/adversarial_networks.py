"""Generator and discriminator, from a model's description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras

from toolkit.data.spec import Field, Spec
from toolkit.models.network import build_network
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.field_head import to_field
from toolkit.tasks.games.adversarial_objective import AdversarialObjective
from toolkit.tasks.games.verdict import verdict


def adversaries(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build both networks.

    Args:
        task: An ``Adversarial`` task that knows the spec.
        model: ``stem``, ``generator`` and ``discriminator``, as a model file has them.
        spec: Images, and classes where labels are used.
        sizes: What they are built for.
    """
    image = replace(spec.input, dtype="float32")
    noise = {"noise": Field("code", (task.latent,))}
    label = keras.Input((), dtype="int32", name="label") if task.classes else None
    told = None
    if label is not None:
        told = keras.ops.one_hot(label, task.classes, dtype="float32")
        told.name = "condition"  # the generator is trained with it as an input
    entries, made = build_network(
        noise, **description(model, "generator"), condition=told, goal=image
    )
    drawn = keras.layers.Activation("tanh", dtype="float32")(to_field(made, image))
    by_shares = entries if told is None else {**entries, "condition": told}
    by_label = entries if label is None else {**entries, "label": label}
    generator = keras.Model(by_shares, drawn, name="generator")
    discriminator = judge(model, image, task)
    objective = AdversarialObjective(
        generator, discriminator, task, spec.target, accumulate=sizes.accumulate
    )
    inference = saved(model, by_label, task.finish(drawn))
    return Built(
        objective,
        inference,
        made.stages,
        beside={"discriminator": discriminator},
        notes=tuple(misgivings(task, discriminator)),
    )


def judge(model: Mapping[str, Any], image: Field, task: Any) -> keras.Model:
    """Return the discriminator, from ``image`` and maybe ``condition`` to its verdict."""
    tells = task.labels == "condition"
    told = keras.Input((task.classes,), name="condition") if tells else None
    entries, features = build_network(
        {"image": image}, **description(model, "discriminator"), condition=told
    )
    if told is not None:
        entries = {**entries, "condition": told}
    outputs = {"verdict": verdict(entries, features)}
    if task.labels == "classify":
        layer = keras.layers.Dense(task.classes, dtype="float32", name="classes")
        x = features.x
        outputs["classes"] = layer(keras.layers.Flatten()(x) if len(x.shape) > 2 else x)
    return keras.Model(entries, outputs, name="discriminator")


def misgivings(task: Any, discriminator: keras.Model) -> list[str]:
    """Return what is wrong with a discriminator for a task's game, in sentences."""
    layers = discriminator._flatten_layers(include_self=False)
    if not task.gradient_penalty or not any(
        isinstance(layer, keras.layers.BatchNormalization) for layer in layers
    ):
        return []
    return [
        f"task.gradient_penalty={task.gradient_penalty:g} is of each image by itself, and the "
        "discriminator's batch normalization mixes them (Gulrajani et al. 2017, section 4); "
        "model.discriminator_normalization=layer, instance or none goes with it."
    ]
