"""Everything that a training needs, built from plain settings and not begun."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import keras
import numpy as np

from toolkit.data.batching import Batching
from toolkit.data.pipeline import Batches, window_starts
from toolkit.data.spec import Dataset
from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.models.rematerialize import rematerialize
from toolkit.replicas import scope
from toolkit.tasks.objective import Objective
from toolkit.training.assemble import Trainable, assemble
from toolkit.training.batches import evaluation_batches, training_batches
from toolkit.training.ema import keep_statistics
from toolkit.training.exclusions import check_exclusions
from toolkit.training.optimizers import (
    KERAS,
    Update,
    further_updates,
    made_again,
    update_by_name,
)
from toolkit.training.run_state import less_is_better
from toolkit.training.settings import TrainerSettings
from toolkit.training.strategy import (
    check_overwriting,
    check_shares,
    strategy_of,
    synchronize,
    told,
)
from toolkit.training.transfer.freeze import freeze
from toolkit.training.transfer.lora import add_lora, learned_by_lora
from toolkit.training.transfer.preset import take_presets
from toolkit.training.transfer.rates import set_rates
from toolkit.training.transfer.weights import take_weights


@dataclass(frozen=True)
class Setup:
    """A training that could begin.

    Attributes:
        name: The model's.
        model: Its description: ``stem`` and ``body``, as a model file has them.
        dataset: Splits and spec, cut down where the settings say so.
        task: What is learned.
        settings: Length and manner of training.
        batching: Size and make-up of batches.
        trainable: The networks, with optimizer, compiled.
        update: How gradients change the weights.
        batches: Of the training split.
        valid: Of the validation split.
        steps: Batches of an epoch.
        epochs: Epochs, at most.
        total: Batches of the whole run, at most.
        monitor: Score in validation by which the best epoch is chosen.
        mode: Whether less or more of it is better.
        jit: Whether steps are compiled by XLA.
        notes: What the user is to be told before training begins.
    """

    name: str
    model: dict[str, Any]
    dataset: Dataset
    task: Any
    settings: TrainerSettings
    batching: Batching
    trainable: Trainable
    update: Update
    batches: Batches
    valid: Batches
    steps: int
    epochs: int
    total: int
    monitor: str
    mode: Literal["min", "max"]
    jit: bool
    notes: tuple[str, ...] = ()

    @property
    def objective(self) -> Objective:
        """What ``fit`` trains."""
        return self.trainable.objective

    @property
    def parameters(self) -> str:
        """How many parameters there are, as it is told to the user, those of each network apart."""
        count, frozen = self.trainable.inference.count_params(), self.trainable.frozen
        told = f"{count:,} parameters"
        if frozen:
            told = f"{count - frozen:,} trainable and {frozen:,} frozen parameters"
        others = self.trainable.parameters_beside()
        if others and "generator" in getattr(self.task, "form", ()):
            told = f"generator {told}"
        return ", ".join([told, *(f"{name} {size:,}" for name, size in others.items())])


def prepare(
    model: dict[str, Any],
    dataset: Dataset,
    task: Any,
    *,
    optimizer: dict[str, Any] | keras.Optimizer,
    schedule: dict[str, Any] | None = None,
    batching: Batching | None = None,
    settings: TrainerSettings | None = None,
    seed: int = 1,
    jit: bool | None = None,
    resumed: bool = False,
) -> Setup:
    """Build networks, batches and optimizer.

    Args:
        model: ``name``, ``stem``, ``body``, ``init_from`` and ``freeze``, as a model file has them.
        dataset: Splits and spec.
        task: What is learned.
        optimizer: ``name`` and options, or a Keras optimizer, as itself or as it is written down.
        schedule: ``name`` and options of the learning rate's schedule; None: a constant rate.
        batching: Size and make-up of batches.
        settings: Length and manner of training.
        seed: Of weights, dropout, order and augmentation.
        jit: Whether steps are compiled, where the settings leave it open; None decides by machine.
        resumed: Whether the weights will be a checkpoint's, so that ``init_from`` is not read.

    Raises:
        Refused: If data and task do not fit, or ``init_from`` or ``freeze`` the network.
    """
    settings, batching = settings or TrainerSettings(), batching or Batching()
    if settings.restore is None:
        settings = replace(settings, restore=getattr(task, "restore", "best"))
    prepare_process(settings, seed)
    task.check(dataset)
    strategy = strategy_of(settings)
    check_shares(strategy, settings, batching)
    if settings.overfit_batches is not None:
        dataset = first_batches(dataset, task, batching, settings.overfit_batches)
    batches = training_batches(dataset, task, batching, seed)
    valid = evaluation_batches(dataset.valid, dataset.spec, task, batching)
    for name, part in (("train", batches), ("valid", valid)):
        if part.examples < 1:
            raise Refused(too_few(name, len(dataset.splits[name]), task, batching))
    steps, epochs = _length(batches, settings)
    total = min(steps * epochs, settings.max_steps or steps * epochs)
    with scope(strategy):
        if isinstance(optimizer, dict) and KERAS in optimizer:
            optimizer = made_again(optimizer)
        if isinstance(optimizer, keras.Optimizer):
            update = Update(optimizer)
        else:
            update = update_by_name(optimizer, schedule, steps_per_epoch=steps, total_steps=total)
        if (lasts := getattr(task, "lasts", None)) is not None:
            lasts(steps, total)
        further = further_updates(task, optimizer, schedule, steps, total)
        updates = [update, *further.values()]
        check_overwriting(strategy, [each.optimizer for each in updates])
        batches = replace(batches, accumulate=math.lcm(*(each.accumulate for each in updates)))
        weigh = getattr(task, "class_weights", None)
        trainable = assemble(
            model,
            dataset.spec,
            task,
            batch_size=batching.size,
            eval_batch_size=batching.eval_batch_size,
            class_weight=weigh(dataset) if weigh is not None else None,
            accumulate=update.accumulate,
        )
        source, notes = model.get("init_from"), [*trainable.notes]
        if (wanted := settings.steps_per_epoch or 0) > steps:
            notes.append(
                f"trainer.steps_per_epoch={wanted:,}: the data is {steps:,} batches, which make an "
                "epoch; for more steps trainer.epochs."
            )
        if strategy is not None or resumed:  # on other devices than before, perhaps
            notes.append(told(strategy))
        if not resumed:
            notes += take_presets(trainable, dataset.spec, model)
        if source is not None and not resumed:
            notes.append(take_weights(trainable, dataset.spec, source))
        rank = add_lora(trainable, model)
        freeze(trainable, model.get("freeze") or ())
        if rank is not None:
            notes.append(learned_by_lora(trainable, rank))
        if settings.jit is not None:
            jit = settings.jit
        elif jit is None:
            jit = strategy is None and bool(tf.config.list_physical_devices("GPU"))
        objective = trainable.objective
        if settings.rematerialize:
            rematerialize(objective.layers)
        objective.compile(
            optimizer=update.optimizer,
            jit_compile=jit,
            auto_scale_loss=update.optimizer.loss_scale_factor is None,  # else by that alone
        )
        objective.take(further)
        if not resumed:
            notes += check_exclusions(objective, updates)
        notes += _parts_of_batch_norms(objective, updates)
        synchronize(objective)
        keep_statistics(objective, batches)
        objective.study(dataset, fresh=not resumed and source is None)
        if rates := set_rates(trainable, update):
            notes.append(rates)
    own = settings.monitor in (None, task.monitor)
    return Setup(
        name=model.get("name", "model"),
        model=model,
        dataset=dataset,
        task=task,
        settings=settings,
        batching=batching,
        trainable=trainable,
        update=update,
        batches=batches,
        valid=valid,
        steps=steps,
        epochs=epochs,
        total=total,
        monitor=settings.monitor or task.monitor,
        mode=task.mode if own else "min" if less_is_better(str(settings.monitor)) else "max",
        jit=jit,
        notes=tuple(notes),
    )


def prepare_process(settings: TrainerSettings, seed: int) -> None:
    """Set what belongs to the process: threads, devices, seeds, precision, determinism."""
    if settings.threads is not None:
        try:
            tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
            tf.config.threading.set_inter_op_parallelism_threads(settings.threads)
        except RuntimeError:
            if tf.config.threading.get_intra_op_parallelism_threads() != settings.threads:
                raise Refused(
                    f"trainer.threads={settings.threads}: TensorFlow has started with another "
                    "number in this process; set it in the first run of a process."
                ) from None
    strategy_of(settings)  # before anything is computed, which could not be shared any more
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(settings.precision)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()


def first_batches(dataset: Dataset, task: Any, batching: Batching, count: int) -> Dataset:
    """Return a data set that trains and validates on the first few batches only."""
    split, size = dataset.train, batching.size * count
    if task.sampler in ("streams", "packed"):
        part = split.take(slice(0, size * task.sequence_length))
    elif task.sampler == "windows":
        first = int(window_starts(split, task.window)[0]) + task.window.context
        part = replace(split, rows=(first, first + size + task.window.horizon - 1))
    else:
        part = split.take(np.arange(min(size, len(split))))
    return replace(dataset, train=part, valid=part)


def too_few(name: str, examples: int, task: Any, batching: Batching) -> str:
    """Return why not even one batch can be made of a split."""
    parts = getattr(task, "batches_per_step", None)
    if parts is None:
        return f"data.{name}: no example of it is as long as the task needs."
    return (
        f"data.{name}: {examples:,} examples are fewer than the {parts * batching.size:,} "
        f"that one step takes ({parts} x data.batch_size={batching.size}); a smaller "
        "data.batch_size."
    )


def _parts_of_batch_norms(objective: Objective, updates: Sequence[Update]) -> list[str]:
    """Return what batch norms make of a batch that is cut into parts, where there are any."""
    parts = max(update.accumulate for update in updates)
    norms = [
        layer
        for layer in objective._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    if parts == 1 or not norms:
        return []
    return [
        f"optimizer.gradient_accumulation_steps={parts}: batch norms normalize each part by its "
        f"own statistics and move their averages {parts} times a step; the numbers are not those "
        "of the batch in one."
    ]


def _length(batches: Batches, settings: TrainerSettings) -> tuple[int, int]:
    """Return steps of an epoch and epochs."""
    steps = min(settings.steps_per_epoch or batches.steps, batches.steps)
    if settings.max_steps is None:
        return steps, settings.epochs
    return steps, min(settings.epochs, math.ceil(settings.max_steps / steps))
