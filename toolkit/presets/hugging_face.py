"""Weights of Hugging Face's folders, by the names that KerasHub's layers give them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from toolkit.errors import Refused
from toolkit.presets.architecture import Architecture
from toolkit.presets.families import FAMILIES
from toolkit.presets.places import Place

BERT = {
    "self_attention_layer/query": "attention.self.query",
    "self_attention_layer/key": "attention.self.key",
    "self_attention_layer/value": "attention.self.value",
    "self_attention_layer/attention_output": "attention.output.dense",
    "self_attention_layer_norm": "attention.output.LayerNorm",
    "feedforward_intermediate_dense": "intermediate.dense",
    "feedforward_output_dense": "output.dense",
    "feedforward_layer_norm": "output.LayerNorm",
}
DISTILBERT = {
    "self_attention_layer/query": "attention.q_lin",
    "self_attention_layer/key": "attention.k_lin",
    "self_attention_layer/value": "attention.v_lin",
    "self_attention_layer/attention_output": "attention.out_lin",
    "self_attention_layer_norm": "sa_layer_norm",
    "feedforward_intermediate_dense": "ffn.lin1",
    "feedforward_output_dense": "ffn.lin2",
    "feedforward_layer_norm": "output_layer_norm",
}
ALBERT = {
    "self_attention_layer/query": "attention.query",
    "self_attention_layer/key": "attention.key",
    "self_attention_layer/value": "attention.value",
    "self_attention_layer/attention_output": "attention.dense",
    "self_attention_layer_norm": "attention.LayerNorm",
    "feedforward_intermediate_dense": "ffn",
    "feedforward_output_dense": "ffn_output",
    "feedforward_layer_norm": "full_layer_layer_norm",
}
"""Parts of one layer: KerasHub's name and Hugging Face's."""

LAYERS = {
    "distilbert": ("transformer.layer.{}", DISTILBERT),
    "albert": ("encoder.albert_layer_groups.{}.albert_layers.0", ALBERT),
}
"""Where a family's layers lie, and their parts; of others ``encoder.layer.{}`` and ``BERT``."""

WORDS = "embeddings.word_embeddings.weight"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


def read_hugging_face(place: Place, made: Architecture) -> dict[str, np.ndarray]:
    """Return an encoder's weights by the path that they have in a network of block ``backbone``.

    The pooling layer over the first token is not among them: not every folder has one, and the
    toolkit's heads bring their own. RoBERTa's only segment is added to its positions.

    Args:
        place: A folder or repository in Hugging Face's form.
        made: What its ``config.json`` says.

    Raises:
        Refused: If there are no weights, they are damaged, or are not what ``config.json`` says.
    """
    with _opened(place) as tensors:
        try:
            return _read(tensors, made)
        except (KeyError, ValueError, TypeError, SafetensorError) as error:
            raise Refused(
                f"model.preset: the weights of {place.name} are not what its config.json says "
                f"({error})."
            ) from None


class Tensors:
    """The tensors of one or more safetensors files.

    Args:
        files: The opened file of each tensor, by its name.
    """

    def __init__(self, files: Mapping[str, Any]):
        self.files = files
        found = [name for name in files if name.endswith(WORDS)]
        if not found:
            raise KeyError(WORDS)
        self.prefix = found[0].removesuffix(WORDS)

    def __contains__(self, name: str) -> bool:
        return self.prefix + name in self.files

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a tensor in float32."""
        whole = self.prefix + name
        return np.asarray(self.files[whole].get_tensor(whole), "float32")

    def norm(self, name: str) -> dict[str, np.ndarray]:
        """Return a layer normalization's weights; old files call them gamma and beta."""
        new = f"{name}.weight" in self
        scale, shift = ("weight", "bias") if new else ("gamma", "beta")
        return {"gamma": self[f"{name}.{scale}"], "beta": self[f"{name}.{shift}"]}

    def dense(self, name: str) -> dict[str, np.ndarray]:
        """Return a dense layer's weights, the kernel from input to output."""
        return {"kernel": self[f"{name}.weight"].T, "bias": self[f"{name}.bias"]}


@contextlib.contextmanager
def _opened(place: Place) -> Iterator[Tensors]:
    with contextlib.ExitStack() as stack:
        try:
            files: dict[str, Any] = {}
            for path in files_of(place):
                file = stack.enter_context(safe_open(path, "numpy"))
                files |= dict.fromkeys(file.keys(), file)
            yield Tensors(files)
        except (SafetensorError, OSError, KeyError) as error:
            raise Refused(
                f"model.preset: the weights of {place.name} cannot be read ({error})."
            ) from None


def files_of(place: Place) -> list[Path]:
    """Return the files that hold the weights.

    Raises:
        Refused: If there are none.
    """
    index = place.file(INDEX)
    if index is not None:
        try:
            names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise Refused(f"model.preset: {index} is damaged ({error}).") from None
    else:
        names = [WEIGHTS]
    found = [place.file(name) for name in names]
    if missing := [name for name, path in zip(names, found, strict=True) if path is None]:
        other = " (it has pytorch_model.bin, which is not read)" if _has_bin(place) else ""
        raise Refused(f"model.preset: {place.name} has no {', '.join(missing)}{other}.")
    return [path for path in found if path is not None]


def _has_bin(place: Place) -> bool:
    return place.folder is not None and (place.folder / "pytorch_model.bin").is_file()


def _read(tensors: Tensors, made: Architecture) -> dict[str, np.ndarray]:
    row = FAMILIES.row(made.family)
    weights = {"token_embedding/embeddings": tensors[WORDS]}
    positions = tensors["embeddings.position_embeddings.weight"][row.offset :]
    segments = "embeddings.token_type_embeddings.weight"
    if made.segments:
        weights["segment_embedding/embeddings"] = tensors[segments]
    elif segments in tensors:
        positions = positions + tensors[segments][0]
    weights["position_embedding/embeddings"] = positions
    parts: dict[str, dict[str, np.ndarray]] = {
        "embeddings_layer_norm": tensors.norm("embeddings.LayerNorm")
    }
    if made.widens:
        parts[row.projection] = tensors.dense("encoder.embedding_hidden_mapping_in")
    where, names = LAYERS.get(made.family, ("encoder.layer.{}", BERT))
    for place in range(made.groups):
        layer = f"{row.layer}{place}" + ("_inner_layer_0" if made.family == "albert" else "")
        for part, name in names.items():
            whole = f"{where.format(place)}.{name}"
            if part.endswith("norm"):
                parts[f"{layer}/{part}"] = tensors.norm(whole)
            else:
                parts[f"{layer}/{part}"] = _by_head(part, tensors.dense(whole), made)
    for part, values in parts.items():
        weights |= {f"{part}/{name}": value for name, value in values.items()}
    return weights


def _by_head(part: str, values: dict[str, np.ndarray], made: Architecture) -> dict[str, np.ndarray]:
    """Return an attention layer's kernel and bias with an axis for the heads."""
    kernel, bias = values["kernel"], values["bias"]
    shape = (made.heads, made.units // made.heads)
    if part.endswith("attention_output"):
        return {"kernel": kernel.reshape(*shape, made.units), "bias": bias}
    if part.startswith("self_attention_layer/"):
        return {"kernel": kernel.reshape(made.units, *shape), "bias": bias.reshape(shape)}
    return values
