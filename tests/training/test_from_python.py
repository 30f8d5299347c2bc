"""Settings from Python: held to the schemas of the command line, all faults at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import toolkit
from toolkit.errors import Refused
from toolkit.training.run_folder import RunFolder


def faults(*given, **settings) -> list[str]:
    with pytest.raises(Refused) as refusal:
        toolkit.train(*given, quiet=True, **settings)
    return refusal.value.faults


def test_every_fault_is_told_at_once_and_no_folder_made(points, mlp, tmp_path):
    said = faults(
        mlp | {"body": [{"dense": {"unitz": [8]}}]},
        points,
        task={"name": "classification", "smooting": 0.1},
        optimizer={"name": "adam", "learning_rate": -1, "beta_1": 1.5, "lr": 1},
        schedule={"name": "cosine", "warmpu": "1 steps"},
        batch_size="32",
        batching={"bucket": True},
        logger="tensorbord",
        seed=-1,
        run_dir=tmp_path / "r",
        epochs=-1,
        restore="bst",
        patience=0,
        strategy="mirored",
        precision="fp16",
        max_steps="3",
        epochz=3,
    )
    keys = [fault.partition(": ")[0] for fault in said]
    assert keys == [
        "seed",
        "model.body[0].dense.unitz",
        "data.batch_size",
        "data.bucket",
        *("task.smooting",),
        *(f"optimizer.{key}" for key in ("learning_rate", "beta_1", "lr")),
        "schedule.warmpu",
        *(f"trainer.{key}" for key in ("epochs", "max_steps", "patience", "restore")),
        *(f"trainer.{key}" for key in ("precision", "strategy", "epochz")),
        "logger.name",
    ]
    assert "trainer.epochz: unknown option of trainer. Did you mean epochs?" in said
    assert "trainer.epochs: expected a whole number from 1; got -1" in said
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch_size": 0}, "data.batch_size: expected "),
        (
            {"optimizer": {"name": "adam", "gradient_accumulation_steps": 0}},
            "optimizer.gradient_accumulation_steps: expected a whole number from 1 or null; got 0",
        ),
        (
            {"optimizer": {"name": "sgd", "gradient_accumulation_steps": 9}, "batch_size": 8},
            "optimizer.gradient_accumulation_steps: a batch of data.batch_size=8 cannot be cut",
        ),
        (
            {"optimizer": {"name": "sgd", "clipnorm": 1.0, "clipvalue": 1.0}},
            "optimizer.clipnorm: clipnorm and clipvalue exclude each other",
        ),
        ({"optimizer": "adma"}, "optimizer.name: no 'adma'. Did you mean "),
        ({"batching": {"augment": {"shft": {}}}}, "data.augment.shft: no such augmentation."),
    ],
)
def test_faults_are_those_of_the_command_line(settings, said, points, mlp):
    (fault,) = faults(mlp, points, **settings)
    assert fault.startswith(said)


def test_a_model_by_its_bare_name_is_refused(points):
    (fault,) = faults("mlp", points)
    assert fault.startswith("model: expected a mapping of keys, with `name` and `body` among them")


def test_numbers_of_numpy_and_paths_are_taken(points, mlp, tmp_path):
    run = toolkit.train(
        mlp | {"body": [{"dense": {"units": (np.int64(4),)}}]},
        points,
        optimizer={"name": "sgd", "learning_rate": np.float32(0.5)},
        epochs=np.int64(1),
        run_dir=Path(tmp_path, "r"),
        quiet=True,
    )
    settings = RunFolder(run.path).settings()
    assert settings["trainer"] == {"epochs": 1}, "what is not said is not written"
    assert settings["optimizer"] == {"name": "sgd", "learning_rate": 0.5}
    with pytest.raises(Refused) as refusal:
        run.resume(epochs="3", precison="float64")
    assert [fault.partition(":")[0] for fault in refusal.value.faults] == [
        "trainer.epochs",
        "trainer.precison",
    ]
