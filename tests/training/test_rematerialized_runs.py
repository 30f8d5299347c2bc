"""Runs whose networks compute activations again: saved, resumed, and as those that keep them."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

import toolkit
from toolkit.training.state import State, checkpoints

DECODER = {"units": 8, "layers": 1, "heads": 2, "dropout": 0.2}
GPT = {"name": "gpt", "stem": {"tokens": {"units": 8}}, "body": [{"decoder": DECODER}]}
OPTIONS = {
    "task": {"name": "language_modelling", "sequence_length": 16},
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
    "batch_size": 16,
    "steps_per_epoch": 2,
    "logger": "none",
    "quiet": True,
}


def values_of(run) -> list[np.ndarray]:
    return State.read(checkpoints(run.path / "checkpoints")[-1]).values


def test_a_run_is_that_which_keeps_all_and_resumes_bit_for_bit(text, tmp_path):
    def train(name: str, **options):
        keras.utils.clear_session()
        return toolkit.train(GPT, text, run_dir=tmp_path / name, **OPTIONS, **options)

    kept = train("kept", epochs=2)
    again = train("again", epochs=2, rematerialize=True)
    stopped = train("stopped", epochs=1, rematerialize=True)
    resumed = stopped.resume(quiet=True, epochs=2)
    for one, other, later in zip(*map(values_of, (kept, again, resumed)), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(later, other)
    code = "import sys, keras; print(keras.models.load_model(sys.argv[1]).count_params())"
    command = [sys.executable, "-c", code, again.path / "model.keras"]
    opened = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(opened) == again.model.count_params()


@pytest.mark.slow
def test_steps_take_less_memory(tmp_path):
    command = [sys.executable, "tests/benchmarks/rematerialization.py", "--rounds", "1"]
    sizes = ["--layers", "6", "--length", "512", "--batch", "4", "--steps", "1"]
    done = subprocess.run([*command, *sizes], check=True, capture_output=True, text=True)
    share = float(done.stdout.splitlines()[-1].removeprefix("memory ").partition(",")[0])
    assert share < 0.8
