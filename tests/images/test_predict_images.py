"""``predict`` and ``evaluate`` of runs that give images back, or make them of noise."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import small_images as small
from PIL import Image

import toolkit
from toolkit.errors import Refused
from toolkit.training.average import average_run
from toolkit.training.predict import predict
from toolkit.training.predict_pictures import named
from toolkit.training.run_folder import RunFolder, checkpoints


@pytest.fixture
def folder(tmp_path):
    """Four pictures, two of them of one name."""
    images = small.pictures().test.arrays["image"][:4, ..., 0]
    place = tmp_path / "in"
    (place / "sub").mkdir(parents=True)
    for image, name in zip(images, ("a.bmp", "a.png", "b.png", "sub/c.png"), strict=True):
        Image.fromarray(image).save(place / name)
    return place


def opened(path):
    return keras.models.load_model(path, compile=False)


@pytest.mark.parametrize("name", ["variational", "denoising"])
def test_a_folder_is_given_back_as_pictures(runs, folder, tmp_path, name, capsys):
    rows = predict(run=str(runs[name]), input=str(folder), output=str(tmp_path / "out"))
    assert "4 pictures are in" in capsys.readouterr().out
    files = ["a.bmp.png", "a.png.png", "b.png", "sub/c.png"]
    assert [row["output"] for row in rows] == [str(tmp_path / "out" / file) for file in files]
    images = small.pictures().test.arrays["image"][:4]
    expected = np.asarray(opened(runs[name] / "model.keras")(images, training=False))[..., 0]
    found = np.stack([np.asarray(Image.open(row["output"])) for row in rows])
    np.testing.assert_allclose(found, expected, atol=0.51)
    with pytest.raises(Refused, match="is not empty, and nothing in it is overwritten"):
        predict(run=str(runs[name]), input=str(folder), output=str(tmp_path / "out"))


def test_numbers_where_the_output_is_a_file(runs, folder, tmp_path):
    predict(run=str(runs["denoising"]), input=str(folder), output=str(tmp_path / "o.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert np.shape(rows[0]["reconstruction"]) == (8, 8, 1) and len(rows) == 4


@pytest.mark.parametrize("how", [{}, {"embed": True}, {"output": "out"}])
def test_a_damaged_picture_is_named(runs, folder, tmp_path, how):
    whole = (folder / "b.png").read_bytes()
    (folder / "b.png").write_bytes(whole[: len(whole) // 2])
    how = {key: str(tmp_path / value) if key == "output" else value for key, value in how.items()}
    with pytest.raises(Refused, match=r"in/b\.png: a damaged picture: "):
        predict(run=str(runs["denoising"]), input=str(folder), **how)


@pytest.mark.parametrize(("name", "width"), [("variational", 2), ("denoising", 8)])
def test_codes_are_the_encoders(runs, folder, name, width, capsys):
    rows = predict(run=str(runs[name]), input=str(folder), embed=True)
    capsys.readouterr()
    images = small.pictures().test.arrays["image"][:4]
    codes = np.asarray(opened(runs[name] / "encoder.keras")(images, training=False))
    assert codes.shape == (4, width)
    np.testing.assert_allclose([row["embedding"] for row in rows], codes, atol=1e-5)


def test_a_generator_reads_nothing(runs, folder):
    with pytest.raises(Refused, match=r"makes images of noise and reads none; .*generate run="):
        predict(run=str(runs["game"]), input=str(folder))


def test_files_of_one_picture_keep_its_name(tmp_path):
    (tmp_path / "a.jpg").write_text("")
    assert [*map(str, named([str(tmp_path / "a.jpg")], tmp_path / "a.jpg"))] == ["a.png"]


@pytest.mark.parametrize(
    ("pictures", "files"),
    [
        ("cat.jpg dog.jpg", "cat.png dog.png"),
        ("cat.jpg cat.gif a/cat.gif", "cat.jpg.png cat.gif.png a/cat.png"),
        ("cat.jpg cat.gif cat.jpg.png", "cat.jpg.png cat.gif.png cat.jpg.png.png"),
        ("cat.jpg.png cat.png cat.jpg", "cat.jpg.png.png cat.png.png cat.jpg.png"),
    ],
)
def test_no_two_pictures_have_one_file(pictures, files, tmp_path):
    inputs = [str(tmp_path / name) for name in pictures.split()]
    assert [*map(str, named(inputs, tmp_path))] == files.split()


def test_a_run_tells_how_large_each_of_its_networks_is(runs):
    sizes = {
        name: opened(runs["game"] / f"{name}.keras").count_params()
        for name in ("model", "discriminator")
    }
    log = (runs["game"] / "train.log").read_text("utf-8")
    told = "gan: generator {model:,} parameters, discriminator {discriminator:,}; 120 examples"
    assert told.format(**sizes) in log
    count = opened(runs["denoising"] / "model.keras").count_params()
    assert f"ae: {count:,} parameters; " in (runs["denoising"] / "train.log").read_text("utf-8")


@pytest.mark.parametrize("name", ["game", "variational", "denoising"])
def test_a_run_scores_again_what_it_scored(runs, name):
    run = toolkit.api.Run(runs[name], small.pictures())
    again = run.evaluate("test")
    told = {key: value for key, value in run.results.items() if key.startswith("test/")}
    told = {k: v for k, v in told.items() if "(" not in k}
    drawn = {"test/loss", "test/reconstruction"} if name == "variational" else set()
    if name == "game":  # judged by the discriminator on other noise
        drawn = {"test/loss", "test/discriminator_loss", "test/discriminator_accuracy"}
        drawn |= {"test/diversity", "test/spacing"}
    assert {f"test/{key}" for key in again} == {*told}
    for key in {*told} - drawn:
        assert again[key.removeprefix("test/")] == pytest.approx(told[key], rel=1e-3), key


def test_checkpoints_of_a_code_that_is_drawn_are_averaged_with_its_variance(tmp_path):
    run = small.train(small.VAE, "variational", tmp_path / "r", epochs=4, keep=2)
    folder, data = RunFolder(run.path), small.pictures()
    before = {path.name: path.read_bytes() for path in run.path.glob("*.keras")}
    paths = checkpoints(folder.checkpoints)
    found = average_run(folder, paths, run.path / "average.keras", data)
    assert found["average"]["test/kl"] != found["best"]["test/kl"]
    assert found["best"]["test/kl"] == pytest.approx(run.results["test/kl"], rel=1e-4)
    after = {path.name: path.read_bytes() for path in run.path.glob("*.keras")}
    after.pop("average.keras")
    assert before == after, "the best epoch's networks stay"
