"""A generator that writes token by token and a discriminator of windows, from a description."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from toolkit.blocks.state import CarriedState
from toolkit.data.spec import Spec
from toolkit.errors import Refused
from toolkit.models.network import build_network
from toolkit.models.rules import blocks_of
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.games.sequence_game import SequenceGame
from toolkit.tasks.games.verdict import verdict
from toolkit.tasks.language.language_modelling import LanguageModelling

WRITING = ("recurrent", "dense", "dropout", "normalize")
"""Blocks of which a position depends on earlier ones by carried state alone."""


class NoiseState(CarriedState):
    """State that begins with what a layer makes of noise, in place of inputs.

    Args:
        noise: Shape ``(batch, numbers)``.
    """

    def __init__(self, noise: Any):
        super().__init__()
        self.noise = noise

    def _input(self, shape: tuple[int | None, ...], dtype: str, name: str) -> Any:
        begun = keras.layers.Dense(
            math.prod(n or 1 for n in shape),
            activation="tanh",  # as states are
            dtype=dtype,
            name=name.replace("state", "begin"),
        )(self.noise)
        return begun if len(shape) == 1 else keras.layers.Reshape(shape)(begun)


@dataclass(frozen=True)
class Soft:
    """A network of tokens that also reads mixtures of them.

    Attributes:
        table: The embeddings, a variable ``(vocabulary, units)``: rows of shares times it are what
            the network reads in place of tokens.
        network: From embeddings ``(batch, time, units)``, and maybe states, on.
    """

    table: Any
    network: keras.Model


def sequence_networks(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build both networks.

    Args:
        task: A ``SequenceAdversarial`` task.
        model: ``stem``, ``generator`` and ``discriminator``, as a model file has them.
        spec: The text that is read, and the same as what is to be written.
        sizes: What they are built for.

    Raises:
        Refused: If the generator has blocks that cannot write token by token.
    """
    others = [name for name, _ in blocks_of(model["generator"]) if name not in WRITING]
    if others:
        raise Refused(
            f"generator: block '{others[0]}' cannot write token by token; expected "
            f"{', '.join(WRITING)}."
        )
    noise = keras.Input((task.latent,), name="noise")
    state = NoiseState(noise)
    entries, features = build_network(
        spec.inputs, **description(model, "generator"), state=state, mask=False
    )
    logits = LanguageModelling().head(features, spec.target)
    layer, embedded = _embedding(features.stages[0].x)
    step = keras.Model([embedded, *state.inputs], [logits, *state.outputs], name="step")
    begin = keras.Model(noise, list(state.inputs), name="begin")
    inference = saved(model, {**entries, "noise": noise}, logits)

    read, judged = build_network(
        spec.inputs,
        **description(model, "discriminator"),
        mask=False,
        length=task.sequence_length,
    )
    told = verdict(read, judged)
    judge_layer, seen = _embedding(judged.stages[0].x)
    discriminator = keras.Model([*read.values()][0], told, name="discriminator")
    objective = SequenceGame(
        inference,
        begin,
        Soft(layer.embeddings, step),
        discriminator,
        Soft(judge_layer.embeddings, keras.Model(seen, told)),
        task,
        spec.target,
        accumulate=sizes.accumulate,
    )
    return Built(objective, inference, features.stages, beside={"discriminator": discriminator})


def _embedding(x: Any) -> tuple[Any, Any]:
    """Return the embedding layer of a stem, and what it gives, from what the stem gives."""
    layer = x._keras_history.operation
    while not isinstance(layer, keras.layers.Embedding):
        x = layer.input
        layer = x._keras_history.operation
    return layer, x
