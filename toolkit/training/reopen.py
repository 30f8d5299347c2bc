"""A finished run's networks, built again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from toolkit.data.spec import Spec
from toolkit.replicas import scope
from toolkit.training.assemble import Trainable, assemble
from toolkit.training.parts import batching_of, learner
from toolkit.training.run_folder import RunFolder
from toolkit.training.saved_spec import read_spec
from toolkit.training.settings import TrainerSettings
from toolkit.training.setup import prepare_process
from toolkit.training.strategy import strategy_of


def reopen(
    folder: RunFolder,
    *,
    eval_batch_size: int | None = None,
    length: int | None = None,
    settings: TrainerSettings | None = None,
) -> tuple[dict[str, Any], Trainable, Any, tuple[Spec, Any]]:
    """Build a run's networks again, with the best epoch's weights; needs no data.

    Args:
        folder: The run's.
        eval_batch_size: Streams in evaluation, in place of the run's.
        length: Tokens of a stream in a batch, likewise.
        settings: Which devices compute; None: one.

    Returns:
        The run's configuration, the networks, the task, and the spec with the encoder.
    """
    config = folder.settings()
    settings = settings or TrainerSettings(strategy="one_device")
    precision = config["trainer"].get("precision", "float32")
    settings = replace(settings, precision=precision)
    prepare_process(settings, 0)
    spec, encoder = read_spec(folder)
    task, spec = learner(config["task"], config["model"], spec)
    batching = batching_of(config["data"])
    with scope(strategy_of(settings)):
        trainable = assemble(
            config["model"],
            spec,
            task,
            batch_size=batching.size,
            eval_batch_size=eval_batch_size or batching.eval_batch_size,
            length=length,
        )
        trainable.load(folder.need_model())
        trainable.objective.compile()
    return config, trainable, task, (spec, encoder)
