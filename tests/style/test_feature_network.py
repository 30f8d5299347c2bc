"""Networks that look: found, opened, and brought to pictures of any size."""

from __future__ import annotations

import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest
from two_pictures import looker, pair

import toolkit
from toolkit.errors import Refused
from toolkit.tasks.style.feature_network import FeatureNetwork, chosen_layers
from toolkit.tasks.style.feature_source import APPLICATIONS, FeatureSource, missing_features
from toolkit.tasks.style.style_transfer import StyleTransfer

ALL = ("near", "plain", "norm", "nearer", "pooled", "middle", "between", "far", "told")
FREE = {"content_layers": None, "style_layers": None}


@pytest.fixture
def looks(tmp_path):
    return looker(tmp_path / "looks.keras")


def test_each_network_of_keras_is_known():
    made = {
        name
        for name, function in vars(keras.applications).items()
        if callable(function) and "include_top" in inspect.signature(function).parameters
    }
    assert set(APPLICATIONS) == made


def test_pictures_of_another_size_are_seen_alike(looks):
    seen = FeatureNetwork(FeatureSource.find(looks)).seeing((20, 24, 3))
    own = keras.models.load_model(looks)
    own = keras.Model(own.input, own.get_layer("nearer").output)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 20, 24, 3)).astype("uint8")
    wide = np.asarray(seen(pixels.astype("float32"))["nearer"])
    small = np.asarray(own(pixels[:, 6:14, 8:16]))
    assert wide.shape == (1, 20, 24, 4)
    np.testing.assert_allclose(wide[:, 8:12, 10:14], small[:, 2:6, 2:6], atol=1e-5)


def test_grey_and_colour(tmp_path):
    network = FeatureNetwork(FeatureSource.find(looker(tmp_path / "grey.keras", 1)))
    pixels = np.full((1, 8, 8, 3), (200.0, 100.0, 50.0), "float32")
    grey = np.full((1, 8, 8, 1), 0.2989 * 200 + 0.587 * 100 + 0.114 * 50, "float32")
    colour, alone = (network.seeing(p.shape[1:])(p)["far"] for p in (pixels, grey))
    np.testing.assert_allclose(colour, alone, atol=1e-5)
    assert FeatureNetwork(FeatureSource.find(looker(tmp_path / "c.keras"))).seeing((8, 8, 1))


def test_layers_are_chosen_by_size(looks):
    network = FeatureNetwork(FeatureSource.find(looks))
    assert chosen_layers(network, network.seeing((16, 16, 3)), FREE) == {
        "content_layers": ("between",),
        "style_layers": ("near", "middle", "far"),
    }


def test_of_vgg19_they_are_those_that_were_published(monkeypatch):
    network = FeatureNetwork(FeatureSource.find("VGG19"), average=True)
    without = keras.applications.VGG19(include_top=False, weights=None)
    monkeypatch.setattr(network, "_loaded", lambda: without)
    seen = network.seeing((64, 64, 3))
    assert chosen_layers(network, seen, FREE) == {
        "content_layers": ("block4_conv2",),
        "style_layers": tuple(f"block{block}_conv1" for block in range(1, 6)),
    }
    # Means are subtracted, in the order blue, green, red.
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype("float32")
    first = without.get_layer("block1_conv1")
    expected = first(pixels[..., ::-1] - np.array([103.939, 116.779, 123.68], "float32"))
    np.testing.assert_allclose(seen(pixels)["block1_conv1"], expected, atol=1e-3)
    nearest = np.asarray(seen(pixels)["block1_conv2"])
    means = nearest.reshape(1, 32, 2, 32, 2, 64).mean(axis=(2, 4))
    np.testing.assert_allclose(seen(pixels)["block1_pool"], means, rtol=1e-3, atol=1e-3)


def test_a_residual_network_of_a_run(tmp_path):
    model = toolkit.model("resnet", depth=8, filters=2)
    digits = toolkit.load_data("digits")
    run = toolkit.train(
        model, digits, run_dir=tmp_path / "r", quiet=True, max_steps=1, logger="none"
    )
    task = StyleTransfer(features=str(run.path))
    data = pair(tmp_path)
    task.check(data)
    looks = task.looks
    shapes = [tuple(looks.eye.output[name].shape[1:3]) for name in looks.layers["style_layers"]]
    assert shapes[0] == (12, 16) and len(set(shapes)) == len(shapes) > 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "VGG91",
            "task.features: expected the folder of a finished run that reads images, a .keras "
            "file, or a network of keras.applications; 'VGG91' is none of them. Did you mean ",
        ),
        ("digits", "task.features: the run at digits is not finished; resume run=digits first."),
        ("texts", "task.features: expected a run whose network reads images; texts has learned "),
    ],
)
def test_what_cannot_look(tmp_path, monkeypatch, name, told):
    monkeypatch.chdir(tmp_path)
    for run, kind in (("digits", "image"), ("texts", "tokens")):
        (tmp_path / run).mkdir()
        (tmp_path / run / "config.yaml").write_text("task: {name: classification}\n")
        spec = f'{{"inputs": {{"x": {{"kind": "{kind}", "dtype": "uint8"}}}}}}'
        (tmp_path / run / "spec.json").write_text(spec)
    (fault,) = missing_features({"features": name})
    assert fault.startswith(told)


def test_layers_that_are_not_there(looks):
    task = {"features": looks, "content_layers": ["midle"], "style_layers": ["near", "x"]}
    assert missing_features(task) == [
        f"task.content_layers: no layer 'midle' in {looks}. Did you mean middle? Its layers: "
        "rescaling, near, plain, norm, nearer, pooled, middle, between, max_pooling2d, far, "
        "flatten, told.".replace("rescaling", _name(looks, "Rescaling"))
        .replace("max_pooling2d", _name(looks, "MaxPooling2D"))
        .replace("flatten", _name(looks, "Flatten")),
        missing_features(task)[1],
    ]
    assert missing_features(task)[1].startswith(f"task.style_layers: no layer 'x' in {looks}. ")
    assert not missing_features({"features": looks, "content_layers": ["middle"]})


def _name(path, kind):
    """Return the name of a network's last layer of a class, which Keras numbers."""
    layers = keras.models.load_model(path).layers
    return [layer.name for layer in layers if type(layer).__name__ == kind][-1]


def test_a_layer_without_a_grid(looks, tmp_path):
    task = StyleTransfer(features=looks, content_layers=["told"])
    with pytest.raises(Refused, match=r"task.content_layers: no layer 'told' in .*far"):
        task.check(pair(tmp_path))


def test_weights_for_layers(looks, tmp_path):
    task = StyleTransfer(features=looks, layer_weights=[1.0, 2.0])
    told = r"task.layer_weights: 2 weights for 3 layers \(near, middle, far\); expected one"
    with pytest.raises(Refused, match=told):
        task.check(pair(tmp_path))


def test_weights_that_cannot_be_had(monkeypatch, tmp_path):
    def fails(**options):
        raise Exception("URL fetch failure on https://x: no network\nmore")

    monkeypatch.setattr(keras.applications, "VGG19", fails)
    with pytest.raises(Refused) as refusal:
        StyleTransfer().check(pair(tmp_path))
    assert refusal.value.faults == [
        "task.features: the weights of VGG19 cannot be had (URL fetch failure on https://x: no "
        "network). What works without a network: task.features=RUN, the folder of a finished run "
        "that reads images (python -m toolkit recipe=vision/cifar10_cnn), or "
        "task.features=FILE.keras."
    ]


def test_names_are_told_without_tensorflow(looks):
    code = (
        "import sys; from toolkit.tasks.style.feature_source import missing_features as m; "
        f"print(len(m({{'features': {looks!r}, 'style_layers': ['x']}})), 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["1", "False"], done.stderr


def test_a_network_within_one_has_no_features_of_its_own(tmp_path):
    inner = keras.Sequential([keras.Input((8, 8, 4)), keras.layers.Conv2D(3, 3)], name="inner")
    entry = keras.Input((8, 8, 3))
    grid = keras.layers.Conv2D(4, 3, padding="same", name="seen")(entry)
    keras.Model(entry, inner(grid)).save(tmp_path / "both.keras")
    network = FeatureNetwork(FeatureSource.find(str(tmp_path / "both.keras")))
    assert list(network.seeing((8, 8, 3))(np.zeros((1, 8, 8, 3), "float32"))) == ["seen"]
