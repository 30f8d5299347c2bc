"""Whether data, task and model can meet, told before TensorFlow is imported."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml
from omegaconf import OmegaConf

from toolkit.config.places import CONF
from toolkit.config.schema import options_of
from toolkit.config.wording import either
from toolkit.data import DATA
from toolkit.data.images.augment import AUGMENTATIONS
from toolkit.errors import Refused
from toolkit.models.rules import form_of, shapes
from toolkit.tasks import TASKS
from toolkit.tasks.meeting import divide, meet

Values = Mapping[str, Any]


def check(data: Values, task: Values, model: Values) -> list[str]:
    """Return what keeps a data set, a task and a model from working together, if anything does.

    Args:
        data: Checked values of the group, ``name`` with them; likewise the others.
        task: Of group ``task``.
        model: ``name``, ``stem`` and its networks.
    """
    chosen = f"data={data['name']} task={task['name']}"
    if reason := data_and_task(data, task["name"]):
        tasks = [name for name in TASKS if not data_and_task(data, name)]
        others = [n for n in _known() if not data_and_task({"name": n}, task["name"])]
        return [
            f"{chosen}: {reason}. Tasks for {data['name']}: {', '.join(tasks) or 'none'}. "
            f"Data for {task['name']}: {', '.join(others) or 'none'}."
        ]
    if reason := pairing(data, task):
        paired = [
            n for n in _known() if not (data_and_task({"name": n}, task["name"]) or unpaired(n))
        ]
        return [f"{chosen}: {reason}. Data with pairs: {', '.join(paired) or 'none'}."]
    kind = kind_of(data)
    if kind is None:
        return []
    if reason := augmentation(kind, data.get("augment") or {}):
        return [f"data.augment: {data['name']} holds inputs of kind {kind}, and {reason}."]
    if reason := blending(targets_of(data), data.get("augment") or {}):
        return [f"data.augment: {reason} {data['name']} has none."]
    reason = network_and_task(kind, model, task["name"])
    if reason is None:
        return windows(kind, model, task)
    hints = []
    if able := [
        name for name, other in models().items() if not network_and_task(kind, other, task["name"])
    ]:
        hints.append(f"Models that can, as their files have them: {', '.join(able)}.")
    tasks = [
        name
        for name in TASKS
        if not data_and_task(data, name) and not network_and_task(kind, model, name)
    ]
    if tasks:
        hints.append(f"Tasks that this model can learn from this data: {', '.join(tasks)}.")
    return [" ".join([f"model={model['name']} {chosen}: {reason}.", *hints])]


def _known() -> list[str]:
    """Return the data sets of which it is known what they hold, whatever their options."""
    return [name for name in DATA if not getattr(DATA.row(name), "told", "")]


def kind_of(data: Values) -> str | None:
    """Return the kind of a data set's input; None where it is known only once it is loaded."""
    kind = getattr(DATA.row(data["name"]), "kind", None) or data.get("kind")
    if (told := _told(data)) is not None:
        return told[0] or data.get("kind")
    if kind is None and (option := options_of(DATA[data["name"]]).get("kind")):
        kind = option.default
    return kind


def targets_of(data: Values) -> set[str]:
    """Return the kinds of target that a data set can give."""
    if (told := _told(data)) is not None:
        return {told[1]} - {""}
    if "target_kind" in options_of(DATA[data["name"]]):
        return {data["target_kind"]} if data.get("target_kind") else {"label", "value"}
    return {getattr(DATA.row(data["name"]), "target", "")} - {""}


def _told(data: Values) -> tuple[str | None, str] | None:
    """Return the kinds of input and target that a data set's files tell; None where none do."""
    module, _, function = getattr(DATA.row(data["name"]), "told", "").partition(":")
    return getattr(importlib.import_module(module), function)(data) if module else None


def data_and_task(data: Values, name: str) -> str | None:
    """Return why a task cannot learn from a data set; None if it can."""
    task: Any = TASKS[name]
    kind, targets = kind_of(data), targets_of(data)
    if kind is not None and kind not in task.inputs:
        wanted = either(sorted(task.inputs))
        return f"{name} reads {wanted}, and the inputs of {data['name']} are of kind {kind}"
    if targets and not targets & task.targets:
        wanted, found = either(sorted(task.targets)), either(sorted(targets))
        if targets == {"none"}:
            return f"{name} learns a {wanted}, and {data['name']} has inputs alone"
        return f"{name} learns a {wanted}, and what {data['name']} has to learn is a {found}"
    return None


def unpaired(name: str) -> bool:
    """Return whether a data set's targets are no pairs with its inputs."""
    return getattr(DATA.row(name), "unpaired", False)


def pairing(data: Values, task: Values) -> str | None:
    """Return why a task cannot learn from data that is not paired; None if it can, or it is.

    A task says by its attribute ``paired`` whether, with its options, it learns from pairs alone.
    """
    if not unpaired(data["name"]):
        return None
    try:
        made = _made(task)
    except Refused:
        return None  # told elsewhere
    if not getattr(made, "paired", False):
        return None
    return (
        f"{task['name']} as it is set learns from pairs, and in {data['name']} an input and the "
        "picture beside it have nothing to do with each other"
    )


def network_and_task(kind: str, model: Values, name: str) -> str | None:
    """Return why a task cannot use a model for inputs of a kind; None if it can."""
    task: Any = TASKS[name]
    form, wanted = form_of(model), getattr(task, "form", ("body",))
    if form != wanted:
        has = " and ".join(form or ())
        return f"{name} needs a model of {' and '.join(wanted)}, and this one is of {has}"
    try:
        found = shapes(kind, model, wanted, getattr(task, "reads", {}))
    except Refused as fault:
        return "; ".join(fault.faults)
    if (suits := getattr(task, "suits", None)) is not None and (reason := suits(found)):
        return f"{name} cannot use this model: {reason}"
    shape = [*found.values()][-1]
    draws, drawn = getattr(task, "draws", None), any(s.samples for s in found.values())
    if draws is not None and draws != drawn:
        lacks = "has no block sampling" if draws else "has block sampling, which is for variational"
        return f"{name} cannot use this model, which {lacks}"
    if shape.gives not in ("vector", "sequence", "grid", *getattr(task, "accepts", ())):
        return f"{name} cannot use a network that gives {shape.gives}"
    if task.needs == "sequence" and not shape.each_position:
        why = shape.merges or f"it gives a {shape.gives}"
        return f"{name} needs one feature for each position, and this network has none: {why}"
    if getattr(task, "causal", False) and not shape.causal:
        return f"{name} must not look ahead, and this network does: {shape.looks_ahead}"
    return None


def windows(kind: str, model: Values, task: Values) -> list[str]:
    """Return what keeps a task's examples from being read for their length, if anything does."""
    try:
        made = _made(task)
        for shape in shapes(kind, model, form_of(model) or (), getattr(made, "reads", {})).values():
            meet(made, shape)
    except Refused as fault:
        return fault.faults
    return []


def parts(optimizer: Values, task: Values) -> list[str]:
    """Return what keeps a task's batches from being cut into parts, if anything does."""
    try:
        divide(_made(task), optimizer.get("gradient_accumulation_steps") or 1)
    except Refused as fault:
        return fault.faults
    return []


def _made(task: Values) -> Any:
    """Return a task with its options."""
    return TASKS[task["name"]](**{key: value for key, value in task.items() if key != "name"})


@cache
def models() -> dict[str, Any]:
    """Return the description of every model in conf/, its knobs as its file has them."""
    found = {}
    for file in sorted((CONF / "model").glob("*.yaml")):
        content = yaml.safe_load(file.read_text("utf-8"))
        config = OmegaConf.create({"model": {k: v for k, v in content.items() if k != "defaults"}})
        found[file.stem] = OmegaConf.to_object(config.model)
    return found


def augmentation(kind: str, steps: Values) -> str | None:
    """Return why inputs of a kind cannot be augmented so; None if they can."""
    for name in steps:
        row = AUGMENTATIONS.row(name)
        if kind not in row.kinds:
            able = [other for other in AUGMENTATIONS if kind in AUGMENTATIONS.row(other).kinds]
            return f"{name} changes {either(row.kinds)}. For {kind} there is: {', '.join(able)}"
    return None


def blending(targets: set[str], steps: Values) -> str | None:
    """Return why a step cannot blend examples with such targets; None if it can."""
    for name in steps:
        if AUGMENTATIONS.row(name).labels and targets and not targets & {"label", "value"}:
            return f"{name} blends an example's label or value with another's, and"
    return None
