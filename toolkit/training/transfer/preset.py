"""Weights that somebody has trained to begin with: ``model.preset``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.data.spec import Field, Spec
from toolkit.data.subwords import Subwords
from toolkit.errors import Refused
from toolkit.presets.architecture import Architecture, architecture, backbones, settled
from toolkit.presets.hugging_face import read_hugging_face
from toolkit.presets.keras_hub import read_keras_hub
from toolkit.presets.places import Place, locate
from toolkit.training.assemble import Trainable, open_network
from toolkit.training.run_folder import RunFolder
from toolkit.training.saved_spec import read_spec

TOKENS = "token_embedding/embeddings"
SPARE = 0.1
"""Share of a preset's rows without a token above which it is told."""


def settle(model: dict[str, Any]) -> dict[str, Any]:
    """Return a model's description with what its presets are made of written out.

    A run keeps it, and can be opened and resumed when the preset is no longer there.

    Args:
        model: As a model file has it.

    Raises:
        Refused: If there is no such preset, or an option contradicts it.
    """
    changed = dict(model)
    for part in ("body", "encoder", "decoder"):
        if model.get(part):
            changed[part] = [_settled(entry) for entry in model[part]]
    return changed


def _settled(entry: Any) -> Any:
    options = entry.get("backbone") if isinstance(entry, dict) else None
    if not isinstance(options, dict):
        return entry
    return {"backbone": {**options, **settled(architecture({"family": "bert", **options}))}}


def take_presets(trainable: Trainable, spec: Spec, model: dict[str, Any]) -> list[str]:
    """Begin with the weights of the presets that a model names.

    Args:
        trainable: The networks.
        spec: What they will learn from: its tokens must be those of the preset.
        model: The model's description.

    Returns:
        What was taken, a line a preset, and which of them have far more rows than tokens.

    Raises:
        Refused: If weights are missing, damaged or of another shape, or tokens differ.
    """
    told = []
    for options in backbones(model):
        if options.get("preset") is not None:
            place = locate(options["preset"])
            _check_tokens(place, spec.input)
            made = architecture(options)
            weights = read_weights(place, made)
            count = _put(trainable, weights, place, _layers(made))
            total = trainable.inference.count_params()
            told.append(f"weights from {place.name}: {count:,} of {total:,} parameters")
            told += _few_tokens(place, spec.input, len(weights[TOKENS]))
    if told:
        trainable.share()
    return told


def read_weights(place: Place, made: Architecture) -> dict[str, np.ndarray]:
    """Return a preset's weights by the path that they have in a network of block ``backbone``.

    Raises:
        Refused: If there are none, or they are damaged.
    """
    if place.form == "hugging_face":
        return read_hugging_face(place, made)
    if place.form == "keras_hub":
        return read_keras_hub(place, made)
    folder = RunFolder(str(place.folder))
    network = open_network(folder.need_model())
    found = {variable.path: np.asarray(variable) for variable in network.weights}
    return {path: found[path] for path in found if path.partition("/")[0] in _layers(made)}


def _layers(made: Architecture) -> set[str]:
    """Return the names of an encoder's layers that have weights."""
    from toolkit.presets.keras_hub import layer_names

    return layer_names(made)


def _put(
    trainable: Trainable, weights: dict[str, np.ndarray], place: Place, layers: set[str]
) -> int:
    """Give a network's encoder, of these layers, the weights; return how many numbers they are."""
    here = {variable.path: variable for variable in trainable.inference.weights}
    inside = [path for path in here if path.partition("/")[0] in layers]
    missing = [f"{path} is only there" for path in weights if path not in here]
    missing += [f"{path} is only here" for path in inside if path not in weights]
    wrong = [
        f"{path} is {_shape(value.shape)} there and {_shape(here[path].shape)} here"
        for path, value in weights.items()
        if path in here and path != TOKENS and tuple(here[path].shape) != value.shape
    ]
    if missing or wrong:
        told = "; ".join([*wrong, *missing][:4])
        raise Refused(f"model.preset: the weights of {place.name} do not fit: {told}.")
    for path, value in weights.items():
        if path == TOKENS:
            value = _rows(value, np.asarray(here[path]), place)
        here[path].assign(value)
    return sum(min(value.size, int(np.prod(here[path].shape))) for path, value in weights.items())


def _rows(there: np.ndarray, here: np.ndarray, place: Place) -> np.ndarray:
    """Return the token embeddings; tokens that a task adds keep the rows that they start with."""
    if there.shape[1:] != here.shape[1:]:
        raise Refused(
            f"model.preset: the token embeddings of {place.name} are {_shape(there.shape)}, and "
            f"{_shape(here.shape)} here."
        )
    known = min(len(there), len(here))
    return np.concatenate([there[:known], here[known:]])


def _shape(shape: Sequence[int | None]) -> str:
    return "x".join(map(str, shape)) or "a number"


def _check_tokens(place: Place, field: Field) -> None:
    """Refuse texts that were read with other tokens than the preset's."""
    theirs = _vocabulary(place)
    if theirs is None or field.vocabulary is None:
        return
    pairs = zip(field.vocabulary, theirs, strict=False)
    for token, (mine, other) in enumerate(pairs):
        if mine != other:
            raise Refused(
                f"data.tokenizer: these are not the tokens that the weights of {place.name} were "
                f"made with (token {token} is '{mine}' here and '{other}' there); leave "
                "data.tokenizer=auto, which takes the preset's own."
            )


def _few_tokens(place: Place, field: Field, rows: int) -> list[str]:
    """Return the sentence for a vocabulary that was likely cut short: most words are unknown then.

    Presets may have a few rows to spare, as vocabularies are filled up to a multiple of 8 or 64
    (DeBERTa's 128,000 pieces have 128,100 rows): less than a hundredth of them, so that a tenth
    (``SPARE``) is no filling.
    """
    tokens = len(field.vocabulary or ())
    if not tokens or rows - tokens <= SPARE * rows:
        return []
    return [
        f"data.tokenizer: {tokens:,} tokens, and {place.name} has weights for {rows:,}; is its "
        "vocabulary cut short? Pieces of words that it lacks are not known."
    ]


def _vocabulary(place: Place) -> tuple[str, ...] | None:
    """Return a preset's tokens; None where it comes without."""
    if place.form == "run":
        return read_spec(RunFolder(str(place.folder)))[0].input.vocabulary
    try:
        return Subwords.open(place.name).vocabulary
    except Refused:
        return None
