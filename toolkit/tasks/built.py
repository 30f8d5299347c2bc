"""From a model's description to the networks of a task: what is trained, and what is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras

from toolkit.data.spec import Spec
from toolkit.models.network import Stage, build_network
from toolkit.tasks.objective import Objective


@dataclass(frozen=True)
class Sizes:
    """What networks and objectives are built for.

    Attributes:
        batch_size: Examples in a training batch; streams, for a language model.
        eval_batch_size: The same in evaluation; None for the task's own choice.
        class_weight: Weight of each class id, shape ``(classes,)``, or None.
        accumulate: Parts of a batch whose gradients are summed before one update.
        length: Tokens of a stream in a batch; None takes the task's.
    """

    batch_size: int
    eval_batch_size: int | None = None
    class_weight: Any = None
    accumulate: int = 1
    length: int | None = None


@dataclass(frozen=True)
class Built:
    """The networks of a run.

    Attributes:
        objective: What ``fit`` trains.
        inference: What ``model.keras`` holds: stock layers, batch size free.
        stages: What the stems and the blocks give of which it is made.
        shared: Whether both use the same layers; else the objective's weights are copied to the
            inference network, which has them in the same order.
        beside: Further networks that are saved beside it, ``NAME.keras``. They share layers with
            what is trained.
        notes: What the user is to be told of them before training begins.
    """

    objective: Objective
    inference: keras.Model
    stages: tuple[Stage, ...] = ()
    shared: bool = True
    beside: Mapping[str, keras.Model] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def plain(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build a network from inputs to the task's raw outputs, trained as it is saved.

    Args:
        task: Head, loss and metrics.
        model: ``stem`` and ``body``, as a model file has them.
        spec: Inputs and target.
        sizes: What they are built for.
    """
    fields = as_examples(spec, task)
    inputs, features = build_network(fields, **description(model))
    outputs = task.head(features, spec.target)
    network = keras.Model(inputs, outputs, name="network")
    objective = Objective(
        network,
        task,
        spec.target,
        class_weight=sizes.class_weight,
        accumulate=sizes.accumulate,
    )
    return Built(objective, saved(model, inputs, task.finish(outputs)), features.stages)


def description(model: Mapping[str, Any], part: str = "body") -> dict[str, Any]:
    """Return what ``build_network`` is told of one of a model file's networks."""
    return {"stem": model.get("stem") or {}, "body": model[part], "part": part}


def saved(model: Mapping[str, Any], inputs: Mapping[str, Any], outputs: Any) -> keras.Model:
    """Return the network that a run saves; one input is given as it is, and not in a mapping."""
    entries: Any = dict(inputs)
    if len(entries) == 1:
        (entries,) = entries.values()
    return keras.Model(entries, outputs, name=model.get("name", "model"))


def as_examples(spec: Spec, task: Any) -> dict[str, Any]:
    """Return the input fields as examples of this task have them."""
    window = getattr(task, "window", None)
    if window is None:
        return spec.inputs
    return {k: replace(f, shape=(window.context, *f.shape[1:])) for k, f in spec.inputs.items()}
