"""Random encoders in Hugging Face's form, and their formulas in NumPy, from the tensors' names."""

from __future__ import annotations

import json
import math
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from toolkit.config import files

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{n}" for n in range(15))]
UNITS, HEADS, INNER, LAYERS, NARROW = 8, 2, 12, 2, 4

CONFIGS: dict[str, dict[str, Any]] = {
    "bert": {"model_type": "bert", "type_vocab_size": 2, "layer_norm_eps": 1e-12},
    "roberta": {"model_type": "roberta", "type_vocab_size": 1, "layer_norm_eps": 1e-5},
    "xlm_roberta": {"model_type": "xlm-roberta", "type_vocab_size": 1, "layer_norm_eps": 1e-5},
    "albert": {
        "model_type": "albert",
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "embedding_size": NARROW,
        "num_hidden_groups": 1,
        "inner_group_num": 1,
        "hidden_act": "gelu_new",
    },
    "distilbert": {
        "model_type": "distilbert",
        "n_layers": LAYERS,
        "n_heads": HEADS,
        "dim": UNITS,
        "hidden_dim": INNER,
        "activation": "gelu",
        "dropout": 0.1,
    },
}
OFFSET = {"roberta": 2, "xlm_roberta": 2}


def config_of(family: str, **changed: Any) -> dict[str, Any]:
    """Return a ``config.json``."""
    shared = {
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "hidden_size": UNITS,
        "intermediate_size": INNER,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
    }
    both = {"vocab_size": len(WORDS), "max_position_embeddings": 16 + OFFSET.get(family, 0)}
    own = CONFIGS[family]
    return {**({} if family == "distilbert" else shared), **both, **own, **changed}


def random_tensors(family: str, config: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return weights by Hugging Face's names, every one of them random."""
    draw = np.random.default_rng(7)
    tensors: dict[str, np.ndarray] = {}

    def give(name: str, *shape: int) -> None:
        tensors[name] = draw.normal(0, 0.5, shape).astype("float32")

    def dense(name: str, into: int, out: int) -> None:
        give(f"{name}.weight", out, into)
        give(f"{name}.bias", out)

    def norm(name: str, width: int) -> None:
        give(f"{name}.weight", width)
        give(f"{name}.bias", width)

    width = config.get("embedding_size", UNITS)
    give("embeddings.word_embeddings.weight", config["vocab_size"], width)
    give("embeddings.position_embeddings.weight", config["max_position_embeddings"], width)
    if "type_vocab_size" in config:
        give("embeddings.token_type_embeddings.weight", config["type_vocab_size"], width)
    norm("embeddings.LayerNorm", width)
    if family == "albert":
        dense("encoder.embedding_hidden_mapping_in", width, UNITS)
    for layer in range(1 if family == "albert" else LAYERS):
        for part, (name, shape) in names(family, layer).items():
            norm(name, UNITS) if part.startswith("norm") else dense(name, *shape)
    return tensors


def names(family: str, layer: int) -> dict[str, tuple[str, tuple[int, int]]]:
    """Return the name and shape of each part of a layer."""
    square, up, down = (UNITS, UNITS), (UNITS, INNER), (INNER, UNITS)
    if family == "distilbert":
        at = f"transformer.layer.{layer}."
        found = "attention.q_lin attention.k_lin attention.v_lin attention.out_lin sa_layer_norm"
        found += " ffn.lin1 ffn.lin2 output_layer_norm"
    elif family == "albert":
        at = "encoder.albert_layer_groups.0.albert_layers.0."
        found = "attention.query attention.key attention.value attention.dense attention.LayerNorm"
        found += " ffn ffn_output full_layer_layer_norm"
    else:
        at = f"encoder.layer.{layer}."
        found = "attention.self.query attention.self.key attention.self.value"
        found += " attention.output.dense attention.output.LayerNorm intermediate.dense"
        found += " output.dense output.LayerNorm"
    parts = ("query", "key", "value", "out", "norm1", "up", "down", "norm2")
    shapes = (square, square, square, square, square, up, down, square)
    return {p: (at + n, s) for p, n, s in zip(parts, found.split(), shapes, strict=True)}


def write_folder(
    path: Path, family: str, prefix: str = "", words: bool = True, **changed: Any
) -> dict[str, np.ndarray]:
    """Write a random encoder's folder; return its tensors."""
    config = config_of(family, **changed)
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config))
    tensors = random_tensors(family, config)
    save_file({prefix + name: value for name, value in tensors.items()}, path / "model.safetensors")
    if words and family in ("bert", "distilbert"):
        (path / "vocab.txt").write_text("\n".join(WORDS) + "\n")
        (path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    return tensors


def encode(
    family: str, config: dict[str, Any], tensors: dict[str, np.ndarray], ids: list[int]
) -> np.ndarray:
    """Return the features of one text without padding, ``[CLS] a [SEP] b [SEP]``, in float64."""
    t = {name: value.astype("float64") for name, value in tensors.items()}
    epsilon = config.get("layer_norm_eps", 1e-12)
    act = gelu_tanh if config.get("hidden_act") == "gelu_new" else gelu

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        x = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
        return x * t[f"{name}.weight"] + t[f"{name}.bias"]

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ t[f"{name}.weight"].T + t[f"{name}.bias"]

    places = np.arange(len(ids)) + OFFSET.get(family, 0)
    x = t["embeddings.word_embeddings.weight"][ids]
    x = x + t["embeddings.position_embeddings.weight"][places]
    if (kinds := config.get("type_vocab_size")) is not None:
        second, segment = False, []
        for token in ids:
            segment.append(int(second and kinds > 1))
            second = second or token == WORDS.index("[SEP]")
        x = x + t["embeddings.token_type_embeddings.weight"][segment]
    x = norm(x, "embeddings.LayerNorm")
    if family == "albert":
        x = dense(x, "encoder.embedding_hidden_mapping_in")
    for layer in range(LAYERS):
        part = {key: name for key, (name, _) in names(family, layer).items()}
        heads = []
        query, key, value = (dense(x, part[which]) for which in ("query", "key", "value"))
        for head in range(HEADS):
            cut = slice(head * UNITS // HEADS, (head + 1) * UNITS // HEADS)
            scores = query[:, cut] @ key[:, cut].T / math.sqrt(UNITS // HEADS)
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            heads.append(shares / shares.sum(-1, keepdims=True) @ value[:, cut])
        x = norm(x + dense(np.concatenate(heads, -1), part["out"]), part["norm1"])
        x = norm(x + dense(act(dense(x, part["up"])), part["down"]), part["norm2"])
    return x


def gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def preset_for(name: str, folder: Path) -> list[str]:
    """Return a random encoder for a recipe that begins with one from the network or another run."""
    recipe = files.values(files.path("recipe", name))
    key = "first.run_dir" if "first" in recipe else "model.preset"
    if not recipe.get("model", {}).get("preset"):
        return []
    # To hide words of real texts some must be known: each is one letter after the other.
    hides = {"override /task": "replaced_token_detection"} in recipe["defaults"]
    letters = [mark + letter for mark in ("", "##") for letter in ascii_lowercase] if hides else []
    words = [*WORDS, *letters]
    write_folder(folder, "bert", max_position_embeddings=512, vocab_size=len(words))
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    return [f"{key}={folder}"]
