"""What an encoder is made of, as its options, its preset or its size have it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import yaml

from toolkit.errors import Refused
from toolkit.presets.families import FAMILIES, SIZES, by_class, by_model_type
from toolkit.presets.places import Place, config_of, locate

ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
}
"""Hugging Face's names of activations and ours."""


@dataclass(frozen=True)
class Architecture:
    """An encoder's shapes and constants.

    Attributes:
        family: A row of ``FAMILIES``.
        layers: Number of layers.
        units: Width of the features.
        heads: Attention heads of a layer.
        intermediate: Width of the feed-forward layers.
        embedding: Width of the token embedding.
        groups: Sets of weights that the layers share (ALBERT); others have as many as layers.
        positions: The longest text, in tokens.
        segments: Rows of the segment embedding; 0: there is none.
        buckets: Distances between tokens that are told apart (DeBERTa); 0: positions are absolute.
        vocabulary: Rows of the token embedding; 0: as many as the data has tokens.
        activation: ``gelu``, ``gelu_tanh`` (its approximation) or ``relu``.
        epsilon: Added to variances by the layer normalizations.
        dropout: Share that is dropped in training.
    """

    family: str
    layers: int
    units: int
    heads: int
    intermediate: int
    embedding: int
    groups: int
    positions: int
    segments: int
    buckets: int
    vocabulary: int
    activation: str
    epsilon: float
    dropout: float

    @property
    def widens(self) -> bool:
        """Whether a layer lies between embeddings and features.

        ALBERT has it always, ELECTRA where their widths differ.
        """
        return self.family == "albert" or self.embedding != self.units


CONSTANTS = "constants.json"
"""A file of our exports beside KerasHub's: what its classes have one value of."""

OPTIONS = tuple(field.name for field in fields(Architecture) if field.name != "family")


def architecture(options: Mapping[str, Any]) -> Architecture:
    """Return what a backbone's options mean.

    Where none is left open, as in a run's configuration, no preset is read.

    Args:
        options: Of block ``backbone``; those that are None are the preset's, or the size's and
            family's.

    Raises:
        Refused: If they contradict one another or their preset, or there is no such preset.
    """
    given = {name: options[name] for name in OPTIONS if options.get(name) is not None}
    if is_settled(options):
        made = Architecture(options["family"], **given)
    elif (preset := options.get("preset")) is not None:
        made = _with_preset(preset, options, given)
    else:
        made = replace(_of_size(options["family"], options.get("size"), given), **given)
    if fault := _fault(made):
        raise Refused(f"block 'backbone': {fault}")
    return made


def is_settled(options: Mapping[str, Any]) -> bool:
    """Return whether options leave nothing open, so that no preset need be read."""
    return all(options.get(name) is not None for name in OPTIONS)


def _with_preset(preset: str, options: Mapping[str, Any], given: dict[str, Any]) -> Architecture:
    made = of_preset(preset)
    if made.family != options["family"]:
        raise Refused(
            f"model.preset: {preset} is of the family {made.family}; say model={made.family} "
            f"instead of {options['family']}."
        )
    if options.get("size") is not None:
        raise Refused(
            f"model.size: {preset} has a size of its own; leave out model.size or model.preset."
        )
    told = [
        f"{name} is {getattr(made, name)} there and {value} here"
        for name, value in given.items()
        if name not in ("dropout", "activation") and value != getattr(made, name)
    ]
    if told:
        raise Refused(f"model.preset: {preset} cannot be changed: {'; '.join(told)}.")
    return replace(made, **given)


def _of_size(family: str, size: str | None, given: Mapping[str, Any]) -> Architecture:
    """Return a family's encoder of a size, from random weights."""
    row = FAMILIES.row(family)
    layers, width = SIZES[size or "small"]
    units = given.get("units", width)
    layers = given.get("layers", max(1, round(layers * row.layers)))
    return Architecture(
        family,
        layers=layers,
        units=units,
        heads=max(1, units // 64),
        intermediate=4 * units,
        embedding=row.embedding or units,
        groups=1 if family == "albert" else layers,
        positions=512,
        segments=2 if row.segments else 0,
        buckets=256 if family == "deberta" else 0,
        vocabulary=0,
        activation=row.activation,
        epsilon=row.epsilon,
        dropout=row.dropout,
    )


def _fault(made: Architecture) -> str | None:
    """Return why there can be no such encoder; None where there can."""
    row = FAMILIES.row(made.family)
    if made.units % made.heads:
        return f"units={made.units} cannot be shared out among heads={made.heads}"
    if made.family == "albert":
        if made.layers % made.groups:
            return f"layers={made.layers} cannot be shared out among groups={made.groups}"
    elif made.groups != made.layers:
        return f"groups={made.groups}: only albert's layers share weights"
    if made.embedding != made.units and row.path.partition(":")[2] not in (
        "AlbertBackbone",
        "ElectraBackbone",
    ):
        return f"embedding={made.embedding}: only albert and electra have one that is not units"
    if bool(made.segments) != row.segments:
        return f"segments={made.segments}: {made.family} has {'some' if row.segments else 'none'}"
    if bool(made.buckets) != (made.family == "deberta"):
        return f"buckets={made.buckets}: deberta alone has some, for its relative positions"
    return None


@functools.lru_cache(maxsize=32)
def of_preset(name: str) -> Architecture:
    """Return what a preset is made of.

    Raises:
        Refused: If there is none, or it is of no family that can be read.
    """
    place = locate(name)
    if place.form == "run":
        return _of_run(place)
    config = config_of(place)
    try:
        if place.form == "keras_hub":
            return _of_keras_hub(config, _constants(place))
        return _of_hugging_face(config)
    except KeyError as error:
        raise Refused(f"model.preset: the config.json of {name} has no {error}.") from None
    except Refused as fault:
        raise Refused(*(f"model.preset: {name}: {text}" for text in fault.faults)) from None


def _of_hugging_face(config: Mapping[str, Any]) -> Architecture:
    family = by_model_type(str(config["model_type"]))
    row = FAMILIES.row(family)
    short = family == "distilbert"
    act = str(config["activation" if short else "hidden_act"])
    if act not in ACTIVATIONS:
        raise Refused(f"its activation {act} is not supported; {', '.join(ACTIVATIONS)} are.")
    kind = config.get("position_embedding_type", "absolute")
    if kind != "absolute" or config.get("inner_group_num", 1) != 1:
        raise Refused(f"its positions ({kind}) or inner groups are not supported.")
    layers = config["n_layers" if short else "num_hidden_layers"]
    units = config["dim" if short else "hidden_size"]
    return Architecture(
        family,
        layers=layers,
        units=units,
        heads=config["n_heads" if short else "num_attention_heads"],
        intermediate=config["hidden_dim" if short else "intermediate_size"],
        embedding=config["embedding_size"] if family == "albert" else units,
        groups=config["num_hidden_groups"] if family == "albert" else layers,
        positions=config["max_position_embeddings"] - row.offset,
        segments=config.get("type_vocab_size", 2) if row.segments else 0,
        buckets=0,
        vocabulary=config["vocab_size"],
        activation=ACTIVATIONS[act],
        epsilon=row.epsilon if short else config.get("layer_norm_eps", row.epsilon),
        dropout=config["dropout"] if short else config.get("hidden_dropout_prob", row.dropout),
    )


def _constants(place: Place) -> dict[str, Any]:
    """Return the constants that an export of ours has and KerasHub's classes cannot be told."""
    path = place.folder and place.folder / CONSTANTS
    if path is None or not path.is_file():
        return {}
    try:
        return {k: v for k, v in json.loads(path.read_text("utf-8")).items() if k in OPTIONS}
    except (OSError, ValueError, AttributeError) as error:
        raise Refused(f"{path} cannot be read ({error})") from None


def _of_keras_hub(content: Mapping[str, Any], constants: Mapping[str, Any]) -> Architecture:
    family = by_class(str(content["class_name"]))
    row, config = FAMILIES.row(family), content["config"]
    layers = config["num_layers"]
    return Architecture(
        family,
        layers=layers,
        units=config["hidden_dim"],
        heads=config["num_heads"],
        intermediate=config["intermediate_dim"],
        embedding=config.get("embedding_dim", config["hidden_dim"]),
        groups=config.get("num_groups", layers),
        positions=config["max_sequence_length"],
        segments=config.get("num_segments", 2) if row.segments else 0,
        buckets=config.get("bucket_size", 0),
        vocabulary=config["vocab_size" if family == "electra" else "vocabulary_size"],
        activation=constants.get("activation", row.activation),
        epsilon=constants.get("epsilon", row.epsilon),
        dropout=config["dropout"],
    )


def _of_run(place: Place) -> Architecture:
    assert place.folder is not None
    try:
        config = yaml.safe_load((place.folder / "config.yaml").read_text("utf-8"))
        found = list(backbones(config["model"]))
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        raise Refused(f"model.preset: {place.folder}/config.yaml is damaged ({error}).") from None
    if not found:
        raise Refused(
            f"model.preset: the network of {place.name} holds no block 'backbone'; "
            f"model.init_from={place.name} takes what fits of any network."
        )
    return architecture(found[0])


def backbones(model: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the options of each block ``backbone`` of a model, as they are."""
    for part in ("body", "encoder", "decoder"):
        body: Sequence[Any] = model.get(part) or ()
        for entry in body:
            if isinstance(entry, Mapping) and isinstance(entry.get("backbone"), dict):
                yield entry["backbone"]


def settled(made: Architecture) -> dict[str, Any]:
    """Return an architecture as options that leave nothing open."""
    return asdict(made)
