"""Training: the one road that every run takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import keras

from toolkit.errors import Refused
from toolkit.replicas import several_workers
from toolkit.training.assemble import Trainable
from toolkit.training.callbacks.checkpoints import Checkpoints
from toolkit.training.callbacks.concerns import Concerns
from toolkit.training.callbacks.guard import Diverged, NonFiniteGuard
from toolkit.training.callbacks.keep_best import KeepBest
from toolkit.training.callbacks.limit import StopAfter
from toolkit.training.callbacks.metrics_csv import MetricsCsv
from toolkit.training.callbacks.plateau import FollowPlateau
from toolkit.training.callbacks.position import Position
from toolkit.training.callbacks.progress import ProgressBar
from toolkit.training.callbacks.resumable import ResumableCallbacks, remembered
from toolkit.training.callbacks.slow_workers import SlowWorkers
from toolkit.training.callbacks.whole_examples import watching
from toolkit.training.console import Reporter
from toolkit.training.ema import ScoreAverages, averaged
from toolkit.training.optimizers import set_rates_of, updates_of
from toolkit.training.run_folder import RunFolder
from toolkit.training.setup import Setup
from toolkit.training.signals import StopSignals
from toolkit.training.state import State


@dataclass(frozen=True)
class Outcome:
    """What training came to.

    Attributes:
        trainable: The networks, with the weights that the run keeps.
        epoch: The epoch that they are of, from 1: the best, or the last where that was asked for;
            0 where none was validated.
        score: Its validation score; not finite where there is none.
        seconds: How long it took, over all the times it was resumed.
        steps: Updates that were made.
    """

    trainable: Trainable
    epoch: int
    score: float
    seconds: float
    steps: int


def fit(
    setup: Setup,
    folder: RunFolder,
    *,
    reporter: Reporter | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    state: State | None = None,
) -> Outcome:
    """Train, validate every epoch, and keep the best (or last) network in the run's folder.

    Args:
        setup: What to train, and how.
        folder: Where everything is written.
        reporter: Where progress is told; None prints to the terminal and the run's log.
        callbacks: Further Keras callbacks. One that has ``state()``, which gives JSON, and
            ``restore(state)`` finds its state again when the run is resumed.
        state: A checkpoint's, to go on from as if training had never stopped; None begins.

    Raises:
        Refused: If training diverges, or what it writes cannot be written.
    """
    reporter = reporter or Reporter(folder.log)
    trainable, objective, settings = setup.trainable, setup.objective, setup.settings
    reporter.say(
        f"{setup.name}: {setup.parameters}; "
        f"{setup.batches.examples:,} {setup.batches.unit} in {setup.steps:,} steps an epoch"
    )
    begun = time.monotonic() - (state.note["seconds"] if state else 0.0)
    rates = set_rates_of(objective.optimizers)
    position, signals, averages = Position(setup.steps), StopSignals(), ScoreAverages()
    best = KeepBest(
        lambda: trainable.save(folder.model),
        setup.monitor,
        setup.mode,
        settings.patience,
        last=settings.restore == "last",
    )

    def note() -> dict[str, object]:
        return {
            **position.state(),
            "seconds": time.monotonic() - begun,
            "jit": setup.jit,
            "rates": rates,
            "callbacks": remembered(watch),
        }

    keep = Checkpoints(
        folder.checkpoints if folder.kept else None,
        position,
        note,
        every=settings.checkpoint_every,
        minutes=settings.checkpoint_minutes,
        keep=settings.keep,
    )
    plateau, concerns = setup.update.plateau, getattr(setup.task, "concerns", None)
    watch: list[keras.callbacks.Callback] = [
        position,
        watching(objective, setup.task, setup.dataset, setup.dataset.valid),
        *([FollowPlateau(plateau, setup.monitor, setup.mode)] if plateau is not None else []),
        NonFiniteGuard(position),
        StopAfter(setup.total, position),
        averages,
        ProgressBar(
            reporter,
            epochs=setup.epochs,
            steps=setup.steps,
            examples=round(setup.batches.examples * setup.steps / setup.batches.steps),
            unit=setup.batches.unit,
        ),
        *([Concerns(concerns, reporter.say)] if concerns is not None else []),
        *([SlowWorkers(reporter.say)] if several_workers(objective.strategy) else []),
        MetricsCsv(folder.metrics, position),
        best,
        *callbacks,
        keep,
        signals,
    ]
    epoch, done = (0, 0) if state is None else place(state, setup)
    if state is not None and epoch >= setup.epochs:  # nothing is left but to score it
        state.put_into(objective)
        best.restore(state.note["callbacks"]["KeepBest"])
    try:
        with signals.awaited():
            objective.fit(
                setup.batches.endless(epoch * setup.steps + done, setup.steps, objective.strategy),
                steps_per_epoch=setup.steps,
                initial_epoch=epoch,
                epochs=setup.epochs,
                validation_data=setup.valid.once(settings.validation_steps, objective.strategy),
                validation_freq=settings.validate_every,
                callbacks=ResumableCallbacks(watch, objective, setup.epochs, state, done),
                verbose=0,
                shuffle=False,
            )
    except Diverged as error:
        kept = best.saved[0]
        if not kept:
            trainable.save(folder.model)
        what = f"epoch {kept}" if kept else f"step {error.step - 1}"
        raise Refused(
            f"training diverged: {error}. The last good weights, of {what}, are in {folder.model}. "
            "Try a lower optimizer.learning_rate, optimizer.clipnorm, or a schedule with warm-up."
        ) from error
    except OSError as error:
        raise Refused(_cannot_write(folder, error)) from error
    except BaseException as stop:
        if not isinstance(stop, Exception) and not signals.at_once:  # between two steps
            stopped = f"stopped at step {position.step:,}"
            try:
                averages.on_test_end()
                if not best.saved[0]:
                    with averaged(objective):
                        trainable.save(folder.model)
                if not keep.complete:
                    keep.write()
                keep.wait()
                reporter.say(f"{stopped}; go on with: python -m toolkit resume run={folder.shown}")
            except (OSError, Refused) as error:  # it stops all the same
                why = _cannot_write(folder, error) if isinstance(error, OSError) else error
                with contextlib.suppress(OSError):  # the log may lie there too
                    reporter.say(f"{stopped}, without a checkpoint: {why}")
        raise
    finally:
        keep.close()
    epoch, score = best.saved
    if not epoch:  # never validated, or never with a comparable score
        with averaged(objective):
            trainable.save(folder.model)
    trainable.load(folder.model)
    seconds = time.monotonic() - begun
    return Outcome(trainable, epoch, score, seconds, updates_of(objective.optimizer))


def _cannot_write(folder: RunFolder, error: OSError) -> str:
    return f"cannot write to {folder.path} ({error.strerror or error})."


def place(state: State, setup: Setup) -> tuple[int, int]:
    """Return the epoch to go on in, from 0, and the batches of it that are done.

    The epoch after the last means that nothing is left to train.

    Raises:
        Refused: If an epoch has another number of batches now.
    """
    note = state.note
    epoch, batch = note["epoch"], note["batch"]
    if note["steps"] != setup.steps:
        raise Refused(
            f"run: an epoch had {note['steps']:,} batches and has {setup.steps:,} now, by which "
            "steps and schedule would count anew: leave data, batch size and "
            "trainer.steps_per_epoch as they were, or begin a run with this one's weights: "
            "model.init_from=RUN."
        )
    if is_over(state, setup):
        return setup.epochs, 0
    if note["closed"] and batch == note["steps"]:
        return epoch + 1, 0
    return epoch, batch


def is_over(state: State, setup: Setup) -> bool:
    """Whether nothing is left to train: no steps, no epochs, no patience."""
    note, patience = state.note, setup.settings.patience
    best = note["callbacks"]["KeepBest"]
    alike = best.get("monitor", setup.monitor) == setup.monitor
    waited = best["waited"] if alike else 0
    stopped = note["closed"] and (
        note["epoch"] + 1 >= setup.epochs
        or note["step"] >= setup.total
        or (patience is not None and waited >= patience)
    )
    return stopped or note["epoch"] >= setup.epochs
