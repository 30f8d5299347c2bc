"""Networks built from model files: counts, twins, padding, and every model on every kind."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
from zoo import EACH, FIELDS, MODELS, SMALL, WORDS, model_file

from toolkit.blocks.state import CarriedState
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.models.network import build_network


def build(name, field, **knobs):
    model = model_file(name, **knobs)
    inputs, features = build_network({"x": field}, stem=model.get("stem"), body=model["body"])
    return inputs, features


def head(features, units=3):
    x = features.x
    if features.layout == "sequence":
        x = x[:, -1]
    elif features.layout == "future":
        x = keras.layers.Flatten()(x)
    return keras.layers.Dense(units)(x)


def batch(kind: str) -> np.ndarray:
    draw = np.random.default_rng(0)
    return {
        "tokens": lambda: draw.integers(1, len(WORDS), (4, 9)).astype("int32"),
        "image": lambda: draw.integers(0, 256, (4, 8, 8, 1)).astype("uint8"),
        "series": lambda: draw.normal(size=(4, 12, 3)).astype("float32"),
        "table": lambda: draw.normal(size=(4, 5)).astype("float32"),
    }[kind]()


def test_every_model_is_tried():
    assert set(SMALL) == set(MODELS)


@pytest.mark.parametrize(("name", "kind"), EACH)
def test_every_model_learns_from_every_kind(name, kind):
    inputs, features = build(name, FIELDS[kind], **SMALL[name])
    model = keras.Model(inputs, head(features))
    model.compile("sgd", "mse", jit_compile=False)
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch({"x": batch(kind)}, np.ones((4, 3), "float32")))
    assert any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("name", "knobs", "shape", "weights"),
    [
        ("cnn", {}, (28, 28, 1), 34_826),  # keras.io, Simple MNIST convnet
        ("lenet", {}, (28, 28, 1), 61_706),  # LeCun et al., 1998, as it is taught today
        # He et al., 2016, table 6 (0.27 M, 0.85 M), and running means
        ("resnet", {}, (32, 32, 3), 269_722 + 1_376),
        ("resnet", {"depth": 56}, (32, 32, 3), 853_018 + 4_064),
        # Keras's old cifar10_resnet.py
        ("resnet", {"shortcut": "projection", "bias": True}, (32, 32, 3), 274_442),
        # keras.applications.ResNet50 with 10 classes, less the offsets of its convolutions
        ("resnet", {"depth": 50}, (224, 224, 3), 25_636_712 - 26_560 - 990 * 2_049),
    ],
)
def test_published_numbers_of_weights(name, knobs, shape, weights):
    inputs, features = build(name, Field("image", shape, "uint8"), **knobs)
    assert keras.Model(inputs, head(features, 10)).count_params() == weights


def test_zarembas_small_model_has_its_number_of_weights():
    words = Field("tokens", (None,), "int32", vocabulary=tuple(map(str, range(10_000))))
    inputs, features = build("lstm", words, tie_embeddings=False)
    logits = keras.layers.Dense(10_000)(features.x)
    assert keras.Model(inputs, logits).count_params() == 4_651_600


def test_tied_weights_are_one_matrix():
    inputs, features = build("gru", FIELDS["tokens"], units=6)
    logits = features.embedding(features.x, reverse=True)
    model = keras.Model(inputs, logits)
    assert model.output_shape == (None, None, 20)
    assert sum(w.shape == (20, 6) for w in model.weights) == 1
    _, features = build("gru", FIELDS["tokens"], units=6, tie_embeddings=False)
    assert features.embedding is None


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_a_network_for_streams_has_a_twin_with_a_free_batch_size(name):
    model = model_file(name, units=4, dropout=0.5)
    state = CarriedState(2)
    inputs, features = build_network(
        {"text": FIELDS["tokens"]},
        stem=model["stem"],
        body=model["body"],
        batch_size=2,
        length=5,
        state=state,
        mask=False,
    )
    assert inputs["text"].shape == (2, 5) and features.mask is None and features.causal
    streams = keras.Model([*inputs.values(), *state.inputs], [features.x, *state.outputs])
    inputs, features = build_network(
        {"text": FIELDS["tokens"]}, stem=model["stem"], body=model["body"], mask=False
    )
    twin = keras.Model(inputs, features.x)
    assert twin.input_shape == (None, None)
    twin.set_weights(streams.get_weights())
    x = np.random.default_rng(0).integers(0, 20, (2, 10)).astype("int32")
    zeros = [np.zeros(t.shape, "float32") for t in state.inputs]
    first, *middle = streams([x[:, :5], *zeros])
    second, *_ = streams([x[:, 5:], *map(np.asarray, middle)])
    np.testing.assert_allclose(np.concatenate([first, second], 1), twin({"text": x}), atol=1e-6)


@pytest.mark.parametrize("name", ["mlp", "cnn", "lenet", "resnet"])
def test_padding_a_text_changes_nothing(name):
    inputs, features = build(name, FIELDS["tokens"], **SMALL[name])
    model = keras.Model(inputs, features.x)
    text = np.array([[3, 4, 5, 6, 7], [8, 9, 0, 0, 0]], "int32")
    padded = np.pad(text, [(0, 0), (0, 6)])
    np.testing.assert_allclose(model({"x": padded}), model({"x": text}), atol=1e-5)
    alone = model({"x": text[1:, :2]})
    np.testing.assert_allclose(model({"x": padded})[1:], alone, atol=1e-5)


@pytest.mark.parametrize(("patch", "count"), [(4, 4), (3, 9), (8, 1)])
def test_a_vision_transformer_reads_patches(patch, count):
    inputs, features = build("transformer", FIELDS["image"], units=8, layers=0, patch=patch)
    assert features.x.shape == (None, count, 8)
    stem = {"image": {"patch": patch}}
    inputs, features = build_network({"x": FIELDS["image"]}, stem=stem, body=[{"recurrent": {}}])
    patches = keras.Model(inputs, features.stages[0].x)
    image = batch("image")
    side = -(-8 // patch)
    filled = np.pad(image, [(0, 0), *[(0, side * patch - 8)] * 2, (0, 0)]) / 255
    for place in range(count):
        down, across = place // side * patch, place % side * patch
        cut = filled[:, down : down + patch, across : across + patch].reshape(4, -1)
        np.testing.assert_allclose(patches({"x": image})[:, place], cut, atol=1e-6)


def test_gpt_2_has_its_number_of_weights():
    words = Field("tokens", (None,), "int32", vocabulary=tuple(map(str, range(257))))
    knobs = {"units": 768, "layers": 1, "heads": 12, "context": 1024}
    inputs, features = build("gpt", words, **knobs)
    logits = features.embedding(features.x, reverse=True)
    smaller = 11 * 7_087_872 + 50_000 * 768  # eleven layers and 50,000 words less
    assert keras.Model(inputs, logits).count_params() == 124_439_808 - smaller


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        *[(name, {"bidirectional": both}) for name in ("gru", "lstm") for both in (False, True)],
        ("transformer", {"max_length": 20}),
        ("gpt", {"context": 20, "positions": "alibi"}),
    ],
)
def test_padding_a_text_changes_no_position(name, knobs):
    inputs, features = build(name, FIELDS["tokens"], units=4, **knobs)
    model = keras.Model(inputs, [features.x, features.mask])
    text = np.array([[3, 4, 5, 6, 7], [8, 9, 0, 0, 0]], "int32")
    short, mask = model({"x": text})
    long, longer_mask = model({"x": np.pad(text, [(0, 0), (0, 6)])})
    mask, longer_mask = np.asarray(mask), np.asarray(longer_mask)
    np.testing.assert_array_equal(longer_mask[:, :5], mask)
    np.testing.assert_allclose(np.asarray(long)[longer_mask], np.asarray(short)[mask], atol=1e-5)


@pytest.mark.parametrize("name", [name for name, kind in EACH if kind == "tokens"])
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
def test_a_text_without_words_is_no_nan(name):
    inputs, features = build(name, FIELDS["tokens"], **SMALL[name])
    model = keras.Model(inputs, features.x)
    empty = model({"x": np.zeros((1, 1), "int32")})
    padded = model({"x": np.zeros((1, 6), "int32")})
    assert np.isfinite(empty).all() and np.isfinite(padded).all()
    if features.layout == "vector":
        np.testing.assert_allclose(padded, empty, atol=1e-6)


def test_id_0_is_a_word_of_streams():
    model = model_file("gru", units=4)
    inputs, features = build_network(
        {"x": FIELDS["tokens"]}, stem=model["stem"], body=model["body"], mask=False
    )
    y = np.asarray(keras.Model(inputs, features.x)({"x": np.array([[3, 0, 4]], "int32")}))
    assert not np.allclose(y[0, 0], y[0, 1])


def test_pixels_are_scaled_inside():
    field = Field("image", (2, 2, 3), "uint8")
    stem = {"image": {"means": [0.5, 0.25, 0.0], "deviations": [0.5, 0.5, 1.0]}}
    inputs, features = build_network({"x": field}, stem=stem, body=[{"dropout": {"rate": 0.0}}])
    pixels = np.full((1, 2, 2, 3), 255, "uint8")
    np.testing.assert_allclose(
        keras.Model(inputs, features.x)({"x": pixels})[0, 0, 0], [1.0, 1.5, 1.0], atol=1e-6
    )


def test_images_are_resized():
    stem = {"image": {"size": 4}}
    inputs, features = build_network(
        {"x": Field("image", (None, None, 1), "uint8")}, stem=stem, body=[{"conv": {}}]
    )
    assert features.x.shape == (None, 4, 4, 32)


@pytest.mark.parametrize(
    ("fields", "stem", "body", "fault"),
    [
        (
            {"x": Field("image", (4, 4, 3), "uint8")},
            {"image": {"means": [0.5]}},
            [{"conv": {}}],
            "means and deviations need 3 numbers, one for each channel of the images; got 1 and 3",
        ),
        (
            {"x": Field("image", (None, None, 3), "uint8")},
            {},
            [{"dense": {}}],
            "images of varying size can be read as a grid only; give stem.image.size",
        ),
        ({"x": Field("tokens", (None,), "int32")}, {}, [{"dense": {}}], "needs a vocabulary"),
        ({"a": FIELDS["table"], "b": FIELDS["image"]}, {}, [{"dense": {}}], "reads one input"),
    ],
)
def test_what_cannot_be_built_is_refused(fields, stem, body, fault):
    with pytest.raises(Refused, match=fault):
        build_network(fields, stem=stem, body=body)


def test_saved_networks_open_where_the_toolkit_is_not(tmp_path):
    expected = 0
    for name, kind in EACH:
        inputs, features = build(name, FIELDS[kind], **SMALL[name])
        model = keras.Model(inputs, head(features))
        model.save(tmp_path / f"{name}_{kind}.keras")
        np.save(tmp_path / f"{name}_{kind}.x.npy", batch(kind))
        np.save(tmp_path / f"{name}_{kind}.y.npy", model({"x": batch(kind)}))
        expected += 1
    script = """
import sys
sys.modules["toolkit"] = None
import keras, numpy as np
for path in sorted(__import__("pathlib").Path(".").glob("*.keras")):
    y = keras.models.load_model(path)({"x": np.load(f"{path.stem}.x.npy")})
    np.testing.assert_allclose(y, np.load(f"{path.stem}.y.npy"), atol=1e-5)
    print("same")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("same") == expected
