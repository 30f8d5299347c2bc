"""A run's encoder as a preset of KerasHub."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.spec import Spec
from toolkit.errors import Refused
from toolkit.lazy import keras, keras_hub
from toolkit.presets.architecture import CONSTANTS, Architecture, architecture, backbones
from toolkit.presets.families import FAMILIES
from toolkit.presets.keras_hub import layer_names, to_keras_hub
from toolkit.training.export.check import TOLERANCE, Comparison
from toolkit.training.export.preset_tokenizer import Fitted, fit
from toolkit.training.export.subject import Subject

TOKENS = "token_embedding/embeddings"
APPROXIMATE = 0.05
"""What KerasHub's encoder may differ by, as a share of the largest feature, where its class has the
other form of GELU or another epsilon than the run's: it cannot be told to have ours."""


def write(subject: Subject, folder: Path) -> tuple[dict[str, Any], Comparison]:
    """Write the encoder, and the tokenizer where KerasHub has its like, and open them again.

    A head is no part of a preset, nor is what the family pools the first token with: KerasHub
    starts that anew. Where the family's tokenizer has an order of its own (XLM-RoBERTa's special
    tokens), rows of the token embedding and ``vocabulary.json`` are in that order.

    Args:
        subject: The run's network.
        folder: An empty folder.

    Returns:
        What ``signature.json`` says, and how far the encoder is from the run's.

    Raises:
        Refused: If the network holds no block ``backbone``, or KerasHub cannot hold it.
    """
    found = [architecture(options) for options in backbones(subject.description)]
    if not found:
        raise Refused(
            "format: preset holds encoders of the BERT kind (block 'backbone'), and this network "
            "has none."
        )
    made = found[0]
    if made.activation == "relu":
        raise Refused(
            f"format: preset cannot hold activation relu; KerasHub's {made.family} has "
            f"{FAMILIES.row(made.family).activation}."
        )
    network = subject.model
    weights = {w.path: np.asarray(w) for w in network.weights}
    weights = {k: v for k, v in weights.items() if k.partition("/")[0] in layer_names(made)}
    fitted = fit(subject.encoder, made)
    weights[TOKENS] = fitted.moved(weights[TOKENS])
    to_keras_hub(made, weights).save_to_preset(str(folder))
    constants = {"activation": made.activation, "epsilon": made.epsilon}
    (folder / CONSTANTS).write_text(json.dumps(constants) + "\n", "utf-8")
    comparison = _compare(subject, made, fitted, len(weights[TOKENS]), folder)
    if fitted.tokenizer is not None:
        fitted.tokenizer.save_to_preset(str(folder))
    if fitted.places is not None:
        subject = replace(subject, spec=_renumbered(subject.spec, fitted))
        words = json.dumps(subject.spec.input.vocabulary, indent=2, ensure_ascii=False)
        (folder / subject.vocabulary_file(subject.name)).write_text(words + "\n", "utf-8")
    about: dict[str, Any] = {
        "inputs": {
            subject.name: {
                "dtype": "int32",
                "shape": [None, None],
                "is": subject.meaning(subject.name),
            }
        },
        "outputs": {"features": f"(batch, time, {made.units})"},
        "tokenizer": fitted.told,
    }
    return about, comparison


def _renumbered(spec: Spec, fitted: Fitted) -> Spec:
    """Return what is known of the input, its tokens in the tokenizer's order."""
    if fitted.places is None:
        return spec
    field, (name, *_) = spec.input, spec.inputs
    assert field.vocabulary is not None and field.special is not None
    places = fitted.theirs(np.arange(len(field.vocabulary)))
    words = tuple(field.vocabulary[i] for i in np.argsort(places))
    special = {key: int(places[i]) for key, i in field.special.items()}
    changed = replace(field, vocabulary=words, special=special)
    return replace(spec, inputs={**spec.inputs, name: changed})


def _compare(
    subject: Subject, made: Architecture, fitted: Fitted, tokens: int, folder: Path
) -> Comparison:
    """Open the encoder as a stranger would, and compare it with the run's."""
    opened = keras_hub.models.Backbone.from_preset(str(folder))
    row = FAMILIES.row(made.family)
    exact = (made.activation, made.epsilon) == (row.activation, row.epsilon)
    comparison = Comparison("preset", TOLERANCE["float32"] if exact else APPROXIMATE)
    ours = keras.Model(subject.model.input, _features(subject.model, made))
    draw = np.random.default_rng(0)
    end = (subject.spec.input.special or {}).get("end")
    for rows in (1, 3):
        ids = draw.integers(0, tokens, (rows, min(12, made.positions))).astype("int32")
        ids[ids == subject.spec.input.pad] = tokens - 1
        segments = np.zeros_like(ids)
        if end is not None:
            ids[ids == end] = tokens - 1
            ids[:, 5] = end
            segments[:, 6:] = 1
        given = {"token_ids": fitted.theirs(ids), "segment_ids": segments}
        given["padding_mask"] = np.ones_like(ids)
        given = {name: value for name, value in given.items() if name in opened.input}
        theirs = opened(given, training=False)
        theirs = theirs["sequence_output"] if isinstance(theirs, dict) else theirs
        comparison.add(theirs, ours(ids, training=False))
    return comparison


def _features(network: keras.Model, made: Architecture) -> Any:
    """Return what a network's encoder gives, a symbolic tensor of it."""
    row = FAMILIES.row(made.family)
    last = f"{row.layer}{made.groups - 1}" + ("_inner_layer_0" if made.family == "albert" else "")
    inside = {id(op) for op in network.operations}
    nodes = [n for n in network.get_layer(last)._inbound_nodes if id(n.operation) in inside]
    return nodes[-1].output_tensors[0]
