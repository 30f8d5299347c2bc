"""Runs as processes: killed, interrupted, terminated, out of disk; and resumed."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from keras.models import load_model
from PIL import Image

from toolkit.cli.main import main
from toolkit.errors import Refused
from toolkit.training.state import State, checkpoints

ROOT = Path(__file__).resolve().parents[2]

KILLS = int(os.environ.get("TOOLKIT_KILLS", "7"))
"""Random kills of each of the runs below."""

CASES = {
    "language model": """model=lstm data=python_docs model.units=24 model.dropout=0.3
        data.batch_size=10 task.sequence_length=10 optimizer.use_ema=true
        optimizer.global_clipnorm=1 optimizer.gradient_accumulation_steps=2 schedule=cosine
        trainer.steps_per_epoch=150 trainer.checkpoint_every=20
        trainer.validation_steps=4 trainer.test_steps=2 trainer.epochs=3""",
    "network of images": """model=cnn data=digits model.filters=[8] model.pool=null
        model.normalization=batch 'data.augment={shift: {height: 0.2}}'
        trainer.precision=mixed_float16 optimizer.use_ema=true optimizer.ema_momentum=0.9
        schedule=plateau schedule.patience=1 trainer.checkpoint_every=9 trainer.epochs=12""",
    "forecaster": """model=gru data=synthetic data.kind=series data.length=40 model.units=12
        task=classification data.examples=4000 optimizer=adam
        optimizer.gradient_accumulation_steps=2 trainer.epochs=4 trainer.patience=3""",
    "game of two networks": """model=dcgan data=digits model.filters=[8] task.latent=8
        model.discriminator_filters=[8] model.discriminator_dropout=0.2 task.discriminator_steps=2
        data.batch_size=16 optimizer.use_ema=true trainer.checkpoint_every=9 trainer.epochs=6""",
    "game of four networks": """model=cyclegan data=unpaired_images data.a=a data.b=b
        model.filters=[4,6] model.residual_blocks=1 model.discriminator_filters=[4,6] task.pool=9
        data.batch_size=2 optimizer.use_ema=true trainer.checkpoint_every=9 trainer.epochs=6""",
}


def two_sorts(folder: Path) -> None:
    """Write dark pictures into a folder ``a`` and bright ones into ``b``."""
    random = np.random.default_rng(0)
    for name, brightest in (("a", 90), ("b", 250)):
        (folder / name).mkdir()
        for i in range(60):
            pixels = random.integers(brightest - 80, brightest, (12, 12, 3)).astype("uint8")
            Image.fromarray(pixels).save(folder / name / f"{i}.png")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "toolkit", *words]


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command(*words),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """Read what a process prints up to a line with some text."""
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"no '{text}' in:\n{said}")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_killed_at_any_moment_it_ends_with_the_same_weights(case, tmp_path):
    two_sorts(tmp_path)
    begun = time.monotonic()
    whole = start(tmp_path, *shlex.split(CASES[case]), "run_dir=whole")
    wait_for(whole, "steps an epoch")
    ready = time.monotonic() - begun
    whole.communicate()
    assert whole.returncode == 0
    lasted = time.monotonic() - begun
    draw, kills, runs = random.Random(case), 0, 0
    while kills < KILLS:
        folder = tmp_path / f"r{runs}"
        runs += 1
        words = anew = [*shlex.split(CASES[case]), f"run_dir={folder}"]
        while True:
            process = start(tmp_path, *words)
            try:
                said, _ = process.communicate(timeout=ready + draw.random() * (lasted - ready))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
                begun = (folder / "config.yaml").exists()
                words = ["resume", f"run={folder}"] if begun else anew
                continue
            # Killed when all was written already, there is nothing to resume.
            assert process.returncode == 0 or "is finished, after step" in said, said
            break
        one, other = (
            State.read(checkpoints(f / "checkpoints")[-1]) for f in (tmp_path / "whole", folder)
        )
        for name, x, y in zip(one.names, one.values, other.values, strict=True):
            np.testing.assert_array_equal(x, y, err_msg=name)


@pytest.mark.parametrize(
    ("number", "code", "while_"), [(signal.SIGTERM, 143, "steps"), (signal.SIGINT, 130, "scores")]
)
def test_a_signal_saves_and_says_how_to_go_on(number, code, while_, tmp_path):
    few = "model.units=8 model.layers=1 data.batch_size=8 task.sequence_length=5 logger.every=1"
    few += " trainer.threads=1"  # which can be set in a fresh process only
    words = few.split() + ["run_dir=r", "trainer.epochs=99", "trainer.steps_per_epoch=100"]
    if while_ == "scores":  # an epoch of one step: nearly all of the time is validation
        words += ["trainer.steps_per_epoch=1", "data.eval_batch_size=1"]
    process = start(tmp_path, "model=gru", "data=python_docs", *words)
    wait_for(process, "epoch 1/99")
    time.sleep(0.5)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "stopping after this step, with a checkpoint" in said
    (told,) = (line for line in said.splitlines() if line.startswith("stopped at step"))
    assert told.endswith("; go on with: python -m toolkit resume run=r")
    (*_, newest) = checkpoints(tmp_path / "r" / "checkpoints")
    state = State.read(newest)
    assert f"stopped at step {state.note['step']:,};" in told
    briefly = [f"trainer.{part}_steps=2" for part in ("validation", "test")]
    epochs = f"trainer.epochs={state.note['epoch'] + 1}"
    again = start(tmp_path, "resume", "run=r", epochs, *briefly)
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert "changed: trainer.epochs: 99 → " in said
    assert f"goes on from {newest.name}, after step {state.note['step']:,}" in said


def test_a_signal_ends_a_run_that_cannot_save(tmp_path):
    words = "model=mlp data=digits run_dir=r trainer.epochs=9999 trainer.threads=1".split()
    process = start(tmp_path, *words)
    wait_for(process, "epoch 2/9999")
    shutil.rmtree(tmp_path / "r" / "checkpoints")
    (tmp_path / "r" / "checkpoints").write_text("in its place")
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert "Traceback" not in said
    (told,) = (line for line in said.splitlines() if line.startswith("stopped at step"))
    assert "without a checkpoint: cannot write to r (" in told


def test_resume_is_refused_in_a_sentence(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)

    def refused(*words: str) -> str:
        capfd.readouterr()
        assert main(["resume", *words]) == 2
        return "".join(capfd.readouterr())

    def lack(*_: object) -> None:
        raise Refused("the disk is not there")

    process = start(tmp_path, "resume", "run=nowhere")
    said, _ = process.communicate()
    assert process.returncode == 2, said
    assert "Traceback" not in said
    assert said.startswith("run: no run at nowhere.")
    assert main("model=mlp data=digits trainer.epochs=1 run_dir=r".split()) == 0
    assert "run: r is finished, after step 21; to train it longer: resume run=r" in refused("run=r")
    said = refused("run=r", "trainer.epoch=3", "optimizer.learning_rate=-1", "model.units=[3]")
    assert said.splitlines() == [
        "command line: model.units: a run keeps its knobs, which its blocks have read; change an "
        "option of a block: model.body[0].NAME.OPTION=…",
        "command line: trainer.epoch: unknown. Did you mean epochs?",
        "command line: optimizer.learning_rate: expected a number above 0; got -1",
    ]
    before = load_model(tmp_path / "r" / "model.keras").get_weights()
    shutil.rmtree(tmp_path / "r" / "checkpoints")
    said = refused("run=r", "trainer.epochs=2")
    assert "run: r is finished and has no checkpoint to go on from. Train it anew" in said
    (tmp_path / "r" / "results.json").unlink()  # as where it was killed before its first
    with monkeypatch.context() as context:
        context.setattr("toolkit.training.run.load_dataset", lack)
        assert "the disk is not there" in refused("run=r")
    assert main(["resume", "run=r", "trainer.keep=1"]) == 0
    told = capfd.readouterr().out
    assert "was stopped before its first checkpoint: begins again" in told
    assert "changed: trainer.keep: 2 → 1" in told
    after = load_model(tmp_path / "r" / "model.keras").get_weights()
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
