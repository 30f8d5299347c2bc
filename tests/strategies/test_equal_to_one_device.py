"""Replicas and workers come to the losses, metrics and weights of one device."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from families import FAMILIES
from filelock import FileLock
from processes import on as run_on
from trained import folder

from toolkit.training.state import State, checkpoints


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
                run_on(how, "trained.py", output, *names)
                done.touch()
        return output

    return on


ALL = tuple(FAMILIES)
FEW = ("images with batch norms", "language model on streams", "game of two networks")
TOLD = "regression told by whole examples"
HOW = {  # crossings have half precision
    "mirrored 1": FEW[:1],
    "mirrored 2": (*FEW, TOLD, "computed again", "pairs put in order"),
    "mirrored 4": FEW[:1],
    "workers 2": (FEW[1], TOLD, "pictures made again", "pairs put in order"),
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
    other = runs(how, names)  # of its own, before what all wait for
    one = runs("one_device 0", TRIED if how in HOW else ALL)
    assert_equal(folder(one, name), folder(other, name))


@pytest.mark.parametrize(("how", "name"), [(how, name) for how in HOW for name in HOW[how]])
def test_it_ends_as_on_one_device(runs, how, name):
    compare(runs, how, name)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "name"), [(how, name) for how in SLOW for name in SLOW[how]])
def test_it_ends_as_on_one_device_with_more(runs, how, name):
    compare(runs, how, name)
