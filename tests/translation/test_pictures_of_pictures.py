"""What a run makes of a folder of pictures, and what is shown of it in training."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from painted import INSTANCE, MODEL, SIDE, pairs
from PIL import Image

import toolkit
from toolkit.errors import Refused
from toolkit.training.loggers.views.translations import rows_of
from toolkit.training.predict import predict


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "r"
    return toolkit.train(
        INSTANCE,
        pairs(),
        task="image_translation",
        batch_size=8,
        run_dir=folder,
        quiet=True,
        epochs=1,
        logger="none",
    )


@pytest.fixture
def folder(tmp_path):
    """Pictures in two folders, of which two differ in their ending alone."""
    images = pairs().test.arrays["image"][..., 0]
    (tmp_path / "in" / "inner").mkdir(parents=True)
    for pixels, name in zip(images, ("a.png", "a.bmp", "inner/b.png"), strict=False):
        Image.fromarray(pixels).save(tmp_path / "in" / name)
    return tmp_path / "in"


def test_a_folder_is_translated(run, folder, tmp_path, capsys):
    output = tmp_path / "out"
    rows = predict(run=str(run.path), input=str(folder), output=str(output), batch_size=2)
    found = sorted(str(path.relative_to(output)) for path in output.rglob("*.png"))
    assert found == ["a.bmp.png", "a.png.png", "inner/b.png"]
    assert [row["output"] for row in rows] == [str(output / name) for name in found]
    network = keras.models.load_model(run.path / "model.keras", compile=False)
    image = np.asarray(Image.open(folder / "inner/b.png"))[None, ..., None]
    made = np.asarray(Image.open(output / "inner/b.png"))
    assert made.shape == (SIDE, SIDE, 3)
    np.testing.assert_allclose(made, network(image)[0].numpy(), atol=0.51)
    assert "3 pictures are in" in capsys.readouterr().out
    with pytest.raises(Refused, match="is not empty, and nothing in it is overwritten"):
        predict(run=str(run.path), input=str(folder), output=str(output))


def test_one_picture_and_numbers(run, folder, tmp_path):
    (row,) = predict(run=str(run.path), input=str(folder / "a.png"), output=str(tmp_path / "one"))
    assert row["output"] == str(tmp_path / "one" / "a.png")
    numbers = tmp_path / "numbers.jsonl"
    predict(run=str(run.path), input=str(folder / "a.png"), output=str(numbers))
    picture = np.array(json.loads(numbers.read_text())["picture"])
    made = np.asarray(Image.open(tmp_path / "one" / "a.png"))
    np.testing.assert_allclose(made, picture, atol=0.51)
    with pytest.raises(Refused, match="is a file; expected a folder to make"):
        predict(run=str(run.path), input=str(folder), output=str(folder / "a.png"))


def test_baselines_are_in_the_results(run):
    assert {"test/l1", "test/l1 (each label's mean colour)"} <= run.results.keys()
    assert (run.path / "discriminator.keras").exists()


def test_rows_are_shown_as_they_are():
    image = np.zeros((2, 4, 4, 1), "uint8")
    picture = np.full((2, 4, 4, 3), (10.2, 300, -5), "float32")
    shown = rows_of([image, picture], 255)
    assert shown.shape == (8, 8, 3) and shown.dtype == np.uint8
    assert (shown[:, :4] == 0).all() and (shown[:, 4:] == (10, 255, 0)).all()
    assert rows_of([np.zeros((1, 400, 200, 3))] * 3, 1).shape == (192, 288, 3)


@pytest.fixture(scope="module")
def dropping(tmp_path_factory):
    """A run whose U-Net drops half in training."""
    unet = {"architecture": "unet", "filters": [4, 6, 6], "normalization": "instance"}
    model = {**MODEL, "generator": [{"generator": unet}]}
    folder = tmp_path_factory.mktemp("dropping") / "r"
    options = {"batch_size": 8, "epochs": 3, "logger": "none", "quiet": True}
    options["optimizer"] = {"name": "adam", "learning_rate": 0.02}
    return toolkit.train(model, pairs(), task="image_translation", run_dir=folder, **options)


def test_dropout_is_kept_where_it_is_asked_for(dropping, folder, tmp_path):
    def made(name, **options):
        place = tmp_path / name
        predict(run=str(dropping.path), input=str(folder), output=str(place), **options)
        return np.stack([np.asarray(Image.open(p)) for p in sorted(place.rglob("*.png"))])

    usual = made("usual")
    np.testing.assert_array_equal(usual, made("again"))
    first = made("first", dropout=True, seed=1)
    np.testing.assert_array_equal(first, made("same", dropout=True, seed=1, batch_size=2))
    others = {"second": {"seed": 2}, "third": {}, "fourth": {}}
    others = [made(name, dropout=True, **options) for name, options in others.items()]
    for one, other in zip([usual, first, *others], [*others, usual, first], strict=True):
        assert (one != other).any()


def test_dropout_is_of_pictures_and_of_networks_that_have_it(run, dropping, folder):
    with pytest.raises(Refused, match="dropout: the run's network has none; model.dropout is"):
        predict(run=str(run.path), input=str(folder), dropout=True)
    with pytest.raises(Refused, match="dropout: is for pictures that are made of pictures; .* emb"):
        predict(run=str(dropping.path), input=str(folder), dropout=True, embed=True)
    with pytest.raises(Refused, match="seed: is for runs that write texts"):
        predict(run=str(dropping.path), input=str(folder), seed=1)
