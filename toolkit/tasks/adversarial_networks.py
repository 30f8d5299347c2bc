"""Generator and discriminator, from a model's description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras

from toolkit.data.spec import Field, Spec
from toolkit.models.network import Features, build_network
from toolkit.tasks.adversarial_objective import AdversarialObjective
from toolkit.tasks.built import Built, Sizes, saved
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
    label = keras.Input((), dtype="int32", name="label") if task.classes else None
    told = None
    if label is not None:
        told = keras.ops.one_hot(label, task.classes, dtype="float32")
        told.name = "condition"  # the generator is trained with it as an input
    entries, made = build_network(
        noise, body=model["generator"], stem=stem, condition=told, goal=image
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
    return Built(objective, inference, made.stages, beside={"discriminator": discriminator})


def judge(model: Mapping[str, Any], image: Field, task: Any) -> keras.Model:
    """Return the discriminator, from ``image`` and maybe ``condition`` to its verdict."""
    tells = task.labels == "condition"
    told = keras.Input((task.classes,), name="condition") if tells else None
    entries, features = build_network(
        {"image": image}, body=model["discriminator"], stem=model.get("stem"), condition=told
    )
    if told is not None:
        entries = {**entries, "condition": told}
    normalised = _is_normalised(entries, features.x)
    outputs = {"verdict": _verdict(features, normalised)}
    if task.labels == "classify":
        layer = keras.layers.Dense(task.classes, dtype="float32", name="classes")
        x = features.x
        outputs["classes"] = layer(keras.layers.Flatten()(x) if len(x.shape) > 2 else x)
    return keras.Model(entries, outputs, name="discriminator")


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


def _is_normalised(entries: Mapping[str, Any], x: Any) -> bool:
    """Return whether a network's kernels are divided by their spectral norm."""
    layers = keras.Model(entries, x).layers
    return any(isinstance(layer, keras.layers.SpectralNormalization) for layer in layers)
