"""The mean of a run's last checkpoints."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from safetensors import safe_open

import toolkit
from toolkit.errors import Refused
from toolkit.training.average import average, average_run
from toolkit.training.run_folder import RunFolder
from toolkit.training.state import checkpoints


def stored(path, count: int) -> list[np.ndarray]:
    """Return a checkpoint's first tensors that are weights of the network, in order."""
    with safe_open(path, "numpy") as file:
        names = json.loads(file.metadata()["names"])
        values = [file.get_tensor(key) for key in sorted(file.keys())]
    others = ("seed_generator_state", "train_state", "eval_state")
    return [
        value
        for name, value in zip(names, values, strict=True)
        if not any(part in name for part in others)
    ][:count]


def test_weights_are_the_mean_of_the_last_checkpoints(points, tmp_path, capsys):
    body = [{"dense": {"units": [8], "normalization": "batch"}}]
    run = toolkit.train(
        {"body": body},
        points,
        optimizer={"name": "adam", "learning_rate": 0.1, "use_ema": True},
        epochs=4,
        keep=3,
        run_dir=tmp_path / "r",
        quiet=True,
    )
    folder = RunFolder(run.path)
    paths = checkpoints(folder.checkpoints)[-2:]
    target = tmp_path / "mean.keras"
    found = average_run(folder, paths, target, points)
    mean = keras.models.load_model(target)
    one, other = (stored(path, 7) for path in paths)
    for value, a, b in zip(mean.get_weights(), one, other, strict=True):
        np.testing.assert_allclose(value, (a + b) / 2, rtol=1e-6)
    assert not np.array_equal(one[4], other[4]), "a moving mean"
    p = mean.predict(points.test.arrays["x"], verbose=0)
    accuracy = (p.argmax(-1) == points.test.arrays["label"]).mean()
    assert found["average"]["test/accuracy"] == pytest.approx(accuracy)
    assert found["best"]["test/accuracy"] == pytest.approx(run.results["test/accuracy"])
    told = capsys.readouterr().out
    assert "steps 12 to 16: the mean of 2 checkpoints" in told and "best epoch" in told
    assert "the moving statistics of 1 normalizations are means as well" in told


def test_a_language_model_in_its_saved_form(text, gru, tmp_path):
    task = {"name": "language_modelling", "sequence_length": 5}
    run = toolkit.train(
        gru, text, task=task, batch_size=5, max_steps=6, checkpoint_every=2, keep=3,
        run_dir=tmp_path / "r", quiet=True,
    )  # fmt: skip
    folder = RunFolder(run.path)
    paths = checkpoints(folder.checkpoints)
    found = average_run(folder, paths, tmp_path / "mean.keras", text)
    mean = keras.models.load_model(tmp_path / "mean.keras").get_weights()
    by_file = [stored(path, len(mean)) for path in paths]
    for value, *parts in zip(mean, *by_file, strict=True):
        np.testing.assert_allclose(value, np.mean(parts, axis=0), rtol=1e-5, atol=1e-8)
    assert set(found["average"]) == {
        "valid/loss", "valid/perplexity", "test/loss", "test/perplexity",
    }  # fmt: skip


def test_what_is_refused(points, mlp, tmp_path):
    run = toolkit.train(mlp, points, epochs=3, run_dir=tmp_path / "r", quiet=True)
    with pytest.raises(Refused, match=r"n=5: .* has checkpoints of 2 steps only; average those"):
        average(run=str(run.path))
    with pytest.raises(Refused, match=r"output: expected a file that ends in \.keras; got x\.h5"):
        average(run=str(run.path), n=2, output="x.h5")
    with pytest.raises(Refused, match="output: no folder"):
        average(run=str(run.path), n=2, output=str(tmp_path / "no" / "x.keras"))
    for path in checkpoints(run.path / "checkpoints"):
        path.unlink()
    with pytest.raises(Refused, match="has no checkpoints"):
        average(run=str(run.path), n=1)
