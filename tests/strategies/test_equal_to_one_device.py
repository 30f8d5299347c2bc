"""Replicas and workers come to the losses, metrics and weights of one device."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from families import FAMILIES
from filelock import FileLock
from trained import folder

from toolkit.training.state import State, checkpoints

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIMIT = 600
"""Seconds, far more than any of these takes."""


def start(output: Path, strategy: str, devices: int, names: tuple[str, ...], **environment: str):
    """Start the training of some families in a process of its own."""
    return subprocess.Popen(
        [sys.executable, HERE / "trained.py", output, strategy, str(devices), *names],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*processes: subprocess.Popen) -> None:
    try:
        for process in processes:
            _, said = process.communicate(timeout=LIMIT)
            assert process.returncode == 0, said[-3000:]
    finally:
        for process in processes:
            process.kill()


def workers(output: Path, count: int, names: tuple[str, ...]) -> list[subprocess.Popen]:
    """Start so many workers of one run, which find each other by TF_CONFIG."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    started = []
    for number in range(count):
        task = {"type": "worker", "index": number}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        started.append(start(output, "auto", 0, names, TF_CONFIG=config))
    return started


@pytest.fixture(scope="session")
def runs(tmp_path_factory, worker_id):
    """Give the runs of the families on so many devices, each trained when it is first asked for.

    The processes that share the tests share the runs.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "families"
    place.mkdir(exist_ok=True)

    def on(how: str, names: tuple[str, ...]) -> Path:
        output = place / f"{how} {len(names)}"
        done = output.with_suffix(".done")
        with FileLock(f"{output}.lock"):
            if not done.exists():
                kind, count, *_ = how.split()
                if kind == "workers":
                    finish(*workers(output, int(count), names))
                else:
                    finish(start(output, kind, int(count), names))
                done.touch()
        return output

    return on


ALL = tuple(FAMILIES)
FEW = ("images with batch norms", "language model on streams", "game of two networks")
TOLD = "regression told by whole examples"
HOW = {
    "mirrored 1": FEW[:1],
    "mirrored 2": (*FEW, TOLD, "computed again", "half precision"),
    "mirrored 4": FEW[:1],
    "workers 2": (FEW[1], TOLD, "pictures made again"),
}
TRIED = tuple(dict.fromkeys(name for names in HOW.values() for name in names))
SLOW = {f"{how} of all": ALL for how in ("mirrored 2", "mirrored 4", "workers 2", "workers 3")}


def assert_equal(one: Path, other: Path) -> None:
    """Whole states and results agree to floating-point tolerance."""
    a, b = (State.read(checkpoints(path / "checkpoints")[-1]) for path in (one, other))
    assert len(a.names) == len(b.names)
    for name, x, y in zip(a.names, a.values, b.values, strict=True):
        # Adam makes steps of a thousandth of gradients that are nothing but rounding.
        np.testing.assert_allclose(y, x, rtol=1e-3, atol=1e-5, err_msg=name)
    x, y = (json.loads((path / "results.json").read_text()) for path in (one, other))
    assert x.pop("seconds") > 0 and y.pop("seconds") > 0
    assert y == pytest.approx(x, rel=1e-4, abs=1e-6)


def compare(runs, how: str, name: str) -> None:
    names = {**HOW, **SLOW}[how]
    one = runs("one_device 0", TRIED if how in HOW else ALL)
    other = runs(how, names)
    assert_equal(folder(one, name), folder(other, name))


@pytest.mark.parametrize(("how", "name"), [(how, name) for how in HOW for name in HOW[how]])
def test_it_ends_as_on_one_device(runs, how, name):
    compare(runs, how, name)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "name"), [(how, name) for how in SLOW for name in SLOW[how]])
def test_it_ends_as_on_one_device_with_more(runs, how, name):
    compare(runs, how, name)
