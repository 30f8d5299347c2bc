"""Which devices a run takes, and what is refused before it starts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import tensorflow as tf

from toolkit.errors import Refused
from toolkit.training import strategy
from toolkit.training.settings import TrainerSettings

TWO = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 0}}


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """No cluster and no accelerator, whatever the machine is."""
    for name in ("TF_CONFIG", "SLURM_NTASKS", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "TPU_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(strategy.tf.config, "list_physical_devices", lambda kind=None: [])


def test_auto_is_one_device_where_there_is_no_more():
    assert strategy.kind_of(TrainerSettings()) == "one_device"
    assert strategy.strategy_of(TrainerSettings()) is None


def test_auto_is_several_workers_where_they_are_named(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps(TWO))
    assert strategy.kind_of(TrainerSettings()) == "multi_worker"
    monkeypatch.delenv("TF_CONFIG")
    monkeypatch.setenv("SLURM_NTASKS", "3")  # of an allocation, in which one process runs
    assert strategy.kind_of(TrainerSettings()) == "one_device"
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "3")
    assert strategy.kind_of(TrainerSettings()) == "multi_worker"


def test_a_cluster_of_one_is_none(monkeypatch):
    alone = {"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(alone))
    assert strategy.kind_of(TrainerSettings()) == "one_device"


def test_auto_takes_all_gpus_of_several(monkeypatch):
    gpus = {"GPU": ["gpu:0", "gpu:1"]}
    monkeypatch.setattr(strategy.tf.config, "list_physical_devices", lambda k: gpus.get(k, []))
    assert strategy.kind_of(TrainerSettings()) == "mirrored"
    assert strategy.kind_of(TrainerSettings(devices=1)) == "one_device"


def test_auto_takes_as_many_devices_as_are_asked_for():
    assert strategy.kind_of(TrainerSettings(devices=2)) == "mirrored"


@pytest.mark.parametrize("kind", ["one_device", "multi_worker", "tpu"])
def test_devices_that_a_strategy_does_not_take_are_refused(kind):
    with pytest.raises(Refused, match=f"devices=2: several .*mirrored.* strategy is {kind}"):
        strategy.strategy_of(TrainerSettings(strategy=kind, devices=2))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}',
    ],
)
def test_a_cluster_that_cannot_be_read_is_refused(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(Refused, match=r"TF_CONFIG cannot be used .*expected \{\"cluster\""):
        strategy.kind_of(TrainerSettings())


def test_workers_that_nobody_names_are_refused():
    with pytest.raises(Refused, match=r"no other worker is named\. Set TF_CONFIG .*launch workers"):
        strategy._made.__wrapped__("multi_worker", None)


def test_sums_over_workers_do_not_wait_for_each_other():
    from tensorflow.python.distribute import collective_util, cross_device_utils

    launcher = cross_device_utils.CollectiveReplicaLauncher(
        1, 1, cross_device_utils.CollectiveKeys(), "/cpu:0", collective_util.Options()
    )

    def waiting() -> list[bool]:
        """Return of each sum in a step whether it begins after another one's end."""

        @tf.function
        def step(a):
            return [launcher.all_reduce(a * i) for i in range(strategy.LANES + 1)]

        graph = step.get_concrete_function(tf.TensorSpec([2])).graph
        sums = [op for op in graph.get_operations() if op.type == "CollectiveReduceV2"]
        return [any(op in sums for op in each.control_inputs) for each in sums]

    assert waiting() == [False] + [True] * strategy.LANES  # TensorFlow's own way
    strategy.sum_side_by_side([launcher])
    assert waiting() == [False] * strategy.LANES + [True]


def toolkit(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toolkit", *words]
    env = {**os.environ, **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)


JOB = ("model=mlp", "data=digits", "logger=none")
SMALL = (*JOB, "trainer.strategy=mirrored")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("trainer.devices=3", "data.batch_size=2"),
            "data.batch_size=2: it is the size of the batch over all devices, and there are 3 "
            "replicas; expected at least one example for each.",
        ),
        (
            ("trainer.devices=2", "trainer.jit=true"),
            "trainer.jit=true: XLA compiles a step for one device, and TensorFlow has no compiled "
            "step that reads weights, or sums gradients, of several; leave it out, or "
            "trainer.strategy=one_device.",
        ),
        (("trainer.strategy=tpu",), "trainer.strategy=tpu: no TPU was found"),
        (
            ("optimizer.use_ema=true", "optimizer.ema_overwrite_frequency=3"),
            "optimizer.ema_overwrite_frequency=3: Keras overwrites weights on one device only; "
            "leave it out, or trainer.strategy=one_device.",
        ),
    ],
)
def test_what_devices_cannot_do_is_refused_and_leaves_no_folder(words, said, tmp_path):
    done = toolkit(*SMALL, *words, f"run_dir={tmp_path / 'r'}")
    assert done.returncode == 2, done.stderr[-2000:]
    assert said in done.stderr
    assert not (tmp_path / "r").exists()


def first_of_two(address: str) -> str:
    """Return the TF_CONFIG of a worker at an address whose only companion never comes."""
    return json.dumps({**TWO, "cluster": {"worker": [address, "localhost:1"]}})


def test_a_worker_whose_port_is_taken_is_refused(tmp_path):
    with socket.create_server(("localhost", 0)) as taken:
        own = f"localhost:{taken.getsockname()[1]}"
        done = toolkit(*JOB, f"run_dir={tmp_path / 'r'}", TF_CONFIG=first_of_two(own))
    assert done.returncode == 2, done.stderr[-2000:]
    assert f"TF_CONFIG: cannot listen at {own}, this worker's address" in done.stderr


def test_a_worker_that_waits_for_the_others_is_ended_by_an_interrupt(tmp_path):
    with socket.create_server(("localhost", 0)) as free:
        own = f"localhost:{free.getsockname()[1]}"
    with subprocess.Popen(
        [sys.executable, "-m", "toolkit", *JOB, f"run_dir={tmp_path / 'r'}"],
        env={**os.environ, "TF_CONFIG": first_of_two(own)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        said = process.stderr.readline()
        time.sleep(2.0)  # it waits in C++
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == -signal.SIGINT
        finally:
            process.kill()
    assert said == "waits for 1 other worker: localhost:1\n"
    assert not (tmp_path / "r").exists()
