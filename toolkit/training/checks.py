"""What can be refused once the data is there, before a folder is made."""

from __future__ import annotations

from typing import Any

from toolkit.data.batching import AUTO, Batching
from toolkit.data.spec import Dataset
from toolkit.errors import Refused, did_you_mean
from toolkit.training.run_state import direction
from toolkit.training.settings import TrainerSettings
from toolkit.training.strategy import kind_of


def check_run(dataset: Dataset, task: Any, settings: TrainerSettings, batching: Batching) -> None:
    """Refuse what task and settings ask of the data and it has not.

    Raises:
        Refused: With what is missing.
    """
    task.check(dataset)
    check_monitor(settings.monitor, task, dataset)
    if task.sampler == "streams":
        check_streams(dataset, batching)
    if batching.batch_size == AUTO and (kind := kind_of(settings)) in ("multi_worker", "tpu"):
        raise Refused(
            f"data.batch_size=auto: it is not tried out under trainer.strategy={kind}, where all "
            "processes would have to run out of memory together; expected a whole number."
        )


def check_monitor(monitor: str | None, task: Any, dataset: Dataset) -> None:
    """Refuse a score that validation will not have, before an epoch is spent on it.

    Raises:
        Refused: If neither the loss nor a metric of the task is called so, or its name does not say
            which way it is better.
    """
    told = getattr(task, "figures", ())  # by its observers
    known = sorted({"loss", task.monitor, *task.metrics(dataset.spec.target), *told})
    if monitor is None or monitor == task.monitor:
        return
    if monitor not in known:
        raise Refused(
            f"trainer.monitor: no '{monitor}' in validation.{did_you_mean(monitor, known)}"
        )
    if direction(monitor) is None:
        ways = ", ".join(name for name in known if direction(name) is not None)
        raise Refused(
            f"trainer.monitor={monitor}: its name does not say whether less or more of it is "
            f"better, as a name that ends in loss, error, score or accuracy does; expected one of "
            f"{ways}."
        )


def check_streams(dataset: Dataset, batching: Batching) -> None:
    """Refuse texts with fewer tokens than are read side by side.

    Raises:
        Refused: With each part that is too short.
    """
    evaluated = "eval_batch_size", batching.eval_batch_size or 1
    train = "batch_size", 1 if batching.batch_size == AUTO else batching.size
    sizes = {"train": train, "valid": evaluated, "test": evaluated}
    faults = [
        f"data.{key}={size}: {name} has {len(dataset.splits[name])} tokens, too few for so many "
        "streams side by side."
        for name, (key, size) in sizes.items()
        if name in dataset.splits and len(dataset.splits[name]) < size
    ]
    if faults:
        raise Refused(*faults)
