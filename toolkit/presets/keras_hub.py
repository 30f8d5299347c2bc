"""Weights of KerasHub's presets, and backbones of KerasHub's to keep weights in."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit.errors import Refused
from toolkit.presets.architecture import Architecture
from toolkit.presets.families import FAMILIES
from toolkit.presets.places import Place

NAMES = {
    "embeddings/token_embedding": "token_embedding",
    "embeddings/position_embedding": "position_embedding",
    "token_and_position_embedding/token_embedding": "token_embedding",
    "token_and_position_embedding/position_embedding": "position_embedding",
    "rel_embedding/rel_embeddings_layer_norm": "rel_embeddings_layer_norm",
    "rel_embedding/rel_embedding": "rel_embedding/embeddings",
}
"""Beginnings of the paths of KerasHub's weights, and ours, where they differ."""

POOLED = "pooled_dense/"
"""The layer over the first token that some backbones have and our networks have not."""


def our_path(path: str) -> str:
    """Return the path that a weight of a KerasHub backbone has in a network of ours."""
    for theirs, ours in NAMES.items():
        if path == theirs or path.startswith(f"{theirs}/"):
            return ours + path.removeprefix(theirs)
    return path


def layer_names(made: Architecture) -> set[str]:
    """Return the names of the layers of block ``backbone`` that have weights."""
    row = FAMILIES.row(made.family)
    last = "_inner_layer_0" if made.family == "albert" else ""
    layers = {f"{row.layer}{place}{last}" for place in range(made.groups)}
    below = {"token_embedding", "position_embedding", "segment_embedding", "embeddings_layer_norm"}
    return layers | below | {row.projection, "rel_embedding", "rel_embeddings_layer_norm"}


def read_keras_hub(place: Place, made: Architecture) -> dict[str, np.ndarray]:
    """Return a KerasHub preset's weights by the path that they have in a network of ours.

    Raises:
        Refused: If KerasHub cannot open it.
    """
    try:
        backbone = _class(made).from_preset(place.opened_as)
    except Exception as error:
        what = " ".join(str(error).split())[:200]
        raise Refused(f"model.preset: KerasHub cannot open {place.name} ({what}).") from error
    return {
        our_path(variable.path): np.asarray(variable)
        for variable in backbone.weights
        if not variable.path.startswith(POOLED)
    }


def to_keras_hub(made: Architecture, weights: Mapping[str, np.ndarray]) -> Any:
    """Return a KerasHub backbone with the weights of an encoder of ours.

    Args:
        made: What it is made of.
        weights: By the path that they have in a network of block ``backbone``.
    """
    backbone = _class(made)(**arguments(made, len(weights["token_embedding/embeddings"])))
    for variable in backbone.weights:
        if not variable.path.startswith(POOLED):
            variable.assign(weights[our_path(variable.path)])
    return backbone


def arguments(made: Architecture, vocabulary: int) -> dict[str, Any]:
    """Return the arguments of a family's KerasHub backbone."""
    given: dict[str, Any] = {
        "vocab_size" if made.family == "electra" else "vocabulary_size": vocabulary,
        "num_layers": made.layers,
        "num_heads": made.heads,
        "hidden_dim": made.units,
        "intermediate_dim": made.intermediate,
        "dropout": made.dropout,
        "max_sequence_length": made.positions,
    }
    if made.segments:
        given["num_segments"] = made.segments
    if made.buckets:
        given["bucket_size"] = made.buckets
    if made.family in ("albert", "electra"):
        given["embedding_dim"] = made.embedding
    if made.family == "albert":
        given["num_groups"] = made.groups
    return given


def _class(made: Architecture) -> Any:
    module, _, name = FAMILIES.row(made.family).path.partition(":")
    return getattr(importlib.import_module(module), name)
