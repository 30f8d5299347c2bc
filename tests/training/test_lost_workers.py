"""What a worker says that finds another one gone, whenever that is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import tensorflow as tf

import toolkit
from toolkit.errors import WorkerLost
from toolkit.training import run as running

CHIEF = SimpleNamespace(
    extended=SimpleNamespace(_in_multi_worker_mode=lambda: True),
    cluster_resolver=SimpleNamespace(
        task_type="worker", task_id=0, cluster_spec=lambda: SimpleNamespace(jobs=["worker"])
    ),
)
"""As far as it is asked, the strategy of the first of several workers."""

PARTS = ("told_by_chief", "check_alike", "_prepare")
"""What workers do together before the first step."""


def gone(*args, **more):
    raise tf.errors.UnavailableError(None, None, "Socket closed")


@pytest.mark.parametrize("part", PARTS)
def test_a_loss_before_the_first_step_is_named(part, points, mlp, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "strategy_of", lambda settings: CHIEF)
    monkeypatch.setattr(running, "told_by_chief", lambda strategy, text: text)
    monkeypatch.setattr(running, "check_alike", lambda strategy, config: None)
    monkeypatch.setattr(running, part, gone)
    with pytest.raises(WorkerLost, match="no checkpoint yet: begin again, on all workers"):
        toolkit.train(mlp, points, epochs=1, run_dir=tmp_path / "r", quiet=True)
    assert not (tmp_path / "r").exists()


def test_a_loss_while_a_run_is_made_to_go_on_is_named(points, mlp, tmp_path, monkeypatch):
    run = toolkit.train(mlp, points, epochs=1, run_dir=tmp_path / "r", quiet=True)
    monkeypatch.setattr(running, "strategy_of", lambda settings: CHIEF)
    for part in ("_prepare", "check_alike"):
        monkeypatch.setattr(running, "check_alike", lambda strategy, config: None)
        monkeypatch.setattr(running, part, gone)
        with pytest.raises(WorkerLost, match="Go on from the last checkpoint, on all workers"):
            run.resume(epochs=2)
