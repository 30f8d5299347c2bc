"""Weights of presets: Hugging Face's against NumPy, KerasHub's against KerasHub, and refusals."""

from __future__ import annotations

import json
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
from hf_folders import CONFIGS, WORDS, config_of, encode, write_folder
from safetensors.numpy import load_file, save_file

from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.presets.architecture import of_preset
from toolkit.presets.families import FAMILIES
from toolkit.presets.keras_hub import to_keras_hub
from toolkit.presets.places import locate
from toolkit.tasks import TASKS
from toolkit.training.assemble import Trainable, assemble
from toolkit.training.transfer.preset import settle, take_presets

PAIR = [2, 7, 8, 3, 9, 11, 12, 3]
TEXTS = [PAIR, [2, 6, 3]]
SPECIAL = {"pad": 0, "unknown": 1, "start": 2, "end": 3, "mask": 4}


@pytest.fixture(autouse=True)
def afresh():
    """Forget presets: a test's folder is another's."""
    locate.cache_clear()
    of_preset.cache_clear()


def spec(words: list[str] = WORDS, **special: int) -> Spec:
    field = Field("tokens", (None,), "int32", vocabulary=tuple(words), special=SPECIAL | special)
    return Spec({"tokens": field}, {"label": Field("label", (), "int32", classes=("a", "b"))})


def begun(family: str, preset: Any, words: list[str] = WORDS, **options: Any) -> Trainable:
    """Return a classifier that begins with a preset."""
    model = {"body": [{"backbone": {"family": family, "preset": str(preset), **options}}]}
    model = settle(model)
    task: Any = TASKS["classification"]()
    trainable = assemble(model, spec(words), task, batch_size=2)
    (told,) = take_presets(trainable, spec(words), model)
    assert f"weights from {preset}" in told
    return trainable


def features(trainable: Trainable) -> np.ndarray:
    """Return what the encoder gives for the texts, padded to one length and further."""
    ids = np.zeros((len(TEXTS), 11), "int32")
    for row, text in enumerate(TEXTS):
        ids[row, : len(text)] = text
    network = keras.Model(trainable.inference.input, trainable.stages[-1].x)
    return np.asarray(network(ids, training=False))


def check(family: str, config: dict[str, Any], tensors: Any, trainable: Trainable) -> None:
    ours = features(trainable)
    for row, text in enumerate(TEXTS):
        expected = encode(family, config, tensors, text)
        np.testing.assert_allclose(ours[row, : len(text)], expected, atol=2e-5)


@pytest.mark.parametrize("family", CONFIGS)
def test_a_hugging_face_folder_gives_what_its_formulas_say(family, tmp_path):
    tensors = write_folder(tmp_path / "a", family)
    check(family, config_of(family), tensors, begun(family, tmp_path / "a"))


def test_albert_widens_its_embeddings_where_they_are_as_wide_as_its_features(tmp_path):
    tensors = write_folder(tmp_path / "a", "albert", embedding_size=8)
    config = config_of("albert", embedding_size=8)
    trainable = begun("albert", tmp_path / "a")
    check("albert", config, tensors, trainable)
    del tensors["encoder.embedding_hidden_mapping_in.weight"]
    save_file(tensors, tmp_path / "a" / "model.safetensors")
    with pytest.raises(Refused, match=r"not what its config.json says .*embedding_hidden_mapping"):
        begun("albert", tmp_path / "a")
    made = of_preset(str(tmp_path / "a"))
    kept = {w.path: np.asarray(w) for w in trainable.inference.weights}
    assert to_keras_hub(made, kept).get_layer("embedding_projection").kernel.shape == (8, 8)


@pytest.mark.parametrize(
    "changed",
    [{"layer_norm_eps": 0.1}, {"hidden_act": "gelu_new"}, {"type_vocab_size": 3}],
    ids=lambda changed: next(iter(changed)),
)
def test_constants_are_the_folders(changed, tmp_path):
    tensors = write_folder(tmp_path / "a", "bert", **changed)
    check("bert", config_of("bert", **changed), tensors, begun("bert", tmp_path / "a"))


def test_weights_in_parts_in_half_precision_and_with_old_names(tmp_path):
    folder = tmp_path / "a"
    tensors = write_folder(folder, "bert", prefix="bert.")
    whole = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value.astype("float16")
        for name, value in whole.items()
    }
    parts: dict[str, dict[str, np.ndarray]] = {"one": {}, "two": {"cls.other": np.zeros(1)}}
    for place, (name, value) in enumerate(old.items()):
        parts["one" if place % 2 else "two"][name] = value
    index = {name: f"{part}.safetensors" for part, held in parts.items() for name in held}
    for part, held in parts.items():
        save_file(held, folder / f"{part}.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    half = {name: value.astype("float16") for name, value in tensors.items()}
    check("bert", config_of("bert"), half, begun("bert", folder))


KERASHUB = {
    "bert": {},
    "roberta": {},
    "xlm_roberta": {},
    "distilbert": {},
    "albert": {"embedding_dim": 4},
    "electra": {"embedding_dim": 4},
    "deberta": {"bucket_size": 4},
}


def kerashub(family: str) -> Any:
    """Return a small random backbone of KerasHub's."""
    words = "vocab_size" if family == "electra" else "vocabulary_size"
    sizes = {words: len(WORDS), "num_layers": 2, "num_heads": 2, "hidden_dim": 8}
    row = FAMILIES.row(family)
    made = getattr(keras_hub.models, row.class_name)(
        **sizes, intermediate_dim=12, max_sequence_length=16, **KERASHUB[family]
    )
    draw = np.random.default_rng(1)
    for variable in made.weights:
        variable.assign(draw.normal(0, 0.5, variable.shape))
    return made


@pytest.mark.parametrize("family", KERASHUB)
def test_a_kerashub_folder_gives_what_kerashub_gives(family, tmp_path):
    backbone = kerashub(family)
    backbone.save_to_preset(tmp_path / "a")
    ours = features(begun(family, tmp_path / "a"))
    ids = np.zeros((2, 11), "int32")
    for row, text in enumerate(TEXTS):
        ids[row, : len(text)] = text
    segments = np.zeros((2, 11), "int32")
    segments[0, 4:8] = 1
    given = {"token_ids": ids, "segment_ids": segments, "padding_mask": (ids > 0).astype("int32")}
    given = {name: value for name, value in given.items() if name in backbone.input}
    theirs = backbone(given, training=False)
    theirs = np.asarray(theirs["sequence_output"] if isinstance(theirs, dict) else theirs)
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(ours[row, : len(text)], theirs[row, : len(text)], atol=2e-5)


def test_tokens_that_a_task_adds_start_anew_and_others_must_be_the_presets(tmp_path):
    tensors = write_folder(tmp_path / "a", "bert")
    table = begun("bert", tmp_path / "a", WORDS[:18]).inference.get_weights()[0]
    np.testing.assert_array_equal(table, tensors["embeddings.word_embeddings.weight"])
    with pytest.raises(Refused, match=r"data has 21 tokens, and model.preset=.* weights for 20"):
        begun("bert", tmp_path / "a", [*WORDS, "more"])
    swapped = [*WORDS[:6], WORDS[7], WORDS[6], *WORDS[8:]]
    with pytest.raises(Refused, match=r"not the tokens .* \(token 6 is 'word2' here and 'word1'"):
        begun("bert", tmp_path / "a", swapped)


def test_a_vocabulary_that_was_cut_short_is_told(tmp_path):
    write_folder(tmp_path / "a", "bert")
    model = settle({"body": [{"backbone": {"preset": str(tmp_path / "a")}}]})
    task: Any = TASKS["classification"]()
    for known, said in ((18, []), (17, ["data.tokenizer: 17 tokens, and "])):
        few = spec(WORDS[:known])
        _, *told = take_presets(assemble(model, few, task, batch_size=2), few, model)
        assert [note[: len("data.tokenizer: 17 tokens, and ")] for note in told] == said
        assert all("has weights for 20; is its vocabulary cut short?" in note for note in told)


def test_a_mask_for_which_a_preset_has_no_row_is_named(tmp_path):
    write_folder(tmp_path / "a", "bert")
    task: Any = TASKS["masked_language_model"]()
    model = settle({"body": [{"backbone": {"preset": str(tmp_path / "a")}}]})
    words = [word.replace("[MASK]", "[HIDDEN]") for word in WORDS]
    special = {name: i for name, i in SPECIAL.items() if name != "mask"}
    field = Field("tokens", (None,), "int32", vocabulary=tuple(words), special=special)
    masked = task.shaped(Spec({"tokens": field}, {}))
    with pytest.raises(Refused, match=r"lacks what the task needs \(<mask>\), and its weights for"):
        assemble(model, masked, task, batch_size=2)


@pytest.mark.parametrize(
    ("model_type", "said"),
    [
        ("electra", "no converter for Hugging Face folders of the family electra"),
        ("deberta-v2", "no converter for Hugging Face folders of the family deberta"),
        ("gpt2", "a Hugging Face folder of model_type 'gpt2' is no encoder that is supported"),
        ("robertta", "Did you mean .*roberta"),
    ],
)
def test_families_that_are_not_converted_are_refused_by_name(model_type, said, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    with pytest.raises(Refused, match=said):
        of_preset(str(tmp_path))


def test_a_kerashub_preset_of_another_sort_is_refused(tmp_path):
    content = {"class_name": "GPT2Backbone", "config": {}}
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(Refused, match="a KerasHub preset of class GPT2Backbone is no encoder"):
        of_preset(str(tmp_path))


def test_weights_that_are_missing_damaged_or_of_another_shape(tmp_path):
    write_folder(tmp_path / "none", "bert")
    (tmp_path / "none" / "model.safetensors").rename(tmp_path / "none" / "pytorch_model.bin")
    with pytest.raises(Refused, match=r"no model.safetensors \(it has pytorch_model.bin, which"):
        begun("bert", tmp_path / "none")
    write_folder(tmp_path / "cut", "bert")
    whole = (tmp_path / "cut" / "model.safetensors").read_bytes()
    (tmp_path / "cut" / "model.safetensors").write_bytes(whole[:2000])
    with pytest.raises(Refused, match="the weights of .*cut cannot be read"):
        begun("bert", tmp_path / "cut")
    write_folder(tmp_path / "other", "bert")
    config = config_of("bert", intermediate_size=16)
    (tmp_path / "other" / "config.json").write_text(json.dumps(config))
    with pytest.raises(Refused, match=r"feedforward_intermediate_dense/kernel is 8x12 there and 8"):
        begun("bert", tmp_path / "other")
    config = config_of("bert", num_hidden_layers=3)
    (tmp_path / "other" / "config.json").write_text(json.dumps(config))
    of_preset.cache_clear()
    with pytest.raises(Refused, match=r"are not what its config.json says .*encoder.layer.2"):
        begun("bert", tmp_path / "other")


def test_options_that_contradict_a_preset(tmp_path):
    write_folder(tmp_path / "a", "bert")
    for options, said in [
        ({"layers": 3}, "cannot be changed: layers is 2 there and 3 here"),
        ({"size": "tiny"}, "model.size: .* has a size of its own"),
        ({"family": "roberta"}, "is of the family bert; say model=bert instead of roberta"),
    ]:
        with pytest.raises(Refused, match=said):
            settle({"body": [{"backbone": {"preset": str(tmp_path / "a"), **options}}]})
    (entry,) = settle(
        {"body": [{"backbone": {"preset": str(tmp_path / "a"), "dropout": 0.3, "layers": 2}}]}
    )["body"]
    assert entry["backbone"]["dropout"] == 0.3 and entry["backbone"]["intermediate"] == 12
