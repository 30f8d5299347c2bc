"""Keras's optimizers by name, and how they are joined to a schedule."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.registry import Table
from toolkit.schedules import SCHEDULES, Course, Plateau
from toolkit.training.keras_optimizers import Update, contradictions

__all__ = [
    "OPTIMIZERS",
    "Update",
    "contradictions",
    "made_again",
    "rate_of",
    "set_rates_of",
    "update_by_name",
    "updates_of",
    "written_down",
]

KERAS = "keras"
"""Key of a run's ``optimizer`` that holds a Keras optimizer, from Python, as Keras writes it."""

OPTIMIZERS: Table[str] = Table(
    "optimizer",
    {
        name: f"toolkit.training.keras_optimizers:{name}"
        for name in (
            "sgd",
            "rmsprop",
            "adam",
            "adamw",
            "nadam",
            "adamax",
            "adagrad",
            "adadelta",
            "adafactor",
            "ftrl",
            "lamb",
            "lion",
            "muon",
            "schedule_free_adamw",
        )
    },
)


def update_by_name(
    optimizer: Mapping[str, Any],
    schedule: Mapping[str, Any] | None = None,
    *,
    steps_per_epoch: int,
    total_steps: int | None = None,
) -> Update:
    """Return an optimizer whose learning rate follows a schedule.

    Args:
        optimizer: ``name`` and options of the optimizer, ``learning_rate`` among them.
        schedule: ``name`` and options of the schedule; None for a constant rate.
        steps_per_epoch: Updates in an epoch.
        total_steps: Updates in the run; None where that is open.

    Raises:
        Refused: If there is no such name, or options contradict one another.
    """
    name, options = _named(optimizer)
    follow, how = _named(schedule or {"name": "constant"})
    function = OPTIMIZERS[name]
    rate = options.get("learning_rate")
    if rate is None:
        rate = inspect.signature(function).parameters["learning_rate"].default
    rate = SCHEDULES[follow](Course(rate, steps_per_epoch, total_steps), **how)
    falls = rate if isinstance(rate, Plateau) else None
    options["learning_rate"] = falls.learning_rate if falls else rate
    update = function(**options)
    return replace(update, plateau=falls)


def further_updates(
    task: Any,
    optimizer: Mapping[str, Any] | Any,
    schedule: Mapping[str, Any] | None,
    steps_per_epoch: int,
    total_steps: int,
) -> dict[str, Update]:
    """Return how a task's further networks are updated, by their names.

    A task may have ``optimizers``: for each further network options that differ from ``optimizer``
    and ``schedule``, and its updates in a step (``toolkit.tasks.games.sides.Own``).

    Args:
        task: What is learned.
        optimizer: ``name`` and options, or a Keras optimizer: the first network's.
        schedule: ``name`` and options of its schedule; None for a constant rate.
        steps_per_epoch: Steps of an epoch.
        total_steps: Steps of the run.

    Raises:
        Refused: If there is no such name or option, or options contradict one another.
    """
    found = {}
    for network, own in getattr(task, "optimizers", {}).items():
        if not isinstance(optimizer, Mapping):
            found[network] = Update(type(optimizer).from_config(optimizer.get_config()))
            continue
        found[network] = update_by_name(
            laid_over(optimizer, own.optimizer),
            laid_over(schedule or {"name": "constant"}, own.schedule),
            steps_per_epoch=steps_per_epoch * own.updates,
            total_steps=total_steps * own.updates,
        )
    return found


def written_down(optimizer: Any) -> dict[str, Any]:
    """Return a Keras optimizer as ``config.yaml`` holds it.

    Raises:
        Refused: If it has a part that Keras cannot write, and so could not be resumed.
    """
    try:
        return {"name": optimizer.name, KERAS: keras.saving.serialize_keras_object(optimizer)}
    except Exception as error:  # whatever a class of the user's raises
        raise Refused(
            f"optimizer: {type(optimizer).__name__} cannot be written to config.yaml "
            f"({type(error).__name__}: {error}), which resume needs; give each class of yours in "
            "it a get_config."
        ) from error


def made_again(optimizer: Mapping[str, Any]) -> Any:
    """Return the Keras optimizer of which :func:`written_down` gave the description.

    Raises:
        Refused: If Keras does not know a class in it.
    """
    try:
        return keras.saving.deserialize_keras_object(optimizer[KERAS])
    except Exception as error:  # whatever a class of the user's raises
        raise Refused(
            f"optimizer: '{optimizer['name']}' of config.yaml cannot be made again "
            f"({type(error).__name__}: {error}); import each class of yours in it first, "
            "registered by keras.saving.register_keras_serializable."
        ) from error


def laid_over(options: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with others in their place; a ``name`` of theirs leaves none of the first."""
    if own.get("name", options["name"]) != options["name"]:
        return dict(own)
    return {**options, **own}


def rate_of(optimizer: Any) -> float:
    """Return an optimizer's present learning rate."""
    return float(tf.convert_to_tensor(optimizer.learning_rate))


def set_rates_of(optimizers: Sequence[Any]) -> list[float | None]:
    """Return the present rates of optimizers; None for one whose rate a schedule computes."""
    inner = [getattr(optimizer, "inner_optimizer", optimizer) for optimizer in optimizers]
    computed = keras.optimizers.schedules.LearningRateSchedule
    return [None if isinstance(o._learning_rate, computed) else rate_of(o) for o in inner]


def updates_of(optimizer: Any) -> int:
    """Return how many updates an optimizer has made."""
    return int(tf.convert_to_tensor(optimizer.iterations))


def _named(options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    rest = dict(options)
    return rest.pop("name"), rest
