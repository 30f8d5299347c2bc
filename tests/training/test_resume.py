"""A run that was stopped and resumed ends as the one that never was."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import toolkit
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.training.run_folder import RunFolder
from toolkit.training.run_state import progress_of
from toolkit.training.state import State, checkpoints

LM = {"name": "language_modelling", "sequence_length": 3}


class StopAt(keras.callbacks.Callback):
    """Ctrl-C after some step of the run, or in the validation that follows it."""

    def __init__(self, step: int, validating: bool = False):
        super().__init__()
        self.step, self.validating, self.done = step, validating, 0

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.done == self.step and not self.validating:
            raise KeyboardInterrupt

    def on_test_batch_end(self, batch, logs=None):
        if self.done == self.step and self.validating:
            raise KeyboardInterrupt


@pytest.fixture
def pictures() -> Dataset:
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        label = random.integers(0, 3, n).astype("int32")
        image = random.integers(0, 60, (n, 8, 8, 1)) + 60 * label[:, None, None, None]
        return Split({"image": image.astype("uint8"), "label": label})

    spec = Spec(
        {"image": Field("image", (8, 8, 1), "uint8")},
        {"label": Field("label", (), "int32", classes=("a", "b", "c"))},
    )
    return Dataset(spec, split(40), split(12), split(12))


@pytest.fixture
def two_sorts(pictures) -> Dataset:
    """Dark images and bright pictures, with no pairs among them."""

    def bright(split: Split) -> Split:
        image = split.arrays["image"]
        return Split({"image": image, "picture": 255 - image[::-1]})

    target = Field("picture", (8, 8, 1), "uint8", unpaired=True)
    spec = Spec(pictures.spec.inputs, {"picture": target})
    return Dataset(spec, *(bright(s) for s in pictures.splits.values()))


@pytest.fixture
def two_pictures(tmp_path) -> Dataset:
    """A pair for style transfer, and a network that looks at it in ``looks.keras``."""
    random = np.random.default_rng(0)
    for name in ("content.png", "style.png"):
        pixels = random.integers(0, 256, (9, 8, 3)).astype("uint8")
        keras.utils.save_img(tmp_path / name, pixels, scale=False)
    entry = keras.Input((8, 8, 3))
    conv = keras.layers.Conv2D(3, 3, activation="relu")(entry)
    keras.Model(entry, conv).save(tmp_path / "looks.keras")
    return toolkit.load_data(
        "style_pair", root=str(tmp_path), content="content.png", style="style.png", steps=8
    )


@pytest.fixture
def waves() -> Dataset:
    time = np.arange(300, dtype="float32")
    values = np.stack([np.sin(time / 5), np.cos(time / 7)], 1)
    field = Field("series", (None, 2))
    spec = Spec({"series": field}, {"future": Field("future", (None, 2))})
    rows = ((0, 200), (200, 250), (250, 300))
    return Dataset(spec, *(Split({"series": values}, rows=part) for part in rows))


@pytest.fixture
def cases(text, pictures, two_sorts, two_pictures, waves, tmp_path):
    """What is trained: each with something of its own to be remembered."""
    recurrent = {"cell": "lstm", "units": 8, "layers": 2, "dropout": 0.3}
    return {
        "language model": {
            "model": {
                "name": "lstm",
                "stem": {"tokens": {"units": 8, "dropout": 0.2}},
                "body": [{"recurrent": recurrent}],
            },
            "data": text,
            "task": LM,
            "optimizer": {
                "name": "adamw",
                "learning_rate": 0.01,
                "use_ema": True,
                "ema_momentum": 0.9,
                "global_clipnorm": 1.0,
                "gradient_accumulation_steps": 2,
            },
            "schedule": {"name": "cosine", "warmup": "5 steps"},
            "batch_size": 6,
        },
        "network of images": {
            "model": {
                "name": "cnn",
                "body": [
                    {"conv": {"filters": [4]}},
                    {"normalize": {}},
                    {"pool": {"kind": "flatten"}},
                    {"dropout": {"rate": 0.4}},
                ],
            },
            "data": pictures,
            "optimizer": {"name": "sgd", "momentum": 0.9, "use_ema": True, "ema_momentum": 0.8},
            "schedule": {"name": "plateau", "patience": 1, "factor": 0.5, "min_delta": 0.5},
            "batch_size": 7,
            "batching": {"augment": {"shift": {"height": 0.2}}},
            "precision": "mixed_float16",
            "patience": 50,
        },
        "forecaster": {
            "model": {"name": "gru", "body": [{"recurrent": {"units": 6, "dropout": 0.2}}]},
            "data": waves,
            "task": {"name": "forecast", "context": 3, "horizon": 2},
            "optimizer": {"name": "adam", "gradient_accumulation_steps": 2},
            "batch_size": 16,
            "max_steps": 40,
        },
        "game of two networks": {
            "model": {
                "name": "gan",
                "generator": [{"generator": {"filters": [4]}}],
                "discriminator": [{"discriminator": {"filters": [4], "dropout": 0.3}}],
            },
            "data": pictures,
            "task": {
                "name": "adversarial",
                "latent": 5,
                "labels": "condition",
                "discriminator_steps": 2,
                "discriminator_optimizer": {"learning_rate": 0.02, "clipnorm": 0.5},
                "discriminator_schedule": {"name": "cosine"},
            },
            "optimizer": {"name": "adam", "use_ema": True, "ema_momentum": 0.8},
            "batch_size": 4,
            "precision": "mixed_float16",
        },
        "game of four networks": {
            "model": {
                "name": "cyclegan",
                "generator": [{"conv": {"filters": [3], "dropout": 0.2}}],
                "discriminator": [{"conv": {"filters": [3]}}],
            },
            "data": two_sorts,
            "task": {
                "name": "image_translation",
                "method": "cyclegan",
                "pool": 7,
                "discriminator_optimizer": {"learning_rate": 0.002},
            },
            "optimizer": {"name": "adam", "use_ema": True, "ema_momentum": 0.8},
            "batch_size": 4,
        },
        "game over tokens": {
            "model": {
                "name": "sequence_gan",
                "stem": {"tokens": {"units": 4}},
                "generator": [{"recurrent": {"units": 6, "dropout": 0.2}}],
                "discriminator": [{"conv": {"filters": [3]}}, {"pool": {"kind": "global_max"}}],
            },
            "data": text,
            "task": {
                "name": "sequence_adversarial",
                "sequence_length": 3,
                "latent": 4,
                "pretrain": 1,
                "final_temperature": 0.5,
                "judged": 20,
            },
            "optimizer": {"name": "adam"},
            "batch_size": 16,
        },
        "code that is drawn": {
            "model": {
                "name": "vae",
                "encoder": [{"dense": {"units": [6]}}, {"sampling": {"units": 2}}],
                "decoder": [{"dense": {"units": [6]}}],
            },
            "data": pictures,
            "task": {"name": "variational", "binarize": True, "beta": 0.5},
            "optimizer": {"name": "adam"},
            "batch_size": 8,
        },
        "one picture": {
            "model": {"name": "picture", "generator": [{"picture": {}}]},
            "data": two_pictures,
            "task": {"name": "style_transfer", "features": str(tmp_path / "looks.keras")},
            "optimizer": {"name": "adam", "learning_rate": 0.03, "use_ema": True},
            "schedule": {"name": "cosine"},
            "batch_size": 1,
        },
    }


CASES = (
    "language model",
    "network of images",
    "forecaster",
    "game of two networks",
    "game of four networks",
    "game over tokens",
    "code that is drawn",
    "one picture",
)


def train(case: dict, folder: Path, **more) -> toolkit.api.Run:
    case = dict(case)
    model, data = case.pop("model"), case.pop("data")
    case = {"epochs": 3, "logger": "none", **case, **more}
    return toolkit.train(model, data, run_dir=folder, quiet=True, **case)


def last_state(folder: Path) -> State:
    return State.read(checkpoints(folder / "checkpoints")[-1])


def assert_same_runs(one: Path, other: Path) -> None:
    """All variables, the kept network, the table and the results agree to the last bit."""
    a, b = last_state(one), last_state(other)
    assert a.names == b.names or len(a.names) == len(b.names)
    for name, x, y in zip(a.names, a.values, b.values, strict=True):
        np.testing.assert_array_equal(x, y, err_msg=name)
    for key in ("step", "epoch", "batch", "closed", "logs"):
        assert a.note[key] == b.note[key], key
    networks = [keras.models.load_model(f / "model.keras", compile=False) for f in (one, other)]
    for x, y in zip(*(n.get_weights() for n in networks), strict=True):
        np.testing.assert_array_equal(x, y)
    texts = [(f / "metrics.csv").read_text().splitlines() for f in (one, other)]
    tables = [list(csv.DictReader(lines)) for lines in texts]
    results = [json.loads((f / "results.json").read_text()) for f in (one, other)]
    for row in (*tables[0], *tables[1], *results):
        del row["seconds"]
    assert tables[0] == tables[1]
    assert results[0] == results[1]


@pytest.mark.parametrize("name", CASES)
def test_resumed_it_ends_as_if_never_stopped(name, cases, tmp_path):
    case = cases[name]
    try:
        whole = train(case, tmp_path / "whole")
        steps = last_state(whole.path).note["steps"]
        stops = [StopAt(steps // 2), StopAt(3), StopAt(2 * steps, validating=True)]
        with pytest.raises(KeyboardInterrupt):
            train(case, tmp_path / "r", callbacks=[stops[0]])
        # Within an epoch, right after it was resumed, and within a validation.
        at = [steps // 2, steps // 2 + 3, 2 * steps]
        stops[2].step -= at[1]
        for stop, done in zip((*stops[1:], None), at, strict=True):
            assert last_state(tmp_path / "r").note["step"] == done
            folder = RunFolder.open(tmp_path / "r")
            watch = [stop] if stop else []
            from toolkit.training.run import resume

            if stop:
                with pytest.raises(KeyboardInterrupt):
                    resume(folder, folder.settings(), case["data"], quiet=True, callbacks=watch)
            else:
                resume(folder, folder.settings(), case["data"], quiet=True)
    finally:
        keras.config.set_dtype_policy("float32")
    assert_same_runs(tmp_path / "whole", tmp_path / "r")


KERAS_OPTIMIZERS = {
    "a schedule of Keras's": lambda: keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(0.1, 20)
    ),
    "accumulation of Keras's": lambda: keras.optimizers.SGD(0.1, gradient_accumulation_steps=4),
    "a loss scale": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
}


@pytest.mark.parametrize("name", KERAS_OPTIMIZERS)
def test_keras_optimizers_and_callbacks_of_ones_own_are_found_again(name, points, mlp, tmp_path):
    class Count(StopAt):
        def state(self):
            return {"done": self.done}

        def restore(self, state):
            self.done = state["done"]

    case = {"model": mlp, "data": points, "batch_size": 10, "epochs": 2}
    whole = train(case, tmp_path / "whole", optimizer=KERAS_OPTIMIZERS[name]())
    with pytest.raises(KeyboardInterrupt):
        train(case, tmp_path / "r", optimizer=KERAS_OPTIMIZERS[name](), callbacks=[Count(13)])
    count = Count(99)
    run = toolkit.Run(str(tmp_path / "r"), points).resume(quiet=True, callbacks=[count])
    assert count.done == 20
    assert run.results["steps"] == whole.results["steps"]
    assert_same_runs(whole.path, run.path)


def test_a_keras_optimizer_that_cannot_be_made_again_is_refused(points, mlp, tmp_path):
    class Fall(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1

    case = {"model": mlp, "data": points}
    with pytest.raises(Refused, match=r"optimizer: SGD cannot be written .* give each class of"):
        train(case, tmp_path / "r", optimizer=keras.optimizers.SGD(Fall()))
    assert not (tmp_path / "r").exists()
    Fall.get_config = lambda self: {}
    run = train(case, tmp_path / "r", optimizer=keras.optimizers.SGD(Fall()), epochs=1)
    with pytest.raises(Refused, match=r"optimizer: 'sgd.*' of config.yaml cannot be made again"):
        run.resume(quiet=True, epochs=2)


def test_a_keras_optimizer_keeps_its_schedule(points, mlp, tmp_path):
    with pytest.raises(Refused) as refusal:
        toolkit.train(
            mlp,
            points,
            optimizer=keras.optimizers.Adam(),
            schedule="cosine",
            task={"name": "adversarial", "discriminator_optimizer": {"learning_rate": 1.0}},
            run_dir=tmp_path / "r",
        )
    assert refusal.value.faults == [
        "schedule.name: 'cosine': a Keras optimizer has its own; give it one as its learning_rate, "
        "or name the optimizer",
        "task.discriminator_optimizer: a Keras optimizer is taken for each network as it is; name "
        "the optimizer",
    ]


def test_data_of_ones_own_is_asked_for(points, mlp, tmp_path):
    run = train({"model": mlp, "data": points}, tmp_path / "r", epochs=1)
    with pytest.raises(Refused, match=r"data that no configuration names; give it: toolkit\.Run"):
        toolkit.Run(run.path).resume(epochs=2)


def test_checkpoints_between_and_the_one_that_is_damaged(points, mlp, tmp_path, capsys):
    case = {"model": mlp, "data": points, "batch_size": 10, "checkpoint_every": 3, "keep": 3}
    train(case, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(case, tmp_path / "r", callbacks=[StopAt(14)])
    kept = [path.name for path in checkpoints(tmp_path / "r" / "checkpoints")]
    assert kept == [f"step-{step:08}.safetensors" for step in (9, 12, 14)]
    newest = tmp_path / "r" / "checkpoints" / kept[-1]
    newest.write_bytes(newest.read_bytes()[:2000])
    run = toolkit.Run(tmp_path / "r", points).resume(quiet=True)
    log = (run.path / "train.log").read_text()
    assert f"{kept[-1]} is damaged" in log and "The checkpoint before it is used." in log
    assert f"goes on from {kept[-2]}, after step 12" in log
    assert_same_runs(tmp_path / "whole", run.path)


def test_checkpoints_by_time(points, mlp, tmp_path):
    case = {"model": mlp, "data": points, "batch_size": 10, "epochs": 1, "keep": 99}
    run = train(case, tmp_path / "r", checkpoint_minutes=1e-9)
    assert len(checkpoints(run.path / "checkpoints")) == 10


def test_a_finished_run_is_trained_longer_only_when_asked(points, mlp, tmp_path):
    case = {"model": mlp, "data": points, "batch_size": 10}
    run = train(case, tmp_path / "r", epochs=2)
    with pytest.raises(Refused, match=r"is finished, after step 20; to train it longer: resume"):
        run.resume(quiet=True)
    run.resume(quiet=True, epochs=3)
    assert "changed: trainer.epochs: 2 → 3" in (run.path / "train.log").read_text()
    assert RunFolder(run.path).settings()["trainer"]["epochs"] == 3
    train(case, tmp_path / "whole", epochs=3)
    assert_same_runs(tmp_path / "whole", run.path)


def test_a_finished_run_that_is_stopped_while_trained_longer_goes_on(points, mlp, tmp_path):
    case = {"model": mlp, "data": points, "batch_size": 10}
    run = train(case, tmp_path / "r", epochs=2)
    folder = RunFolder.open(run.path)
    from toolkit.training.run import resume

    config = folder.settings()
    longer = {**config, "trainer": {**config["trainer"], "epochs": 3}}
    with pytest.raises(KeyboardInterrupt):
        resume(folder, longer, points, quiet=True, callbacks=[StopAt(4)])
    assert progress_of(folder) == "begun", "the results were of two epochs"
    run.resume(quiet=True)
    train(case, tmp_path / "whole", epochs=3)
    assert_same_runs(tmp_path / "whole", run.path)


def test_more_steps_go_on_in_the_epoch_that_was_cut_short(points, mlp, tmp_path):
    case = {"model": mlp, "data": points, "batch_size": 10, "epochs": 3}
    run = train(case, tmp_path / "r", max_steps=15)
    run.resume(quiet=True, max_steps=24)
    train(case, tmp_path / "whole", max_steps=24)
    assert_same_runs(tmp_path / "whole", run.path)


def test_more_steps_go_on_after_a_stop_in_the_validation_of_the_epoch_cut_short(
    points, mlp, tmp_path
):
    case = {"model": mlp, "data": points, "batch_size": 10, "epochs": 2}
    with pytest.raises(KeyboardInterrupt):
        train(case, tmp_path / "r", max_steps=15, callbacks=[StopAt(15, validating=True)])
    run = toolkit.Run(tmp_path / "r", points).resume(quiet=True, max_steps=20)
    train(case, tmp_path / "whole", max_steps=20)
    assert_same_runs(tmp_path / "whole", run.path)


def resumed(run: toolkit.api.Run, points: Dataset, **changes: dict) -> list[dict[str, str]]:
    """Go on with a changed configuration, and return the lines of metrics.csv."""
    from toolkit.training.run import resume

    folder = RunFolder.open(run.path)
    config = folder.settings()
    config = {k: {**v, **changes[k]} if k in changes else v for k, v in config.items()}
    resume(folder, config, points, quiet=True)
    return list(csv.DictReader((run.path / "metrics.csv").read_text().splitlines()))


def test_a_learning_rate_that_is_changed_is_taken(points, mlp, tmp_path):
    run = train({"model": mlp, "data": points, "batch_size": 10}, tmp_path / "r", epochs=2)
    rows = resumed(run, points, optimizer={"learning_rate": 0.5}, trainer={"epochs": 3})
    rates = [float(row["learning_rate"]) for row in rows]
    assert rates[0] == rates[1] != 0.5 and rates[2] == pytest.approx(0.5)


def test_another_monitor_begins_anew(points, mlp, tmp_path):
    case = {"model": mlp, "data": points, "batch_size": 10, "monitor": "loss"}
    run = train(case, tmp_path / "r", epochs=1)
    rows = resumed(run, points, trainer={"epochs": 4, "monitor": "accuracy"})
    scores = [float(row["valid/accuracy"]) for row in rows[1:]]
    results = json.loads((run.path / "results.json").read_text())
    assert results["valid/accuracy"] == pytest.approx(max(scores))
    assert results["best_epoch"] == 2 + scores.index(max(scores))


def test_what_was_trained_on_is_not_carved_for_validation(mlp, tmp_path):
    from toolkit.training import run

    random = np.random.default_rng(0)
    rows = [f"{x},{'ab'[int(x > 0)]}" for x in random.normal(size=40)]
    (tmp_path / "table.csv").write_text("\n".join(["x,label", *rows]))
    data = {"name": "tabular", "train": str(tmp_path / "table.csv"), "label_column": "label"}
    folder = run.train(
        model=mlp,
        data={**data, "validation_fraction": 0.2, "batch_size": 8},
        task={"name": "classification"},
        optimizer={"name": "sgd"},
        schedule={"name": "constant"},
        trainer={"epochs": 1},
        logger={"name": "none"},
        run_dir=str(tmp_path / "r"),
        quiet=True,
    )
    config = folder.settings()
    longer = {**config, "trainer": {"epochs": 2}}
    otherwise = {**longer, "seed": 7, "data": {**config["data"], "validation_fraction": 0.5}}
    with pytest.raises(Refused) as refusal:
        run.resume(folder, otherwise, quiet=True)
    assert refusal.value.faults == [
        f"{key}={new}: the run's data was shared out with {key}={old}, and what it has trained on "
        f"would be among what is held back; leave {key} out, or train anew with another "
        "run_dir=FOLDER."
        for key, new, old in (("data.validation_fraction", 0.5, 0.2), ("seed", 7, 1))
    ]
    carved = "rows are carved for valid."
    before = folder.log.read_text().count(carved)
    run.resume(folder, longer, quiet=True)
    assert folder.log.read_text().count(carved) == before + 1 == 2


def test_another_precision_is_refused(points, mlp, tmp_path):
    run = train({"model": mlp, "data": points}, tmp_path / "r", epochs=1)
    with pytest.raises(Refused, match=r"kernel is of type float32 there and float64 here"):
        resumed(run, points, trainer={"epochs": 2, "precision": "float64"})
    keras.config.set_dtype_policy("float32")


def test_epochs_without_validation_leave_the_columns_of_others(points, mlp, tmp_path):
    case = {"model": mlp, "data": points, "batch_size": 10, "validate_every": 2}
    run = train(case, tmp_path / "r", epochs=3)
    rows = resumed(run, points, trainer={"epochs": 4})
    assert [bool(row["valid/loss"]) for row in rows] == [False, True, False, True]
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]


def test_it_stops_as_told_though_the_disk_is_full(points, mlp, tmp_path, monkeypatch):
    def full(state: State, path: Path) -> None:
        raise Refused("no space left")

    monkeypatch.setattr(State, "write", full)
    with pytest.raises(KeyboardInterrupt):
        train({"model": mlp, "data": points}, tmp_path / "r", callbacks=[StopAt(2)])
    log = (tmp_path / "r" / "train.log").read_text()
    assert "stopped at step 2, without a checkpoint: no space left" in log


def test_killed_between_the_last_epoch_and_the_results(points, mlp, tmp_path):
    case = {
        "model": mlp,
        "data": points,
        "optimizer": {"name": "sgd", "use_ema": True, "ema_momentum": 0.9},
    }
    run = train(case, tmp_path / "r")
    shutil.copytree(run.path, tmp_path / "whole")
    (run.path / "results.json").unlink()
    run.resume(quiet=True)
    assert_same_runs(tmp_path / "whole", run.path)


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_other_examples_are_refused_or_told(part, points, mlp, tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        train({"model": mlp, "data": points}, tmp_path / "r", callbacks=[StopAt(2)])
    order = np.arange(len(points.splits[part]))[::-1]
    other = replace(points, **{part: points.splits[part].take(order)})
    count = len(order)
    told = (
        f"the {part} part is no longer what {tmp_path / 'r'} began with: other examples "
        f"({count} then, {count} now)."
    )
    run = toolkit.Run(tmp_path / "r", other)
    run.evaluate(part)
    assert told in capsys.readouterr().out
    run.evaluate("train" if part == "test" else "test")
    assert "no longer" not in capsys.readouterr().out
    if part == "test":
        run.resume(quiet=True)
        assert told in (tmp_path / "r" / "train.log").read_text()
        return
    with pytest.raises(Refused) as refused:
        run.resume(quiet=True)
    assert refused.value.faults[0] == f"run: {told}"
    assert "begin a run with this one's weights: model.init_from=" in refused.value.faults[1]
    (tmp_path / "r" / "parts.json").unlink()  # as in runs of earlier versions
    run.resume(quiet=True)


def test_what_cannot_be_resumed(points, mlp, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train({"model": mlp, "data": points}, tmp_path / "r", callbacks=[StopAt(2)])
    run = toolkit.Run(tmp_path / "r", points)
    folder = RunFolder.open(run.path)
    from toolkit.training.run import resume

    def refused(said: str, dataset=points, **changes) -> None:
        with pytest.raises(Refused, match=said):
            resume(folder, {**folder.settings(), **changes}, dataset, quiet=True)

    with (
        folder.held(),
        pytest.raises(Refused, match=r"r is being trained by another process\."),
    ):
        run.resume()
    before = folder.config.read_text()
    wider = {"name": "mlp", "body": [{"dense": {"units": [9]}}]}
    refused(
        r"of another network or optimizer: .*kernel has shape \(2, 8\) there and \(2, 9\) here",
        model=wider,
    )
    refused(
        r"an epoch had 4 batches and has 10 now, by which steps and schedule would count anew",
        data={**folder.settings()["data"], "batch_size": 10},
    )
    assert folder.config.read_text() == before, "a change that is refused leaves no trace"
    classes = ("red", "green", "violet")
    other = Dataset(
        Spec(points.spec.inputs, {"label": Field("label", (), "int32", classes=classes)}),
        points.train,
        points.valid,
        points.test,
    )
    refused(r"the data is no longer what .* began with: its targets differ from spec\.json", other)
    for path in checkpoints(folder.checkpoints):
        path.write_bytes(b"")
    refused(r"step-00000002\.safetensors is damaged")
    for path in checkpoints(folder.checkpoints):
        path.unlink()
    folder.results.write_text("{}")
    refused("no checkpoint in .*checkpoints to go on from")


def test_a_run_without_a_checkpoint_begins_again(points, mlp, tmp_path):
    whole = train({"model": mlp, "data": points}, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train({"model": mlp, "data": points}, tmp_path / "r", callbacks=[StopAt(2)])
    run = toolkit.Run(tmp_path / "r", points)
    for path in checkpoints(tmp_path / "r" / "checkpoints"):
        path.unlink()
    run.resume(quiet=True)
    assert "before its first checkpoint: begins again" in (run.path / "train.log").read_text()
    for one, other in zip(whole.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_a_killed_run_wrote_aside_is_taken_away(tmp_path):
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    step = "step-00000004.safetensors"
    aside = {"checkpoints/.31958-" + step, ".1-model.keras", ".1-model.tmp.keras", ".1-parts.json"}
    kept = {"checkpoints/" + step, ".1-average.keras", ".1-average.tmp.keras", ".1-notes.json"}
    for name in aside | kept:
        (tmp_path / name).touch()
    with folder.held():
        assert not any((tmp_path / name).exists() for name in aside)
    assert all((tmp_path / name).exists() for name in kept)
