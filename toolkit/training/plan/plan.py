"""What a training would be: its networks, its data, its cost and its time, without training."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from toolkit.lazy import tf
from toolkit.training.checks import check_run
from toolkit.training.largest_batch import settle_batch_size
from toolkit.training.memory import peak
from toolkit.training.optimizers import rate_of
from toolkit.training.parts import batching_of, learner, load_dataset, suited
from toolkit.training.plan.contents import Contents, contents
from toolkit.training.plan.layers import LayerCost, layer_costs
from toolkit.training.plan.probe import Sizes, Timing, probe
from toolkit.training.settings import TrainerSettings
from toolkit.training.setup import Setup, prepare, prepare_process
from toolkit.training.strategy import kind_of

POINTS = 5
"""Steps of the run at which the learning rate is told."""


@dataclass(frozen=True)
class Memory:
    """Bytes that a training holds.

    Attributes:
        parameters: The weights.
        gradients: One for each weight that is trained.
        optimizer: What the optimizer keeps: moments, averages.
        activations: What layers give and keep for the gradient, estimated.
        peak: The most that this process had at any time while it measured: data, TensorFlow and
            all. On a GPU the most that was in use there.
    """

    parameters: int
    gradients: int
    optimizer: int
    activations: int
    peak: int


@dataclass(frozen=True)
class Plan:
    """What a training would be.

    Attributes:
        name: The model's.
        layers: Its layers.
        parameters: How many numbers its weights are.
        beside: The same of each network beside it, by name, what it shares left out.
        frozen: How many of its own are not trained.
        flops: Arithmetic of a batch in each network once, forward; of one network that is a step.
        flops_training: Forward and backward.
        memory: Bytes that it holds.
        contents: What an epoch holds.
        steps: Batches of an epoch.
        epochs: Epochs, at most.
        total: Batches of the whole run.
        validations: Validations of the whole run.
        learning_rates: Step and learning rate, at a few steps.
        sizes: Bytes of files.
        checkpoints: How many checkpoints stay.
        start: Seconds from the beginning of the process until the first step could begin.
        timing: Seconds of what follows.
        notes: What data set and setup have to say.
    """

    name: str
    layers: list[LayerCost]
    parameters: int
    beside: dict[str, int]
    frozen: int
    flops: int
    flops_training: int
    memory: Memory
    contents: Contents
    steps: int
    epochs: int
    total: int
    validations: int
    learning_rates: list[tuple[int, float]]
    sizes: Sizes
    checkpoints: int
    start: float
    timing: Timing
    notes: tuple[str, ...]

    @property
    def seconds(self) -> dict[str, float]:
        """Return what the run's time is made of, in its order."""
        timing, rest = self.timing, self.total - 1
        return {
            "start": self.start,
            "first step": timing.first_step,
            "training": timing.step * rest,
            "validation": timing.validation * self.validations,
            "epochs' ends": timing.epoch_end * self.epochs + timing.first_end,
            "test": timing.finish,
        }

    def json(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        found = asdict(self)
        return {**found, "seconds": self.seconds, "total_seconds": sum(self.seconds.values())}


def plan(
    *,
    model: dict[str, Any],
    data: dict[str, Any],
    task: dict[str, Any],
    optimizer: dict[str, Any],
    schedule: dict[str, Any],
    trainer: dict[str, Any],
    logger: dict[str, Any],
    seed: int,
    plugins: Sequence[str] = (),
    seconds: float = 10.0,
    begun: float | None = None,
) -> Plan:
    """Build what a configuration describes, and measure a few steps of it.

    Args:
        model: As ``toolkit.training.run.train`` takes it; likewise the others.
        data: See above.
        task: See above.
        optimizer: See above.
        schedule: See above.
        trainer: See above.
        logger: See above; one that sends what it is given elsewhere is left out.
        seed: See above.
        plugins: See above.
        seconds: How long training steps are measured.
        begun: When the process began, by ``time.perf_counter``; None: now.

    Raises:
        Refused: If the run would be.
    """
    begun = time.perf_counter() if begun is None else begun
    for plugin in plugins:
        importlib.import_module(plugin)
    data = suited(data, task, model)
    settings = TrainerSettings(**trainer)
    if kind_of(settings) == "multi_worker":  # the others are not here
        settings = replace(settings, strategy="one_device")
    prepare_process(settings, seed)
    dataset = load_dataset(data, seed)
    learned, spec = learner(task, model, dataset.spec)
    dataset = replace(dataset, spec=spec)
    check_run(dataset, learned, settings, batching_of(data))
    found: list[str] = []
    config: dict[str, Any] = {
        "model": model,
        "data": data,
        "task": task,
        "optimizer": optimizer,
        "schedule": schedule,
        "trainer": asdict(settings),
        "seed": seed,
    }
    batching = batching_of(settle_batch_size(config, dataset, found.append)["data"])
    setup = prepare(
        model,
        dataset,
        learned,
        optimizer=optimizer,
        schedule=schedule,
        batching=batching,
        settings=settings,
        seed=seed,
    )
    start = time.perf_counter() - begun
    held = contents(setup)
    layers, activations = layer_costs(setup.trainable, _batch(setup, held))
    rates = _learning_rates(setup)
    timing, sizes = probe(setup, logger, seconds)
    objective = setup.objective
    return Plan(
        name=setup.name,
        layers=layers,
        parameters=setup.trainable.inference.count_params(),
        beside=setup.trainable.parameters_beside(),
        frozen=setup.trainable.frozen,
        flops=sum(layer.flops for layer in layers),
        flops_training=sum(layer.flops_training for layer in layers),
        memory=Memory(
            parameters=_size(setup.trainable.objective.weights),
            gradients=_size(objective.trainable_variables),
            optimizer=_size(objective.optimizer.variables),
            activations=activations,
            peak=_peak(),
        ),
        contents=held,
        steps=setup.steps,
        epochs=setup.epochs,
        total=setup.total,
        validations=setup.epochs // settings.validate_every,
        learning_rates=rates,
        sizes=sizes,
        checkpoints=min(settings.keep, _written(setup)),
        start=start,
        timing=timing,
        notes=(*dataset.notes, *found, *setup.notes),
    )


def _batch(setup: Setup, held: Contents) -> tuple[int, ...]:
    """Return the shape of a batch of what is read, a text as long as in the mean."""
    inputs, _, _ = next(iter(setup.batches.once(1)))
    shape = tuple(inputs[next(iter(setup.dataset.spec.inputs))].shape)
    return (shape[0], round(held.length), *shape[2:]) if held.length else shape


def _learning_rates(setup: Setup) -> list[tuple[int, float]]:
    """Return the learning rate at a few steps, evenly from the first to the last."""
    optimizer = setup.update.optimizer
    rates = []
    for step in np.unique(np.linspace(0, setup.total - 1, POINTS).astype(int)):
        optimizer.iterations.assign(int(step))
        rates.append((int(step) + 1, rate_of(optimizer)))
    optimizer.iterations.assign(0)
    return rates


def _written(setup: Setup) -> int:
    every = setup.settings.checkpoint_every
    return setup.epochs if every is None else setup.total // every + 1


def _size(variables: Sequence[Any]) -> int:
    return sum(np.asarray(variable).nbytes for variable in variables)


def _peak() -> int:
    """Return the most bytes that were in use at any time."""
    if tf.config.list_physical_devices("GPU"):
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    return peak()
