"""Generator and discriminator, from a model's description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras

from toolkit.data.spec import Field, Spec
from toolkit.models.network import Features, build_network
from toolkit.tasks.adversarial_objective import AdversarialObjective
from toolkit.tasks.built import Built, Sizes
from toolkit.tasks.field_head import to_field

VERDICT_KERNEL = 4
"""Size of the convolution that judges patches (Isola et al. 2017)."""


def adversaries(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build both networks.

    Args:
        task: An ``Adversarial`` task that knows the spec.
        model: ``stem``, ``generator`` and ``discriminator``, as a model file has them.
        spec: Images, and classes where labels are used.
        sizes: What they are built for.
    """
    image = replace(spec.input, dtype="float32")
    stem = model.get("stem") or {}
    noise = {"noise": Field("code", (task.latent,))}
    told = _condition(task)
    entries, made = build_network(
        noise, body=model["generator"], stem=stem, condition=told, goal=image
    )
    drawn = keras.layers.Activation("tanh", dtype="float32")(to_field(made, image))
    if told is not None:
        entries = {**entries, "condition": told}
    generator = keras.Model(entries, drawn, name="generator")
    discriminator = judge(model, image, task)
    objective = AdversarialObjective(
        generator, discriminator, task, spec.target, accumulate=sizes.accumulate
    )
    inference = _inference(task, model, generator)
    return Built(objective, inference, made.stages, beside={"discriminator": discriminator})


def judge(model: Mapping[str, Any], image: Field, task: Any) -> keras.Model:
    """Return the discriminator, from ``image`` and maybe ``condition`` to its verdict."""
    told = _condition(task) if task.labels == "condition" else None
    entries, features = build_network(
        {"image": image}, body=model["discriminator"], stem=model.get("stem"), condition=told
    )
    normalised = _is_normalised(entries["image"], features)
    outputs = {"verdict": _verdict(features, normalised)}
    if task.labels == "classify":
        layer = keras.layers.Dense(task.classes, dtype="float32", name="classes")
        x = features.x
        outputs["classes"] = layer(keras.layers.Flatten()(x) if len(x.shape) > 2 else x)
    if told is not None:
        entries = {**entries, "condition": told}
    return keras.Model(entries, outputs, name="discriminator")


def _condition(task: Any) -> Any:
    """Return an input for a class as zeros and a one; None without labels."""
    return keras.Input((task.classes,), name="condition") if task.classes else None


def _verdict(features: Features, normalised: bool) -> Any:
    """Return logits that an image is real: one, or of a grid one for each patch."""
    layer: keras.layers.Layer
    if features.layout == "grid":
        layer = keras.layers.Conv2D(
            1, VERDICT_KERNEL, padding="same", dtype="float32", name="verdict"
        )
    else:
        layer = keras.layers.Dense(1, dtype="float32", name="verdict")
    if normalised:  # as the layers before it are, or the bound on its gradient would be none
        layer = keras.layers.SpectralNormalization(layer, dtype="float32", name="verdict")
    x = features.x
    return layer(keras.layers.Flatten()(x) if features.layout == "sequence" else x)


def _is_normalised(entry: Any, features: Features) -> bool:
    """Return whether the network's weights are divided by their spectral norm."""
    layers = keras.Model(entry, features.x).layers if features.x is not entry else []
    return any(isinstance(layer, keras.layers.SpectralNormalization) for layer in layers)


def _inference(task: Any, model: Mapping[str, Any], generator: keras.Model) -> keras.Model:
    """Return the network that is saved: from noise, and a class's id, to images in own units."""
    noise = keras.Input((task.latent,), name="noise")
    name = model.get("name", "model")
    if not task.classes:
        return keras.Model(noise, task.finish(generator({"noise": noise})), name=name)
    label = keras.Input((), dtype="int32", name="label")
    condition = keras.ops.one_hot(label, task.classes, dtype="float32")
    images = generator({"noise": noise, "condition": condition})
    return keras.Model({"noise": noise, "label": label}, task.finish(images), name=name)
