"""An encoder that turns examples into codes, and a decoder that turns codes into examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from toolkit.data.spec import Field, Spec
from toolkit.models.network import Features, Stage, build_network
from toolkit.models.rules import code_kind
from toolkit.tasks.built import description
from toolkit.tasks.field_head import to_field


@dataclass(frozen=True)
class CodeNetworks:
    """Both networks.

    Attributes:
        inputs: What the encoder reads, by name.
        features: What it gives: the code.
        decoder: From a code, a Keras input of its shape, to raw outputs of the input's shape.
        stages: What the stem and each block of both give.
    """

    inputs: dict[str, Any]
    features: Features
    decoder: keras.Model
    stages: tuple[Stage, ...]

    @property
    def encoder(self) -> keras.Model:
        """From the examples to their codes; of a distribution, to its mean."""
        (entry,) = self.inputs.values()
        return keras.Model(entry, self.code, name="encoder")

    @property
    def posterior(self) -> keras.Model:
        """From the examples to the distributions that their codes are drawn of."""
        assert self.features.latent is not None, "a network that draws its code was asked for"
        (entry,) = self.inputs.values()
        told = dict(zip(("mean", "log_variance"), self.features.latent, strict=True))
        return keras.Model(entry, told, name="posterior")

    @property
    def code(self) -> Any:
        """The code, or the mean where codes are drawn from a distribution."""
        return self.features.x if self.features.latent is None else self.features.latent[0]


def code_networks(model: Mapping[str, Any], spec: Spec) -> CodeNetworks:
    """Build an encoder and a decoder.

    Args:
        model: ``stem``, ``encoder`` and ``decoder``, as a model file has them.
        spec: What is read; the decoder gives the like.
    """
    inputs, features = build_network(spec.inputs, **description(model, "encoder"))
    code = Field(code_kind(features.layout), tuple(features.x.shape[1:]), features.x.dtype)
    entry, made = build_network(
        {"code": code},
        **description(model, "decoder"),
        goal=spec.input,
        mask=False,
    )
    decoder = keras.Model(entry["code"], to_field(made, spec.input), name="decoder")
    return CodeNetworks(inputs, features, decoder, features.stages + made.stages)
