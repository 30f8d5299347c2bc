"""Training from end to end on small data, and what it leaves behind."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from safetensors import safe_open

import toolkit
from toolkit.errors import Refused
from toolkit.tasks import TASKS
from toolkit.training.reopen import reopen
from toolkit.training.run_folder import RunFolder
from toolkit.training.settings import TrainerSettings
from toolkit.training.setup import prepare
from toolkit.training.state import State, checkpoints


def tags(folder: RunFolder) -> set[str]:
    """Return the names of what TensorBoard would draw."""
    found = set()
    for path in folder.tensorboard.glob("events*"):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            found |= {value.tag for value in event.summary.value}
    return found


TASK = {"name": "language_modelling", "sequence_length": 5}


def metrics(run: toolkit.Run) -> list[dict[str, str]]:
    """Return the lines of a run's metrics.csv."""
    names, *lines = (run.path / "metrics.csv").read_text().splitlines()
    return [dict(zip(names.split(","), line.split(","), strict=True)) for line in lines]


def test_a_language_model_learns_and_leaves_everything_behind(text, gru, tmp_path):
    run = toolkit.train(
        gru,
        text,
        task=TASK,
        optimizer={"name": "adam", "learning_rate": 0.02},
        batch_size=5,
        epochs=6,
        logger={"name": "tensorboard", "every": 5},
        run_dir=tmp_path / "run",
        quiet=True,
    )
    assert run.results["test/perplexity"] < 3.0 < run.results["test/perplexity (unigram)"]
    assert run.results["test/perplexity"] == pytest.approx(math.exp(run.results["test/loss"]))
    folder = RunFolder(run.path)
    rows = metrics(run)
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert float(rows[-1]["valid/loss"]) < float(rows[0]["valid/loss"])
    best = min(rows, key=lambda row: float(row["valid/perplexity"]))
    assert int(best["epoch"]) == run.results["best_epoch"]
    assert yaml.safe_load(folder.config.read_text())["model"] == gru
    assert len(checkpoints(folder.checkpoints)) == 2
    assert {"epoch/loss", "epoch/perplexity", "step/loss", "step/learning_rate"} <= tags(folder)
    assert "epoch 6/6" in folder.log.read_text()
    assert "tensorflow" in json.loads((run.path / "environment.json").read_text())["packages"]


def test_the_saved_network_gives_the_loss_that_was_reported(text, gru, tmp_path):
    run = toolkit.train(
        gru, text, task=TASK, batch_size=5, epochs=2, run_dir=tmp_path / "run", quiet=True
    )
    tokens = text.test.arrays["tokens"]
    inputs = np.concatenate([tokens[-1:], tokens[:-1]])
    logits = run.model(inputs[None]).numpy()[0].astype("float64")
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    loss = -log_p[np.arange(len(tokens)), tokens].mean()
    assert run.results["test/loss"] == pytest.approx(loss, rel=1e-5), (
        "every token once, from one stream, with the state carried over all of it"
    )
    assert run.evaluate("test")["loss"] == pytest.approx(loss, rel=1e-5)


def test_classification_and_its_run(points, mlp, tmp_path):
    run = toolkit.train(
        mlp,
        points,
        optimizer={"name": "adam", "learning_rate": 0.1},
        batch_size=16,
        epochs=10,
        run_dir=tmp_path / "run",
        quiet=True,
    )
    assert run.results["test/accuracy"] > 0.9
    p = run.model(points.test.arrays["x"]).numpy()
    np.testing.assert_allclose(p.sum(-1), 1.0, rtol=1e-5)
    accuracy = (p.argmax(-1) == points.test.arrays["label"]).mean()
    assert run.results["test/accuracy"] == pytest.approx(accuracy)


def test_model_opens_where_the_toolkit_is_not(text, gru, points, mlp, tmp_path):
    for name, model, data in (("text", gru, text), ("points", mlp, points)):
        task = TASK if name == "text" else None
        toolkit.train(
            model, data, task=task, epochs=1, steps_per_epoch=2, run_dir=tmp_path / name, quiet=True
        )
    code = (
        "import sys; sys.modules['toolkit'] = None\n"
        "import keras, numpy as np\n"
        "a = keras.models.load_model(sys.argv[1] + '/text/model.keras')\n"
        "b = keras.models.load_model(sys.argv[1] + '/points/model.keras')\n"
        "print(a.predict(np.ones((3, 50), 'int32'), verbose=0).shape, a.compiled)\n"
        "print(b.predict(np.ones((5, 2)), verbose=0).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["(3, 50, 8) False", "(5, 3)"]


def test_the_same_seed_gives_the_same_weights(points, mlp, tmp_path):
    runs = [
        toolkit.train(mlp, points, epochs=2, seed=seed, run_dir=tmp_path / str(i), quiet=True)
        for i, seed in enumerate((1, 1, 2))
    ]
    first, second, third = (run.model.get_weights() for run in runs)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, third, strict=True))


@pytest.mark.parametrize("kind", ["text", "points"])
def test_accumulation_gives_the_weights_of_whole_batches(kind, request, tmp_path):
    data = request.getfixturevalue(kind)
    model = request.getfixturevalue({"text": "gru", "points": "mlp"}[kind])
    weights = []
    for parts in (1, 3):
        optimizer = {"name": "sgd", "learning_rate": 0.1, "gradient_accumulation_steps": parts}
        run = toolkit.train(
            model,
            data,
            task=TASK if kind == "text" else None,
            optimizer=optimizer,
            batch_size=7,
            epochs=1,
            run_dir=tmp_path / str(parts),
            quiet=True,
        )
        weights.append(run.model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_short_last_batches_count_by_what_they_hold(points, mlp, tmp_path):
    run = toolkit.train(mlp, points, batch_size=32, epochs=1, run_dir=tmp_path / "r", quiet=True)
    p = run.model(points.test.arrays["x"]).numpy()
    loss = -np.log(p[np.arange(40), points.test.arrays["label"]]).mean()
    assert run.results["test/loss"] == pytest.approx(loss, rel=1e-5)


def test_averaged_weights_are_what_is_scored_and_saved(points, mlp, tmp_path):
    optimizer = {"name": "sgd", "learning_rate": 0.5, "use_ema": True, "ema_momentum": 0.9}
    run = toolkit.train(
        mlp, points, optimizer=optimizer, epochs=1, run_dir=tmp_path / "r", quiet=True
    )
    rows = metrics(run)
    assert run.evaluate("valid")["loss"] == pytest.approx(float(rows[0]["valid/loss"]), rel=1e-5)
    # The average of a plain run's weights, by the formula.
    plain = []
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda b, logs: plain.append(keep.model.network.get_weights())
    )
    toolkit.train(
        mlp,
        points,
        optimizer={"name": "sgd", "learning_rate": 0.5},
        epochs=1,
        run_dir=tmp_path / "plain",
        quiet=True,
        callbacks=[keep],
    )
    average = plain[0]
    for weights in plain[1:]:
        average = [0.9 * a + 0.1 * w for a, w in zip(average, weights, strict=True)]
    for one, other in zip(run.model.get_weights(), average, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_divergence_names_the_step_and_keeps_the_last_good_weights(points, mlp, tmp_path):
    with pytest.raises(Refused, match=r"training diverged: .* at step \d+") as told:
        toolkit.train(
            {"body": [{"dense": {"units": [8], "activation": "linear"}}]},
            points,
            task="classification",
            optimizer={"name": "sgd", "learning_rate": 1e30},
            epochs=5,
            run_dir=tmp_path / "run",
            quiet=True,
        )
    assert "The last good weights" in str(told.value) and "learning_rate" in str(told.value)
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_early_stopping_and_the_best_epoch(points, mlp, tmp_path):
    run = toolkit.train(
        mlp,
        points,
        optimizer={"name": "adam", "learning_rate": 0.1},
        epochs=50,
        patience=2,
        run_dir=tmp_path / "r",
        quiet=True,
    )
    rows = metrics(run)
    assert len(rows) == run.results["best_epoch"] + 2 < 50
    assert run.evaluate("valid")["accuracy"] == pytest.approx(run.results["valid/accuracy"])


def test_the_last_epoch_is_kept_where_it_is_asked_for(points, mlp, tmp_path):
    options = {"optimizer": {"name": "adam", "learning_rate": 0.1}, "epochs": 9, "quiet": True}
    best = toolkit.train(mlp, points, **options, run_dir=tmp_path / "best")
    run = toolkit.train(mlp, points, **options, restore="last", run_dir=tmp_path / "last")
    assert best.results["best_epoch"] < 9, "else nothing is tested"
    assert run.results["best_epoch"] == 9
    losses = [[row["train/loss"] for row in metrics(each)] for each in (run, best)]
    assert losses[0] == losses[1]  # the same training
    last = float(metrics(run)[-1]["valid/accuracy"])
    assert run.results["valid/accuracy"] == pytest.approx(last)
    assert run.results["valid/loss"] == pytest.approx(float(metrics(run)[-1]["valid/loss"]))
    assert run.evaluate("valid")["accuracy"] == pytest.approx(last)
    again = run.resume(epochs=10, quiet=True)
    assert again.results["best_epoch"] == 10


def test_max_steps_ends_within_an_epoch(points, mlp, tmp_path):
    run = toolkit.train(
        mlp, points, batch_size=16, epochs=9, max_steps=10, run_dir=tmp_path / "r", quiet=True
    )
    assert run.results["steps"] == 10
    assert [row["step"] for row in metrics(run)] == ["7", "10"]
    assert checkpoints(run.path / "checkpoints")[-1].name == "step-00000010.safetensors"


def test_overfitting_a_batch_reaches_no_loss(text, gru, tmp_path):
    run = toolkit.train(
        gru,
        text,
        task=TASK,
        optimizer={"name": "adam", "learning_rate": 0.05},
        batch_size=4,
        overfit_batches=1,
        epochs=50,
        run_dir=tmp_path / "r",
        quiet=True,
    )
    rows = metrics(run)
    assert float(rows[-1]["train/loss"]) < 0.15


def test_a_checkpoint_holds_the_whole_state(text, gru, tmp_path):
    run = toolkit.train(
        gru, text, task=TASK, batch_size=5, epochs=1, run_dir=tmp_path / "r", quiet=True
    )
    (path,) = checkpoints(run.path / "checkpoints")
    _, trainable, _, _ = reopen(RunFolder(run.path))
    objective = trainable.objective
    objective.compile(optimizer=keras.optimizers.AdamW())
    objective.optimizer.build(objective.trainable_variables)
    state = State.read(path)
    state.put_into(objective)
    assert state.note["step"] == 48 == int(objective.optimizer.iterations)
    assert any(np.abs(s.numpy()).max() > 0 for s in objective.train_states)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(Refused, match="is damaged"):
        State.read(path)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(precision, text, gru, tmp_path):
    try:
        run = toolkit.train(
            gru,
            text,
            task=TASK,
            optimizer={"name": "adam", "learning_rate": 0.02},
            batch_size=5,
            epochs=3,
            precision=precision,
            run_dir=tmp_path / "r",
            quiet=True,
        )
        assert run.results["test/perplexity"] < run.results["test/perplexity (unigram)"]
    finally:
        keras.config.set_dtype_policy("float32")


def test_second_run_in_a_folder_is_refused(points, mlp, tmp_path):
    toolkit.train(mlp, points, epochs=1, run_dir=tmp_path / "r", quiet=True)
    before = (tmp_path / "r" / "results.json").read_bytes()
    with pytest.raises(Refused, match="holds a run already, which is not overwritten"):
        toolkit.train(mlp, points, epochs=1, run_dir=tmp_path / "r", quiet=True)
    assert (tmp_path / "r" / "results.json").read_bytes() == before


def test_what_is_said_of_a_folder_that_holds_a_run_is_how_far_it_came(tmp_path):
    def said() -> str:
        with pytest.raises(Refused) as refusal:
            RunFolder.create(tmp_path / "r")
        return str(refusal.value)

    folder = RunFolder.create(tmp_path / "r")
    assert f"begin it again (resume run={folder.shown}), or give another run_dir" in said()
    (folder.checkpoints / "step-00000001.safetensors").touch()
    assert f"go on with it (resume run={folder.shown}), or give another run_dir" in said()
    folder.results.write_text("{}")
    assert f"train it longer (resume run={folder.shown} trainer.epochs=…)" in said()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_ends_before_the_first_step_leaves_no_folder(error, points, mlp, tmp_path):
    import toolkit.training.run as work

    def fail(*given, **more):
        raise error

    class Fail(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise ValueError

    with pytest.MonkeyPatch.context() as patch, pytest.raises(error):
        patch.setattr(work, "prepare", fail)
        toolkit.train(mlp, points, run_dir=tmp_path / "r", quiet=True)
    assert not (tmp_path / "r").exists()
    with pytest.raises(ValueError):
        toolkit.train(mlp, points, run_dir=tmp_path / "r", quiet=True, callbacks=[Fail()])
    assert (tmp_path / "r" / "train.log").exists(), "a step was made"


def test_a_stop_while_scoring_says_how_to_go_on(points, mlp, tmp_path, monkeypatch):
    import toolkit.training.run as work

    def stop(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(work, "write_results", stop)
        with pytest.raises(KeyboardInterrupt):
            toolkit.train(mlp, points, epochs=1, run_dir=tmp_path / "r", quiet=True)
    folder = RunFolder.open(tmp_path / "r")
    assert f"scored; go on with: python -m toolkit resume run={folder.shown}" in (
        folder.log.read_text()
    )
    assert toolkit.Run(folder.path, points).resume(quiet=True).results["best_epoch"] == 1


@pytest.mark.parametrize("told", [True, False])
def test_batch_norms_of_parts_of_a_batch_are_told(told, points, mlp):
    norm = {"normalize": {"kind": "batch" if told else "layer"}}
    model = {**mlp, "body": [*mlp["body"], norm]}
    for parts in (1, 2):
        setup = prepare(
            model,
            points,
            TASKS["classification"](),
            optimizer={"name": "sgd", "gradient_accumulation_steps": parts},
        )
        said = any("move their averages 2 times a step" in note for note in setup.notes)
        assert said == (told and parts == 2)


@pytest.mark.parametrize(("wanted", "steps", "told"), [(3, 3, False), (4, 4, False), (9, 4, True)])
def test_more_steps_than_the_data_has_batches_are_told(wanted, steps, told, points, mlp):
    task, settings = TASKS["classification"](), TrainerSettings(steps_per_epoch=wanted)
    setup = prepare(mlp, points, task, optimizer={"name": "sgd"}, settings=settings)
    note = "trainer.steps_per_epoch=9: the data is 4 batches, which make an epoch"
    assert (setup.steps, any(text.startswith(note) for text in setup.notes)) == (steps, told)


def test_a_folder_that_cannot_be_written(points, mlp, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="run_dir: cannot write to .*give another run_dir=FOLDER"):
        toolkit.train(mlp, points, epochs=1, run_dir=tmp_path / "file" / "r", quiet=True)


def test_a_full_disk_keeps_what_was_there(points, mlp, tmp_path, monkeypatch):
    import toolkit.training.run_folder as run_folder

    count = []

    def full(descriptor: int) -> None:
        count.append(descriptor)
        if len(count) > 8:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_folder.os, "fsync", full)
    with pytest.raises(Refused, match="No space left on device.*what was there before is kept"):
        toolkit.train(mlp, points, epochs=20, run_dir=tmp_path / "r", quiet=True)
    model = keras.models.load_model(tmp_path / "r" / "model.keras")
    assert model.output_shape == (None, 3)
    assert checkpoints(tmp_path / "r" / "checkpoints")
    hidden = [path.name for path in Path(tmp_path / "r").rglob(".*")]
    assert hidden == [".lock"], "nothing half-written stays"


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_stop_leaves_a_checkpoint_and_a_network(signal, points, mlp, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise signal

    with pytest.raises(signal):
        toolkit.train(
            mlp, points, optimizer="adam", run_dir=tmp_path / "r", quiet=True, callbacks=[Stop()]
        )
    assert [path.name for path in checkpoints(tmp_path / "r" / "checkpoints")] == [
        "step-00000003.safetensors"
    ]
    assert keras.models.load_model(tmp_path / "r" / "model.keras").output_shape == (None, 3)


def test_a_stop_while_averages_are_scored_keeps_both(points, mlp, tmp_path):
    trained: list[list[np.ndarray]] = []

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            trained.append(self.model.network.get_weights())

        def on_test_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toolkit.train(
            mlp,
            points,
            optimizer={"name": "sgd", "learning_rate": 0.5, "use_ema": True},
            run_dir=tmp_path / "r",
            quiet=True,
            callbacks=[Stop()],
        )
    (path,) = checkpoints(tmp_path / "r" / "checkpoints")
    saved = keras.models.load_model(tmp_path / "r" / "model.keras").get_weights()
    with safe_open(path, "numpy") as file:
        for i, weight in enumerate(trained[-1]):
            np.testing.assert_array_equal(file.get_tensor(f"{i:05}"), weight)
            assert not np.array_equal(saved[i], weight), "the network has the averages"


def test_an_unknown_monitor_is_refused_before_there_is_a_folder(points, mlp, tmp_path):
    with pytest.raises(Refused, match="trainer.monitor: no 'acuracy' in .* Did you mean accuracy"):
        toolkit.train(mlp, points, monitor="acuracy", run_dir=tmp_path / "r", quiet=True)
    assert not (tmp_path / "r").exists()


def test_a_damaged_run_is_named(points, mlp, tmp_path):
    run = toolkit.train(mlp, points, max_steps=1, run_dir=tmp_path / "r", quiet=True)
    whole = (run.path / "model.keras").read_bytes()
    (run.path / "model.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Refused, match=r"model\.keras is damaged"):
        run.evaluate()
    (run.path / "spec.json").write_text("{")
    with pytest.raises(Refused, match=r"spec\.json cannot be read"):
        run.evaluate()


def test_a_run_refused_before_its_first_step_leaves_nothing(text, points, gru, mlp, tmp_path):
    with pytest.raises(Refused, match=r"data\.batch_size=2000: train has 1203 tokens, too few"):
        toolkit.train(gru, text, batch_size=2000, run_dir=tmp_path / "r", quiet=True)
    refused = {"body": [{"dens": {"units": 3}}]}
    with pytest.raises(Refused):
        toolkit.train(refused, points, run_dir=tmp_path / "r", quiet=True)
    assert not (tmp_path / "r").exists()
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "mine").write_text("")
    with pytest.raises(Refused):
        toolkit.train(refused, points, run_dir=tmp_path / "r", quiet=True)
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["mine"]


@pytest.mark.parametrize("precision", ["bfloat16", "float64"])
def test_whole_precisions(precision, text, points, gru, mlp, tmp_path):
    gru["body"][0]["recurrent"]["init_range"] = 0.1  # Keras has no orthogonal start in bfloat16
    try:
        for name, model, data in (("text", gru, text), ("points", mlp, points)):
            run = toolkit.train(
                model, data, precision=precision, max_steps=2, run_dir=tmp_path / name, quiet=True
            )
            assert math.isfinite(run.results["test/loss"])
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.slow  # crossings compile a few steps of these
def test_compiled_steps_read_streams(text, gru, tmp_path):
    losses = [
        toolkit.train(
            gru,
            text,
            task=TASK,
            jit=jit,
            max_steps=3,
            run_dir=tmp_path / str(jit),
            quiet=True,
        ).results["test/loss"]
        for jit in (False, True)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
