"""``data.batch_size=auto``: what is tried, what is found, and that nothing of it remains."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml

import toolkit
from toolkit.errors import Refused
from toolkit.training import largest_batch
from toolkit.training.checks import check_run
from toolkit.training.largest_batch import Trial, largest
from toolkit.training.memory import available, free_of_groups, peak_of, resident
from toolkit.training.parts import batching_of, make
from toolkit.training.settings import TrainerSettings
from toolkit.training.state import State, checkpoints

MB = 2**20


@pytest.mark.parametrize(
    ("limit", "least", "most", "found"),
    [
        (100, 1, 8192, (96, 128)),
        (70, 1, 8192, (64, 96)),
        (3, 1, 8192, (3, 4)),
        (1, 1, 8192, (1, 2)),
        (0, 1, 8192, (None, 1)),
        (10**9, 1, 8192, (8192, None)),
        (10**9, 1, 100, (64, None)),
        (10**9, 1, 5, (4, None)),
        (10**9, 3, 3, (3, None)),
        (2, 4, 8192, (None, 4)),
    ],
)
def test_powers_of_two_are_tried_and_what_lies_between(limit, least, most, found):
    tried = []

    def fits(size):
        tried.append(size)
        return size <= limit

    assert largest(fits, least, most) == found
    assert len(tried) == len(set(tried))


def settings_of(run):
    return yaml.safe_load((run.path / "config.yaml").read_text())


def state_of(run):
    return State.read(checkpoints(run.path / "checkpoints")[-1])


def test_a_run_is_that_of_the_number_and_resumes_with_it(points, mlp, tmp_path):
    options = {"epochs": 1, "logger": "none", "quiet": True}
    model = {**mlp, "body": [*mlp["body"], {"dropout": {"rate": 0.2}}]}
    auto = toolkit.train(model, points, batch_size="auto", run_dir=tmp_path / "a", **options)
    assert "batch_size=auto: 64 fits (100 examples are all there are)" in (
        (auto.path / "train.log").read_text()
    )
    assert settings_of(auto)["data"]["batch_size"] == 64
    keras.utils.clear_session()
    typed = toolkit.train(model, points, batch_size=64, run_dir=tmp_path / "b", **options)
    a, b = state_of(auto), state_of(typed)
    assert a.names == b.names
    for one, other in zip(a.values, b.values, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(Refused, match="data.batch_size=auto: a run goes on with the batch size"):
        resumed(auto, batch_size="auto")
    resumed(auto)
    assert settings_of(auto)["data"]["batch_size"] == 64
    assert int(state_of(auto).note["step"]) == 4


def resumed(run, **data):
    from toolkit.training.run import resume
    from toolkit.training.run_folder import RunFolder

    config = settings_of(run)
    config["trainer"]["epochs"] = 2
    config["data"] |= data
    resume(RunFolder.open(run.path), config, run.data, quiet=True)


def trial(points, mlp, monkeypatch, takes, *, gpu=False, memory=2000 * MB, **data):
    """Return a trial of which only the memory that it takes is made up."""
    trained = []

    def train(self, size):
        trained.append(size)
        if gpu and takes(size) > memory:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    def measured(work):
        work()
        return takes(trained[-1])

    monkeypatch.setattr(Trial, "_train", train)
    monkeypatch.setattr(largest_batch, "peak_of", measured)
    monkeypatch.setattr(largest_batch, "available", lambda: memory)
    monkeypatch.setattr(largest_batch, "resident", lambda: 0)
    config = {
        "model": mlp,
        "data": {"name": None, "batch_size": "auto", **data},
        "task": {"name": "classification"},
        "optimizer": {"name": "sgd"},
        "schedule": {"name": "constant"},
        "trainer": {},
        "seed": 0,
    }
    made = Trial(config, points)
    made.examples = 10**6
    made.memory = None if gpu else made.memory
    return made, trained


def test_on_a_gpu_batches_grow_until_there_is_no_memory(points, mlp, monkeypatch):
    made, trained = trial(points, mlp, monkeypatch, lambda size: 10 * MB * size, gpu=True)
    assert made.largest() == (192, "192 fits (256 does not)")
    assert trained == [32, 64, 128, 256, 192]


def test_on_a_cpu_larger_batches_are_foreseen(points, mlp, monkeypatch):
    made, trained = trial(points, mlp, monkeypatch, lambda size: (400 + size) * MB)
    told = "1,024 fits (1,536 does not), by the memory that 256 and 512 took"
    assert made.largest() == (1024, told)  # 1,424 MiB, where 0.8 x 2,000 are to be had
    assert trained == [32, 64, 128, 256, 512]


def test_on_a_cpu_no_batch_is_tried_that_would_not_fit(points, mlp, monkeypatch):
    made, trained = trial(points, mlp, monkeypatch, lambda size: (400 + 10 * size) * MB)
    assert made.largest() == (96, "96 fits (128 does not), by the memory that 32 and 64 took")
    assert trained == [32, 64]


def test_more_than_the_limit_is_not_tried(points, mlp, monkeypatch):
    made, _ = trial(points, mlp, monkeypatch, lambda size: MB, gpu=True)
    assert made.largest() == (8192, "8,192 fits (more is not tried)")


def test_a_model_that_never_fits_is_refused(points, mlp, monkeypatch):
    made, _ = trial(points, mlp, monkeypatch, lambda size: 4000 * MB)
    with pytest.raises(Refused, match="data.batch_size=auto: not even a batch of 1 fits"):
        made.largest()


def test_workers_do_not_try(points):
    task = make(toolkit.tasks.TASKS, {"name": "classification"})
    settings = TrainerSettings(strategy="multi_worker")
    with pytest.raises(Refused, match="data.batch_size=auto: it is not tried out under"):
        check_run(points, task, settings, batching_of({"batch_size": "auto"}))


def test_memory_is_measured():
    held = []
    before = resident()
    most = peak_of(lambda: held.append(np.ones(64 * MB // 8)))
    assert most >= before + 32 * MB
    assert available() > 0


@pytest.mark.parametrize(
    ("line", "folder", "limit", "used", "cache"),
    [
        ("0::/job/run", "", "memory.max", "memory.current", "inactive_file"),
        (
            "4:cpu,memory:/job/run",
            "memory",
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ],
    ids=["v2", "v1"],
)
def test_files_that_a_container_has_read_are_not_memory_that_is_taken(
    tmp_path, line, folder, limit, used, cache
):
    def group(name, *, most, taken, files):
        at = tmp_path / folder / name
        at.mkdir(parents=True, exist_ok=True)
        (at / limit).write_text(f"{most}\n")
        (at / used).write_text(f"{taken}\n")
        (at / "memory.stat").write_text(f"anon 5\n{cache} {files}\n")

    own = tmp_path / "own"
    own.write_text(f"9:pids:/other\n{line}\n")
    assert free_of_groups(own, tmp_path) == []  # a machine's process, or a host's path
    group("job", most=8000, taken=7900, files=6000)
    assert free_of_groups(own, tmp_path) == [6100]
    group("job/run", most="max", taken=100, files=0)
    assert free_of_groups(own, tmp_path) == [6100]  # no limit of its own
    group("job/run", most=500, taken=100, files=20)
    group(".", most=9000, taken=9000, files=8000)
    assert free_of_groups(own, tmp_path) == [420, 6100, 8000]
    (tmp_path / folder / "job" / "memory.stat").unlink()
    assert free_of_groups(own, tmp_path) == [420, 100, 8000]
    assert free_of_groups(tmp_path / "none", tmp_path) == []
