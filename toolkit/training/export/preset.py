"""A run's encoder as a preset of KerasHub."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.subwords import Subwords
from toolkit.errors import Refused
from toolkit.lazy import keras, keras_hub
from toolkit.presets.architecture import CONSTANTS, Architecture, architecture, backbones
from toolkit.presets.families import FAMILIES
from toolkit.presets.keras_hub import layer_names, to_keras_hub
from toolkit.training.export.check import TOLERANCE, Comparison
from toolkit.training.export.subject import Subject

APPROXIMATE = 0.05
"""What KerasHub's encoder may differ by, as a share of the largest feature, where its class has the
other form of GELU or another epsilon than the run's: it cannot be told to have ours."""

TEXT = "A small text, with a word or two: naïve, 42."


def write(subject: Subject, folder: Path) -> tuple[dict[str, Any], Comparison]:
    """Write the encoder, and the tokenizer where KerasHub has its like, and open them again.

    A head is no part of a preset, nor is what the family pools the first token with: KerasHub
    starts that anew.

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
    to_keras_hub(made, weights).save_to_preset(str(folder))
    constants = {"activation": made.activation, "epsilon": made.epsilon}
    (folder / CONSTANTS).write_text(json.dumps(constants) + "\n", "utf-8")
    comparison = _compare(subject, made, len(weights["token_embedding/embeddings"]), folder)
    about: dict[str, Any] = {
        "inputs": {
            subject.name: {
                "dtype": "int32",
                "shape": [None, None],
                "is": subject.meaning(subject.name),
            }
        },
        "outputs": {"features": f"(batch, time, {made.units})"},
        "tokenizer": _write_tokenizer(subject.encoder, made, folder),
    }
    return about, comparison


def _compare(subject: Subject, made: Architecture, tokens: int, folder: Path) -> Comparison:
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
        given = {"token_ids": ids, "segment_ids": segments, "padding_mask": np.ones_like(ids)}
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


def _write_tokenizer(encoder: Any, made: Architecture, folder: Path) -> str:
    """Write the run's tokenizer in KerasHub's form; return what became of it."""
    row = FAMILIES.row(made.family)
    subwords = next(_tokenizers(encoder), None)
    if subwords is None:
        return "none: the run has read whole words or characters"
    if subwords.kind != row.tokenizer:
        return f"none: KerasHub's {made.family} has {row.tokenizer}, and the run {subwords.kind}"
    kind = getattr(keras_hub.models, row.class_name.replace("Backbone", "Tokenizer"))
    try:
        tokenizer = kind(**_arguments(subwords))
        tokenizer.save_to_preset(str(folder))
        again = keras_hub.tokenizers.Tokenizer.from_preset(str(folder))
        ids = np.asarray(again(TEXT)).tolist()
    except Exception as error:
        what = " ".join(str(error).split())[:160]
        return f"none: KerasHub's {kind.__name__} cannot hold the run's ({what})"
    return (
        kind.__name__
        if ids == subwords.ids([TEXT])[0].tolist()
        else (f"{kind.__name__}, which splits some texts otherwise than the run")
    )


def _tokenizers(encoder: Any) -> Iterator[Subwords]:
    """Yield the tokenizers of subwords that an encoder holds, however deep."""
    if isinstance(encoder, Subwords):
        yield encoder
    elif is_dataclass(encoder):
        for field in fields(encoder):
            yield from _tokenizers(getattr(encoder, field.name))


def _arguments(subwords: Subwords) -> dict[str, Any]:
    if subwords.kind == "wordpiece":
        return {
            "vocabulary": list(subwords.vocabulary),
            "lowercase": subwords.lower,
            "strip_accents": subwords.strip_accents,
        }
    if subwords.kind == "bpe":
        return {
            "vocabulary": {piece: i for i, piece in enumerate(subwords.vocabulary)},
            "merges": [" ".join(pair) for pair in subwords.merges],
        }
    return {"proto": base64.b64decode(subwords.proto)}
