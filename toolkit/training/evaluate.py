"""Scoring a finished run on one of its splits."""

from __future__ import annotations

from typing import Any

import yaml

from toolkit.data.spec import Dataset, Spec
from toolkit.errors import Refused, did_you_mean
from toolkit.tasks import TASKS
from toolkit.training.assemble import Trainable, assemble
from toolkit.training.console import Reporter
from toolkit.training.fit import prepare_process
from toolkit.training.run import batching_of, load_dataset, make, score
from toolkit.training.run_folder import RunFolder
from toolkit.training.saved_spec import read_spec
from toolkit.training.settings import TrainerSettings
from toolkit.types import PositiveInt


def evaluate(
    *,
    run: str,
    split: str = "test",
    root: str | None = None,
    batch_size: PositiveInt | None = None,
    dataset: Dataset | None = None,
) -> dict[str, float]:
    """Score a run's best network again.

    Args:
        run: The run's folder.
        split: ``test``, ``valid``, ``train`` or another that the data set has.
        root: Folder of data sets, if it has moved; None takes the run's.
        batch_size: Examples scored at a time; None takes the run's. The result does not depend on
            it, but for a language model, whose texts it cuts into as many streams.
        dataset: The loaded data set, from Python; None loads what the run names.

    Returns:
        Loss and metrics by name.

    Raises:
        Refused: If there is no such run or split.
    """
    folder = RunFolder.open(run)
    config, trainable, task, _ = reopen(folder, eval_batch_size=batch_size)
    if dataset is None:
        data = dict(config["data"])
        if root is not None:
            data["root"] = root
        dataset = load_dataset(data, config["seed"])
    if split not in dataset.splits:
        raise Refused(f"split: no '{split}'.{did_you_mean(split, dataset.splits)}")
    data = dict(config["data"])
    if batch_size is not None:
        data["eval_batch_size"] = batch_size
    results = score(trainable, dataset, task, batching_of(data), split)
    reporter = Reporter()
    reporter.table(f"{split} of {folder.path}", {f"{split}/{k}": v for k, v in results.items()})
    return results


def reopen(
    folder: RunFolder, *, eval_batch_size: int | None = None, length: int | None = None
) -> tuple[dict[str, Any], Trainable, Any, tuple[Spec, Any]]:
    """Build a run's networks again, with the best epoch's weights; needs no data.

    Returns:
        The run's configuration, the networks, the task, and the spec with the encoder.
    """
    config = yaml.safe_load(folder.config.read_text("utf-8"))
    prepare_process(TrainerSettings(precision=config["trainer"].get("precision", "float32")), 0)
    spec, encoder = read_spec(folder)
    task = make(TASKS, config["task"])
    batching = batching_of(config["data"])
    trainable = assemble(
        config["model"],
        spec,
        task,
        batch_size=batching.batch_size,
        eval_batch_size=eval_batch_size or batching.eval_batch_size,
        length=length,
    )
    trainable.load(folder.need_model())
    trainable.objective.compile()
    return config, trainable, task, (spec, encoder)
