"""A judge: who it can be, what it sees, and the figures that follow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import small_images as small

import toolkit
from toolkit.cli.main import main
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.image_scores import frechet_distance
from toolkit.tasks.games.adversarial import Adversarial
from toolkit.tasks.judging.judge import Judge, missing_judge
from toolkit.tasks.judging.judging import SEED
from toolkit.training.state import State, checkpoints

GAME = {"name": "adversarial", "latent": 3, "labels": "condition"}


@pytest.fixture
def game(runs):
    return toolkit.api.Run(runs["game"], small.pictures())


def test_a_run_judges_by_what_its_head_reads(judge_run):
    judge, images = Judge(judge_run), small.pictures().test.arrays["image"]
    judge.check(Field("image", (8, 8, 1), "uint8"), small.CLASSES)
    features, chances = judge(images)
    network = keras.models.load_model(f"{judge_run}/model.keras", compile=False)
    np.testing.assert_allclose(chances, network.predict(images, verbose=0), atol=1e-6)
    kernel, bias = network.get_layer("head").get_weights()
    logits = features @ kernel + bias
    whole = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(whole / whole.sum(1, keepdims=True), chances, atol=1e-5)
    again, _ = judge((images / 255).astype("float32"))
    np.testing.assert_allclose(again, features, rtol=1e-4, atol=1e-4)
    results = json.loads(Path(judge_run, "results.json").read_text())
    assert judge.accuracy == ("test/accuracy", results["test/accuracy"]) and judge.classes


def test_a_file_judges_by_its_output_in_its_own_size(tmp_path):
    entry = keras.Input((4, 4, 3))
    keras.Model(entry, keras.layers.GlobalAveragePooling2D()(entry)).save(tmp_path / "f.keras")
    judge = Judge(str(tmp_path / "f.keras"))
    judge.check(Field("image", (8, 8, 1), "uint8"))
    features, chances = judge(np.full((2, 8, 8, 1), 51, "uint8"))
    assert chances is None and features.shape == (2, 3)
    np.testing.assert_allclose(features, 51, rtol=1e-5)
    np.testing.assert_allclose(judge(np.full((2, 8, 8, 1), 0.2, "float32"))[0], 51, rtol=1e-5)


def test_a_class_that_is_left_out_is_named(judge_run):
    task = Adversarial(judge=judge_run, judged=90)
    assert task.concerns({"val_least_class_share": 0.05}) == []
    (told,) = task.concerns({"val_least_class_share": 0.01})
    assert "leave out a class (mode collapse): the rarest of the judge's 3 has 1.00% of" in told
    few = Adversarial(judge=judge_run, judged=20)
    assert few.concerns({"val_least_class_share": 0.0}) == [], "so few may miss one by chance"


def test_who_cannot_judge(judge_run, tmp_path):
    assert (
        missing_judge({"judge": None})
        == missing_judge({})
        == missing_judge({"judge": judge_run})
        == []
    )
    (text,) = missing_judge({"judge": "nowhere"})
    assert text == (
        "task.judge: expected the folder of a finished run of classification, a .keras file or "
        "InceptionV3; nowhere is none of them."
    )
    other = small.train(small.AUTOENCODER, "reconstruction", tmp_path / "r").path
    (text,) = missing_judge({"judge": str(other)})
    assert "has learned reconstruction of inputs of kind image" in text
    (other / "spec.json").write_text("{")
    assert "cannot be read" in missing_judge({"judge": str(other)})[0]
    with pytest.raises(Refused, match="looks at images of 8 x 8 x 1; those of the data are 9 x 9"):
        Judge(judge_run).check(Field("image", (9, 9, 1), "uint8"))
    with pytest.raises(Refused, match="does not know the class up; its classes are dark, left"):
        Judge(judge_run).check(Field("image", (8, 8, 1), "uint8"), ("left", "up"))
    (tmp_path / "bad.keras").write_text("no network")
    with pytest.raises(Refused, match=r"task.judge: .*bad.keras cannot be opened"):
        Judge(str(tmp_path / "bad.keras")).check(Field("image", (8, 8, 1), "uint8"))
    entry = keras.Input((8, 8, 1))
    keras.Model(entry, keras.layers.ReLU()(entry)).save(tmp_path / "grid.keras")
    with pytest.raises(Refused, match="must take images and give one vector for each of them"):
        Judge(str(tmp_path / "grid.keras")).check(Field("image", (8, 8, 1), "uint8"))


def test_one_image_is_not_judged(judge_run):
    data = small.pictures()
    for few, judged in ((data, 1), (replace(data, valid=data.valid.take(slice(0, 1))), 60)):
        task = Adversarial(latent=3, judge=judge_run, judged=judged)
        with pytest.raises(Refused, match=r"one image; expected two or more to be judged"):
            task.check(few)


def test_a_run_that_is_not_finished_cannot_judge(tmp_path):
    folder = small.train(small.JUDGE, "classification", tmp_path / "r").path
    (folder / "results.json").unlink()
    (text,) = missing_judge({"judge": str(folder)})
    assert text == f"task.judge: the run at {folder} is not finished; resume run={folder} first."


def test_a_missing_judge_is_told_before_anything_starts(capsys, tmp_path):
    words = ["model=vae", "data=digits", "task.judge=nowhere", f"run_dir={tmp_path / 'r'}"]
    assert main(words) == 2
    assert "task.judge: expected the folder of a finished run" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_game_is_chosen_and_scored_by_its_judge(game, judge_run):
    results = game.results
    rows = (game.path / "metrics.csv").read_text().splitlines()
    names = rows[0].split(",")
    distances = [float(row.split(",")[names.index("valid/frechet_distance")]) for row in rows[1:]]
    assert results["best_epoch"] == 1 + int(np.argmin(distances))
    assert results["valid/frechet_distance"] == pytest.approx(min(distances), rel=1e-5)
    assert 1 <= results["test/classifier_score"] <= 3
    assert 0 <= results["test/least_class_share"] <= 1 / 3
    assert 0 <= results["test/class_agreement"] <= 1
    floor = results["test/frechet_distance (real against real)"]
    assert 0 <= floor < results["test/frechet_distance"]
    assert results["test/classifier_score (real images)"] > 2
    log = (game.path / "train.log").read_text()
    assert f"{judge_run}, 90 images, test/accuracy" in " ".join(log.split())


def test_the_figures_are_those_of_the_saved_generator(game, judge_run):
    generator, judge = game.model, Judge(judge_run)
    noise = keras.random.normal((500, 3), seed=SEED)[:90]
    label = keras.ops.arange(90) % 3
    made = generator({"noise": noise, "label": label}, training=False)
    features, chances = judge(np.clip(np.round(made), 0, 255).astype("uint8"))
    real, _ = judge(small.pictures().test.arrays["image"])
    distance = frechet_distance(real, features)
    assert game.results["test/frechet_distance"] == pytest.approx(distance, rel=1e-3)
    agreement = (chances.argmax(1) == np.arange(90) % 3).mean()
    assert game.results["test/class_agreement"] == pytest.approx(agreement, abs=0.03)
    again = game.evaluate("test")
    assert again["frechet_distance"] == pytest.approx(distance, rel=1e-3)


def test_a_judge_and_pictures_change_nothing_that_is_trained(game, tmp_path):
    bare = small.train(small.GAN, GAME, tmp_path / "r", epochs=3, optimizer=small.FAST)
    pair = [State.read(checkpoints(r.path / "checkpoints")[-1]) for r in (game, bare)]
    for name, one, other in zip(pair[0].names, pair[0].values, pair[1].values, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)


def test_codes_of_an_autoencoder_are_decoded_and_judged(judge_run, tmp_path):
    task = {"name": "variational", "judge": judge_run, "judged": 60}
    done = small.train(small.VAE, task, tmp_path / "r")
    decoder = keras.models.load_model(done.path / "decoder.keras", compile=False)
    codes = keras.random.normal((500, 2), seed=SEED)[:60]
    made = np.clip(np.round(decoder(codes, training=False)), 0, 255).astype("uint8")
    judge = Judge(judge_run)
    distance = frechet_distance(judge(small.pictures().test.arrays["image"])[0], judge(made)[0])
    assert done.results["test/frechet_distance"] == pytest.approx(distance, rel=1e-3)
    assert "test/class_agreement" not in done.results and "valid/loss" in done.results


def test_a_score_of_the_judge_can_choose_the_epoch(judge_run, tmp_path):
    task = {"name": "variational", "judge": judge_run, "judged": 60}
    done = small.train(small.VAE, task, tmp_path / "r", monitor="frechet_distance")
    assert "valid/frechet_distance" in done.results
    with pytest.raises(Refused, match="trainer.monitor: no 'frechet_distance' in validation"):
        small.train(small.VAE, "variational", tmp_path / "s", monitor="frechet_distance")
