"""Scoring a finished run on one of its splits."""

from __future__ import annotations

from dataclasses import replace

from toolkit.data.damage import naming_damage
from toolkit.data.spec import Dataset
from toolkit.errors import Refused, did_you_mean
from toolkit.quiet import start_tensorflow
from toolkit.training.console import Reporter
from toolkit.training.run_folder import RunFolder
from toolkit.training.saved_parts import changed_parts
from toolkit.training.settings import Strategy, TrainerSettings
from toolkit.types import PositiveInt


def evaluate(
    *,
    run: str,
    split: str = "test",
    root: str | None = None,
    batch_size: PositiveInt | None = None,
    strategy: Strategy = "auto",
    devices: PositiveInt | None = None,
) -> dict[str, float]:
    """Score a run's best network again on one of its splits.

    Args:
        run: The run's folder.
        split: ``test``, ``valid``, ``train`` or another that the data set has.
        root: Folder of data sets, if it has moved; null takes the run's.
        batch_size: Examples scored at a time; null takes the run's. The result depends on it a
            little where noise, codes or masks are drawn by batch (denoising, variational, masked
            and adversarial tasks), and for a language model, whose texts it cuts into as many
            streams.
        strategy: Which devices compute together, as trainer.strategy of a run.
        devices: How many of them, as trainer.devices.

    Returns:
        Loss and metrics by name.

    Raises:
        Refused: If there is no such run or split.
    """
    folder = RunFolder.open(run)
    folder.need_model()
    start_tensorflow()
    from toolkit.training.parts import load_dataset
    from toolkit.training.setup import prepare_process

    config = folder.settings()
    settings = TrainerSettings(strategy=strategy, devices=devices)
    prepare_process(settings, config["seed"])
    data = config["data"] | ({"root": root} if root is not None else {})
    return score_run(folder, split, load_dataset(data, config["seed"]), batch_size, settings)


def score_run(
    folder: RunFolder,
    split: str,
    dataset: Dataset,
    batch_size: int | None = None,
    settings: TrainerSettings | None = None,
) -> dict[str, float]:
    """Score a run's best network on a split of a loaded data set; see :func:`evaluate`."""
    from toolkit.training.parts import batching_of
    from toolkit.training.reopen import reopen
    from toolkit.training.results import score

    config, trainable, task, (spec, _) = reopen(
        folder, eval_batch_size=batch_size, settings=settings
    )
    if split not in dataset.splits:
        raise Refused(f"split: no '{split}'.{did_you_mean(split, dataset.splits)}")
    if (change := changed_parts(folder, dataset).get(split)) is not None:
        Reporter().say(change)
    data = config["data"] | ({"eval_batch_size": batch_size} if batch_size is not None else {})
    if (shaped := getattr(task, "shaped", None)) is not None:
        shaped(dataset.spec)  # it may know of labels besides what was learned
    dataset = replace(dataset, spec=spec)
    with naming_damage(dataset.splits.values()):
        results = score(trainable, dataset, task, batching_of(data), split)
    Reporter().table(f"{split} of {folder.path}", {f"{split}/{k}": v for k, v in results.items()})
    return results
