"""Runs that begin with a preset: written down, resumed, changed by LoRA, and presets themselves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
import yaml
from hf_folders import WORDS, write_folder

import toolkit
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split
from toolkit.data.subwords import SubwordEncoder, Subwords
from toolkit.errors import Refused
from toolkit.presets.architecture import of_preset
from toolkit.presets.places import locate
from toolkit.tasks import TASKS
from toolkit.training.assemble import Trainable, assemble
from toolkit.training.export.export import export
from toolkit.training.transfer.freeze import chosen, freeze
from toolkit.training.transfer.lora import add_lora, learned_by_lora
from toolkit.training.transfer.preset import settle, take_presets
from toolkit.training.transfer.rates import depths

SPECIAL = {"pad": 0, "unknown": 1, "start": 2, "end": 3, "mask": 4}
SPEC = Spec(
    {"tokens": Field("tokens", (None,), "int32", vocabulary=tuple(WORDS), special=SPECIAL)},
    {"label": Field("label", (), "int32", classes=("a", "b"))},
)


@pytest.fixture(scope="module")
def texts() -> Dataset:
    """Texts whose first word tells the class."""
    draw = np.random.default_rng(0)

    def split(count: int) -> Split:
        rows = [[2, *draw.integers(5, 20, draw.integers(1, 6)), 3] for _ in range(count)]
        labels = np.array([row[1] % 2 for row in rows], "int32")
        return Split({"tokens": Ragged.from_rows(rows), "label": labels})

    encoder = SubwordEncoder(Subwords("wordpiece", tuple(WORDS), SPECIAL, lower=True))
    return Dataset(SPEC, split(24), split(8), split(8), encoder=encoder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("folders") / "preset"
    write_folder(path, "bert")
    return path


@pytest.fixture(scope="module")
def plain(texts: Dataset, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> toolkit.Run:
    """A run that began with the folder."""
    return trained(model(folder), texts, tmp_path_factory.mktemp("runs") / "plain")


def forget() -> None:
    """Forget presets that were read."""
    locate.cache_clear()
    of_preset.cache_clear()


def model(preset: Any, **options: Any) -> dict[str, Any]:
    return {"name": "m", "body": [{"backbone": {"preset": str(preset), **options}}]}


def trained(model: dict[str, Any], texts: Dataset, run: Path, epochs: int = 1) -> toolkit.Run:
    optimizer = {"name": "adamw", "learning_rate": 0.01}
    options: dict[str, Any] = {"batch_size": 8, "epochs": epochs, "run_dir": run, "quiet": True}
    return toolkit.train(model, texts, optimizer=optimizer, logger="none", **options)


def values(network: keras.Model) -> dict[str, np.ndarray]:
    return {variable.path: np.asarray(variable) for variable in network.weights}


def test_lora_is_saved_added_up_and_resumed_bit_for_bit_when_its_preset_is_gone(texts, tmp_path):
    write_folder(tmp_path / "preset", "bert")
    described = model(tmp_path / "preset", lora_rank=2, dropout=0.2)
    begun = values(start(described).inference)
    whole = trained(described, texts, tmp_path / "whole", epochs=2)
    part = trained(described, texts, tmp_path / "part")
    kept = yaml.safe_load((part.path / "config.yaml").read_text())["model"]["body"][0]["backbone"]
    assert kept["layers"] == 2 and kept["vocabulary"] == len(WORDS) and kept["preset"]
    shutil.rmtree(tmp_path / "preset")
    forget()
    again = part.resume(epochs=2, quiet=True)
    assert again.results["steps"] == whole.results["steps"] == 6
    saved = values(whole.model)
    for path, value in values(again.model).items():
        np.testing.assert_array_equal(value, saved[path])

    assert saved.keys() == begun.keys()
    changed = {p for p in saved if not np.array_equal(saved[p], begun[p])}
    queries = {p for p in begun if p.endswith(("query/kernel", "value/kernel"))}
    assert changed == queries | {"head/kernel", "head/bias"}
    for path in queries:
        by_head = np.moveaxis(saved[path] - begun[path], 1, 0)
        assert all(np.linalg.matrix_rank(part, tol=1e-6) <= 2 for part in by_head)
    scored = whole.evaluate("test")["loss"]
    assert scored == pytest.approx(whole.results["test/loss"], rel=1e-5)
    text = (whole.path / "train.log").read_text()
    assert "LoRA of rank 2" in text and "frozen parameters" in text


def start(described: dict[str, Any]) -> Trainable:
    task: Any = TASKS["classification"]()
    described = settle(described)
    trainable = assemble(described, SPEC, task, batch_size=2)
    take_presets(trainable, SPEC, described)
    return trainable


def test_a_run_is_a_preset(plain):
    begun = values(start(model(plain.path)).inference)
    for path, value in values(plain.model).items():
        assert np.array_equal(begun[path], value) == (not path.startswith("head")), path


def test_a_run_without_a_layer_that_the_network_has(plain, tmp_path):
    """As ALBERT's runs with embeddings as wide as their features had no projection once."""
    other = tmp_path / "deeper"
    shutil.copytree(plain.path, other)
    config = yaml.safe_load((other / "config.yaml").read_text())
    config["model"]["body"][0]["backbone"] |= {"layers": 3, "groups": 3}
    (other / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(Refused, match=r"do not fit: transformer_layer_2/.* is only here"):
        start(model(other))


def test_a_run_that_is_none(plain, tmp_path):
    other = tmp_path / "unfinished"
    shutil.copytree(plain.path, other)
    (other / "model.keras").unlink()
    with pytest.raises(Refused, match="has no model.keras"):
        start(model(other))
    other = tmp_path / "dense"
    shutil.copytree(plain.path, other)
    config = yaml.safe_load((other / "config.yaml").read_text())
    config["model"]["body"] = [{"dense": {"units": [4]}}]
    (other / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(Refused, match=r"holds no block 'backbone'; model.init_from=.*dense takes"):
        settle(model(other))
    with pytest.raises(Refused, match="preset holds encoders of the BERT kind"):
        export(run=str(other), format="preset")


@pytest.fixture
def encoder(folder: Path) -> Trainable:
    return start(model(folder))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("transformer_layer_1", "transformer_layer_1"),
        ("transformer_layer_*", "transformer_layer_0 transformer_layer_1"),
        (
            "embeddings",
            "token_embedding position_embedding segment_embedding embeddings_layer_norm",
        ),
        ("token_embedding", "token_embedding"),
        ("head", "head"),
    ],
)
def test_an_encoders_layers_are_frozen_by_name(encoder, pattern, names):
    (fits,) = zip(*chosen(encoder, [pattern], "model.freeze"), strict=True)
    found = [layer.name for layer, fit in zip(encoder.layers(), fits, strict=True) if fit]
    assert sorted(found) == sorted(names.split())
    freeze(encoder, [pattern])
    assert encoder.frozen == sum(x.size for x in encoder.layers() if x.name in names.split())


def test_embeddings_are_one_layer_of_a_decay(encoder):
    layers = encoder.layers()
    by_name = dict(zip((layer.name for layer in layers), depths(layers), strict=True))
    assert by_name == {
        "token_embedding": 3,
        "position_embedding": 3,
        "segment_embedding": 3,
        "embeddings_layer_norm": 3,
        "transformer_layer_0": 2,
        "transformer_layer_1": 1,
        "head": 0,
    }


def test_frozen_layers_stay_frozen_under_lora(encoder):
    rank = add_lora(encoder, model("-", lora_rank=2))
    assert "LoRA of rank 2: 160 parameters" in learned_by_lora(encoder, rank)
    freeze(encoder, ["transformer_layer_0", "head"])
    assert "LoRA of rank 2: 80 parameters" in learned_by_lora(encoder, rank)
    paths = {variable.path for variable in encoder.objective.trainable_variables}
    assert paths == {
        f"transformer_layer_1/self_attention_layer/{part}/lora_kernel_{side}"
        for part in ("query", "value")
        for side in "ab"
    }


def test_an_exported_preset_opens_in_kerashub_and_here(plain, tmp_path):
    place = export(run=str(plain.path), format="preset", output=str(tmp_path / "preset"))
    backbone = keras_hub.models.Backbone.from_preset(str(place))
    assert type(backbone).__name__ == "BertBackbone"
    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(str(place))
    assert np.asarray(tokenizer("word3 Word4")).tolist() == [8, 9]
    theirs, ours = values(backbone), values(plain.model)
    for path in ours:
        if not path.startswith("head"):
            np.testing.assert_array_equal(theirs[path], ours[path])
    again = start(model(place))
    assert of_preset(str(place)).activation == "gelu"  # the folder's, and not that of the class
    for path, value in values(again.inference).items():
        assert path.startswith("head") or np.array_equal(value, ours[path])
