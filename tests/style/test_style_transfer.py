"""A picture that is painted: trained, written, shown, opened again, and refused."""

from __future__ import annotations

import io
import json

import keras
import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.util import tensor_util
from two_pictures import MODEL, files, looker, pair, train

import toolkit
from toolkit.cli.main import main
from toolkit.errors import Refused
from toolkit.training.evaluate import score_run
from toolkit.training.generate import generate
from toolkit.training.predict import predict
from toolkit.training.run_folder import RunFolder

SHOWN = {"name": "tensorboard", "every": 2, "samples": 1}


def pixels(path):
    return np.asarray(Image.open(path))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("style")


@pytest.fixture(scope="module")
def features(place):
    return looker(place / "looks.keras")


@pytest.fixture(scope="module")
def run(place, features):
    """A finished run; the picture and the style differ in size."""
    data = pair(place, steps=20)
    return train(place / "r", features, data, logger=SHOWN, variation_weight=0.1).path


@pytest.fixture(scope="module")
def results(run):
    return json.loads((run / "results.json").read_text())


def test_it_comes_nearer_to_the_style(run, results):
    own = results["valid/style (of the content picture)"]
    assert 0 < results["valid/style"] < own / 4
    expected = results["valid/content"] + 10 * results["valid/style"]
    expected += 0.1 * results["valid/variation"]
    np.testing.assert_allclose(results["valid/loss"], expected, rtol=1e-4)
    assert results["valid/loss"] < 10 * own


def test_the_picture_is_the_networks_only_weights(run):
    network = keras.models.load_model(run / "model.keras", compile=False)
    (weight,) = network.get_weights()
    assert weight.size == 12 * 16 * 3 and weight.min() >= 0 and weight.max() <= 1
    made = network(np.ones((2, 1), "float32"))
    assert made.shape == (2, 12, 16, 3)
    np.testing.assert_allclose(pixels(run / "picture.png"), made[1], atol=0.51)


def test_generate_writes_it(run, tmp_path, capsys):
    assert main(["generate", f"run={run}", f"output={tmp_path / 'out'}"]) == 0
    (only,) = (tmp_path / "out").iterdir()
    assert only.name == "0001.png" and str(only) in capsys.readouterr().out
    np.testing.assert_array_equal(pixels(only), pixels(run / "picture.png"))
    with pytest.raises(Refused, match=r"n=2: .* has learned style_transfer: one picture, always"):
        generate(run=str(run), n=2, output=str(tmp_path / "more"))
    with pytest.raises(Refused, match=r"which makes one picture and reads none; .*output="):
        predict(run=str(run), input=str(run / "picture.png"))


def test_it_is_shown_as_it_grows(run, place):
    images = []
    for path in sorted((run / "tensorboard").glob("events*")):
        for event in LegacyEventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.tag == "samples/stylized":
                    png = tensor_util.make_ndarray(value.tensor).tolist()[2]
                    images.append(np.asarray(Image.open(io.BytesIO(png))))
    assert [image.shape for image in images] == [(12 + 4, 3 * 18 + 2, 3)] * 3
    last = images[-1][2:-2]
    np.testing.assert_array_equal(last[:, 2:18], pixels(files(place)["content"]))
    np.testing.assert_array_equal(last[:, 20:36], pixels(run / "picture.png"))
    assert (images[0] != images[-1]).any()


def test_it_scores_again_what_it_scored(run, results, place):
    """Without what was looked at before training: content and style are seen in the batch."""
    again = score_run(RunFolder.open(run), "valid", pair(place))
    np.testing.assert_allclose(again["loss"], results["valid/loss"], rtol=1e-5)


@pytest.mark.parametrize(("initial", "first"), [("content", True), ("noise", False)])
def test_what_it_begins_as(place, features, tmp_path, initial, first):
    stays = {"name": "sgd", "learning_rate": 1e-12}
    options = {"initial": initial, "optimizer": stays, "epochs": 1}
    made = train(tmp_path / "r", features, pair(place), **options).path
    content = pixels(files(place)["content"]).astype("int32")
    difference = np.abs(pixels(made / "picture.png") - content).mean()
    assert difference == 0 if first else difference > 30


def test_without_content_noise_takes_the_style_over(place, features, tmp_path):
    options = {"content_weight": 0.0, "initial": "noise", "style_layers": ["near"], "epochs": 6}
    made = train(tmp_path / "r", features, pair(place, steps=25), **options).path
    results = json.loads((made / "results.json").read_text())
    assert results["valid/style"] < 0.02


def test_pixels_stay_pixels_whatever_the_rate(place, features, tmp_path):
    wild = {"name": "sgd", "learning_rate": 1e6}
    made = train(tmp_path / "r", features, pair(place), optimizer=wild, epochs=1).path
    (weight,) = keras.models.load_model(made / "model.keras", compile=False).get_weights()
    assert weight.min() == 0 and weight.max() == 1


def test_it_goes_on_from_another_picture(run, place, features, tmp_path):
    stays = {"name": "sgd", "learning_rate": 1e-12}
    task = {"name": "style_transfer", "features": features}
    options = {"task": task, "optimizer": stays, "epochs": 1, "batch_size": 1, "logger": "none"}
    model = MODEL | {"init_from": str(run)}
    more = toolkit.train(model, pair(place), run_dir=tmp_path / "r", quiet=True, **options)
    np.testing.assert_array_equal(pixels(more.path / "picture.png"), pixels(run / "picture.png"))


def test_grey_pictures_and_features_in_colour(place, features, tmp_path):
    made = train(tmp_path / "r", features, pair(place, channels=1, size=(9, 11)), epochs=1).path
    assert pixels(made / "picture.png").shape == (9, 11)


def test_mixed_precision(place, features, tmp_path):
    try:
        made = train(
            tmp_path / "r", features, pair(place), precision="mixed_float16", logger="none"
        ).path
    finally:
        keras.config.set_dtype_policy("float32")
    results = json.loads((made / "results.json").read_text())
    assert results["valid/style"] < results["valid/style (of the content picture)"]


def test_another_generator_is_refused(place, features, tmp_path):
    model = MODEL | {"generator": [{"generator": {"filters": [4]}}]}
    with pytest.raises(Refused, match=r"model.generator: task style_transfer learns the pixels"):
        toolkit.train(
            model,
            pair(place),
            task={"name": "style_transfer", "features": features},
            run_dir=tmp_path / "r",
            quiet=True,
        )
    assert not (tmp_path / "r").exists()


def test_a_command_is_refused_before_anything_starts(place, tmp_path, capsys):
    words = ["model=picture", "data=style_pair", f"run_dir={tmp_path / 'r'}", "data.root=null"]
    found = files(place)
    assert main([*words, f"data.content={found['content']}", "data.style=none.png"]) == 2
    assert "data.style: there is no file 'none.png'; expected a picture" in capsys.readouterr().err
    assert main([*words, "task.features=nothing"]) == 2
    assert "'nothing' is none of them" in capsys.readouterr().err
    assert main([*words, "task.content_weight=0", "task.style_weight=0"]) == 2
    assert "nothing of either picture would count" in capsys.readouterr().err
    assert main(["model=cnn", "data=style_pair", "data.root=null"]) == 2
    assert "style_transfer needs a model of generator" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_plan_counts_the_picture(place, features, capsys):
    found = files(place)
    words = [f"data.{part}={file}" for part, file in found.items()]
    words += ["model=picture", "data=style_pair", f"task.features={features}", "data.root=null"]
    assert main(["plan", *words, "seconds=0.1", "json=true"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert f"{12 * 16 * 3}" in json.dumps(planned)
