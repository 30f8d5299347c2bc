"""Whatever is trained lies in a network that a run saves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from families import FAMILIES, pictures

from toolkit.api import default_task
from toolkit.data.batching import Batching
from toolkit.training.parts import learner
from toolkit.training.setup import prepare

DRAWN = {
    "data": pictures,
    "model": {"encoder": [{"sampling": {"units": 2}}], "decoder": [{"dense": {"units": [6]}}]},
    "task": {"name": "variational"},
    "batch_size": 9,
}


@pytest.mark.parametrize("case", [*FAMILIES.values(), DRAWN], ids=[*FAMILIES, "codes drawn"])
def test_what_is_trained_is_saved(case):
    data = case["data"]()
    task, spec = learner(case.get("task") or {"name": default_task(data)}, case["model"], data.spec)
    trainable = prepare(
        case["model"],
        replace(data, spec=spec),
        task,
        optimizer={"name": "adam"},
        batching=Batching(batch_size=case["batch_size"]),
    ).trainable
    networks = (trainable.inference, *trainable.beside.values())
    saved = {id(weight) for network in networks for weight in network.weights}
    if not trainable.shared:  # they are copied
        saved |= {id(weight) for weight in trainable.objective.saved_weights}
    assert not [w.path for w in trainable.objective.trainable_variables if id(w) not in saved]
