"""Training a model on a data set for a task: the one road that every run takes."""

from __future__ import annotations

import math
import time
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
from toolkit.training.assemble import Trainable, assemble, evaluation_batches, training_batches
from toolkit.training.callbacks.checkpoints import Checkpoints
from toolkit.training.callbacks.guard import Diverged, NonFiniteGuard
from toolkit.training.callbacks.keep_best import KeepBest
from toolkit.training.callbacks.limit import StopAfter
from toolkit.training.callbacks.metrics_csv import MetricsCsv
from toolkit.training.callbacks.plateau import FollowPlateau
from toolkit.training.callbacks.profile import ProfileSteps
from toolkit.training.callbacks.progress import ProgressBar
from toolkit.training.callbacks.tensorboard import TensorBoardScalars
from toolkit.training.console import Reporter
from toolkit.training.ema import ScoreAverages, averaged
from toolkit.training.optimizers import Update, update_by_name
from toolkit.training.run_folder import RunFolder
from toolkit.training.settings import TrainerSettings


@dataclass(frozen=True)
class Outcome:
    """What training came to.

    Attributes:
        trainable: The networks, with the best epoch's weights.
        epoch: The best epoch, from 1.
        score: Its validation score.
        seconds: How long it took.
        steps: Updates that were made.
    """

    trainable: Trainable
    epoch: int
    score: float
    seconds: float
    steps: int


def fit(
    model: dict[str, Any],
    dataset: Dataset,
    task: Any,
    folder: RunFolder,
    *,
    optimizer: dict[str, Any] | keras.Optimizer,
    schedule: dict[str, Any] | None = None,
    batching: Batching | None = None,
    settings: TrainerSettings | None = None,
    seed: int = 1,
    reporter: Reporter | None = None,
    tensorboard: bool = True,
    config_text: str = "",
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Outcome:
    """Train, validate every epoch, and keep the best epoch's network in the run's folder.

    Args:
        model: ``name``, ``stem`` and ``body``, as a model file has them.
        dataset: Splits and spec.
        task: What is learned.
        folder: Where everything is written.
        optimizer: ``name`` and options, or a Keras optimizer.
        schedule: ``name`` and options of the learning rate's schedule; None: a constant rate.
        batching: Size and make-up of batches.
        settings: Length and manner of training.
        seed: Of weights, dropout, order and augmentation.
        reporter: Where progress is told; None prints to the terminal and the run's log.
        tensorboard: Whether to write event files.
        config_text: Shown on TensorBoard's text page.
        callbacks: Further Keras callbacks.

    Raises:
        Refused: If data and task do not fit, or training diverges.
    """
    settings, batching = settings or TrainerSettings(), batching or Batching()
    reporter = reporter or Reporter(folder.log)
    prepare_process(settings, seed)
    task.check(dataset)
    if settings.overfit_batches is not None:
        dataset = first_batches(dataset, task, batching, settings.overfit_batches)
    batches = training_batches(dataset, task, batching, seed)
    valid = evaluation_batches(dataset.valid, dataset.spec, task, batching)
    for name, part in (("train", batches), ("valid", valid)):
        if part.examples < 1:
            raise Refused(f"data.{name}: no example of it is as long as the task needs.")
    steps, epochs = _length(batches, settings)

    total = min(steps * epochs, settings.max_steps or steps * epochs)
    if isinstance(optimizer, keras.Optimizer):
        update = Update(optimizer)
    else:
        update = update_by_name(optimizer, schedule, steps_per_epoch=steps, total_steps=total)
    weigh = getattr(task, "class_weights", None)
    trainable = assemble(
        model,
        dataset.spec,
        task,
        batch_size=batching.batch_size,
        eval_batch_size=batching.eval_batch_size,
        class_weight=weigh(dataset) if weigh is not None else None,
        accumulate=update.accumulate,
    )
    objective = trainable.objective
    objective.compile(
        optimizer=update.optimizer,
        jit_compile=_jit(settings),
    )
    objective.optimizer.build(objective.trainable_variables)
    reporter.say(
        f"{model.get('name', 'model')}: {trainable.inference.count_params():,} parameters; "
        f"{batches.examples:,} {batches.unit} in {steps:,} steps an epoch"
    )

    monitor = settings.monitor or task.monitor
    best = KeepBest(
        lambda: trainable.save(folder.model),
        monitor,
        task.mode if settings.monitor in (None, task.monitor) else _mode(monitor),
        settings.patience,
    )
    keep = Checkpoints(
        folder.checkpoints,
        steps=steps,
        every=settings.checkpoint_every,
        keep=settings.keep,
        remember=lambda: {"epoch": best.epoch, "score": best.score, "waited": best.waited},
    )
    averages = ScoreAverages()
    watch: list[keras.callbacks.Callback] = [
        NonFiniteGuard(steps),
        StopAfter(total, steps),
        averages,
        ProgressBar(
            reporter,
            epochs=epochs,
            steps=steps,
            examples=round(batches.examples * steps / batches.steps),
            unit=batches.unit,
        ),
        MetricsCsv(folder.metrics, steps),
        best,
        keep,
        *callbacks,
    ]
    if update.plateau is not None:
        watch.insert(0, FollowPlateau(update.plateau, monitor, best.mode))
    if tensorboard:
        watch.append(
            TensorBoardScalars(
                folder.tensorboard,
                steps=steps,
                every=settings.log_every,
                config_text=config_text,
                histograms=settings.histograms,
            )
        )
        if settings.profile is not None:
            watch.append(ProfileSteps(folder.tensorboard, *settings.profile))

    begun = time.monotonic()
    try:
        objective.fit(
            batches.endless(steps=steps),
            steps_per_epoch=steps,
            epochs=epochs,
            validation_data=valid.once(settings.validation_steps),
            validation_freq=settings.validate_every,
            callbacks=watch,
            verbose=0,
            shuffle=False,
        )
    except Diverged as error:
        if not best.epoch:
            trainable.save(folder.model)
        what = f"epoch {best.epoch}" if best.epoch else f"step {error.step - 1}"
        raise Refused(
            f"training diverged: {error}. The last good weights, of {what}, are in {folder.model}. "
            "Try a lower optimizer.learning_rate, optimizer.clipnorm, or a schedule with warm-up."
        ) from error
    except BaseException as stop:
        if not isinstance(stop, Exception):  # Ctrl-C or SIGTERM: nothing of the work is lost
            averages.on_test_end()
            if not best.epoch:
                with averaged(objective):
                    trainable.save(folder.model)
            path = keep.write(int(objective.optimizer.iterations))
            reporter.say(f"stopped at step {int(objective.optimizer.iterations)}: {path}")
        raise
    if not best.epoch:  # never validated, or never with a comparable score
        with averaged(objective):
            trainable.save(folder.model)
    trainable.load(folder.model)
    return Outcome(
        trainable,
        best.epoch,
        best.score,
        time.monotonic() - begun,
        int(objective.optimizer.iterations),
    )


def prepare_process(settings: TrainerSettings, seed: int) -> None:
    """Set what belongs to the process: seeds, precision, threads, determinism."""
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(settings.precision)
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
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()


def first_batches(dataset: Dataset, task: Any, batching: Batching, count: int) -> Dataset:
    """Return a data set that trains and validates on the first few batches only."""
    split, size = dataset.train, batching.batch_size * count
    if task.sampler == "streams":
        part = split.take(slice(0, size * task.sequence_length))
    elif task.sampler == "windows":
        first = int(window_starts(split, task.window)[0]) + task.window.context
        part = replace(split, rows=(first, first + size + task.window.horizon - 1))
    else:
        part = split.take(np.arange(min(size, len(split))))
    return replace(dataset, train=part, valid=part)


def _length(batches: Batches, settings: TrainerSettings) -> tuple[int, int]:
    """Return steps of an epoch and epochs."""
    steps = min(settings.steps_per_epoch or batches.steps, batches.steps)
    if settings.max_steps is None:
        return steps, settings.epochs
    return steps, min(settings.epochs, math.ceil(settings.max_steps / steps))


def _jit(settings: TrainerSettings) -> bool:
    if settings.jit is not None:
        return settings.jit
    return bool(tf.config.list_physical_devices("GPU"))


def _mode(monitor: str) -> Literal["min", "max"]:
    return (
        "min"
        if any(word in monitor for word in ("loss", "error", "perplexity", "mse", "mae"))
        else "max"
    )
