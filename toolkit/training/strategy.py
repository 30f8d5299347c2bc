"""Which devices compute a run's steps, as a ``tf.distribute.Strategy``."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from itertools import cycle
from typing import Any, Literal

from toolkit.data.batching import Batching
from toolkit.errors import Refused, WorkerLost
from toolkit.lazy import keras, tf
from toolkit.training import memory
from toolkit.training.interrupts import ended_by_interrupts
from toolkit.training.settings import TrainerSettings
from toolkit.training.workers import losses

Kind = Literal["one_device", "mirrored", "multi_worker", "tpu"]

BUCKET = 4 * 2**20
"""Bytes of gradients that workers sum at a time, while those of lower layers are still computed
where there are several threads (Li et al. 2020, arXiv:2006.15704). PyTorch has 25 MB; a small
encoder's are 42 MB in all."""

LANES = 4
"""Sums that may be under way between workers at a time."""


def workers() -> int:
    """Return how many workers the environment names: in ``TF_CONFIG``, or as tasks of SLURM's step.

    Within an allocation, but outside of ``srun``, there is one process whatever SLURM_NTASKS says.
    """
    if "TF_CONFIG" in os.environ:
        cluster = cluster_of(os.environ["TF_CONFIG"])
        return len(cluster.get("worker", ())) + len(cluster.get("chief", ()))
    step = "SLURM_PROCID" in os.environ
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) if step else 1


def cluster_of(text: str) -> dict[str, Any]:
    """Return the workers' addresses that ``TF_CONFIG`` names, by role.

    Raises:
        Refused: If it cannot be read.
    """
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        addresses = cluster[task["type"]]
        addresses[int(task["index"])]
        return cluster
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Refused(
            f"TF_CONFIG cannot be used ({type(error).__name__}: {error}); expected "
            '{"cluster": {"worker": ["HOST:PORT", …]}, "task": {"type": "worker", "index": 0}}.'
        ) from error


def kind_of(settings: TrainerSettings) -> Kind:
    """Return which strategy a run has, ``auto`` resolved by what the machine is."""
    if settings.strategy != "auto":
        return settings.strategy
    if workers() > 1:
        return "multi_worker"
    if os.environ.get("TPU_NAME") or tf.config.list_physical_devices("TPU"):
        return "tpu"
    devices = settings.devices or len(tf.config.list_physical_devices("GPU"))
    return "mirrored" if devices > 1 else "one_device"


def strategy_of(settings: TrainerSettings) -> Any:
    """Return a run's strategy, made at the first call; None for one device without any.

    Call it before TensorFlow computes anything: workers can find each other, and a CPU be taken for
    several devices, only then.

    Raises:
        Refused: If the machine has no such devices, or TensorFlow has begun.
    """
    kind = kind_of(settings)
    gpus = tf.config.list_physical_devices("GPU")
    takes_several = kind == "mirrored" or (kind == "multi_worker" and gpus)
    if (settings.devices or 1) > 1 and not takes_several:
        raise Refused(
            f"trainer.devices={settings.devices}: several are taken by trainer.strategy=mirrored, "
            f"or by a worker that has GPUs; this run's strategy is {kind}."
        )
    return None if kind == "one_device" else _made(kind, settings.devices)


@lru_cache
def _made(kind: Kind, devices: int | None) -> Any:
    if kind == "tpu":
        return _tpu()
    if kind == "multi_worker" and workers() < 2:
        raise Refused(
            "trainer.strategy=multi_worker: no other worker is named. Set TF_CONFIG for each, "
            "start them by SLURM, or on this machine: python -m toolkit launch workers=2 …; a run "
            "that workers began goes on alone with trainer.strategy=auto."
        )
    names = _devices(devices)
    cpus = "CPU" in names[0].upper()
    if kind == "mirrored":
        # Collectives on CPUs know no loops within a step, and are not faster.
        across = tf.distribute.ReductionToOneDevice() if cpus else None
        return tf.distribute.MirroredStrategy(names, cross_device_ops=across)
    memory.keep_freed()
    made = _met()
    if cpus:
        sum_side_by_side(made.extended._cross_device_ops._launchers)
    return made


def _met() -> Any:
    """Return the strategy of several workers, once all of them have come.

    TensorFlow waits for them without an end; SIGINT ends the process meanwhile.

    Raises:
        Refused: If this worker's port is taken, or is none of this machine.
        WorkerLost: If another one goes while it is waited for.
    """
    distribute = tf.distribute
    by_hand = "TF_CONFIG" in os.environ
    resolvers = distribute.cluster_resolver
    resolver = resolvers.TFConfigClusterResolver() if by_hand else resolvers.SlurmClusterResolver()
    addresses = resolver.cluster_spec().as_dict()
    own = addresses[resolver.task_type][resolver.task_id]
    all_of = [*addresses.get("chief", ()), *addresses.get("worker", ())]
    others = [each for each in all_of if each != own]
    many = "worker" if len(others) == 1 else "workers"
    print(f"waits for {len(others)} other {many}: {', '.join(others)}", file=sys.stderr, flush=True)
    options = distribute.experimental.CommunicationOptions(bytes_per_pack=BUCKET)
    try:
        with ended_by_interrupts():
            return distribute.MultiWorkerMirroredStrategy(resolver, options)
    except tf.errors.UnknownError as error:
        raise Refused(
            f"{'TF_CONFIG' if by_hand else 'SLURM'}: cannot listen at {own}, this worker's address "
            f"({str(error).partition(chr(10))[0]}); give it a free port of this machine, on all "
            "workers."
        ) from error
    except losses() as error:
        raise WorkerLost(
            f"another worker is gone, or cannot be reached ({type(error).__name__}): begin again, "
            "on all workers."
        ) from error


def sum_side_by_side(launchers: list[Any]) -> None:
    """Let some sums over workers be under way at once.

    TensorFlow chains all of a step by one token, so that each begins when the one before it has
    come to its end, and a worker is idle whenever it waits for what another sends. NCCL needs their
    order; over CPUs, messages carry a key that says what sum they belong to.

    Args:
        launchers: TensorFlow's, one for each device of this process.
    """
    for launcher in launchers:
        with tf.device(launcher._device):
            tokens = cycle([tf.Variable(0.0, trainable=False) for _ in range(LANES)])
        launcher._get_ordering_token = lambda tokens=tokens: next(tokens).handle


def _devices(count: int | None) -> list[str]:
    """Return the devices of this process, CPUs made of one where there is no GPU."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        if (count or 1) > len(gpus):
            raise Refused(f"trainer.devices={count}: this machine has {len(gpus)} GPUs.")
        tf.config.set_visible_devices(gpus[:count], "GPU")
        return [f"/gpu:{i}" for i in range(count or len(gpus))]
    (cpu,) = tf.config.list_physical_devices("CPU")[:1]
    if count is not None and count > 1:
        logical = [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
        try:
            tf.config.set_logical_device_configuration(cpu, logical)
        except (RuntimeError, ValueError):
            if len(tf.config.list_logical_devices("CPU")) != count:
                raise Refused(
                    f"trainer.devices={count}: TensorFlow has started with another number in this "
                    "process; set it in the first run of a process."
                ) from None
    return [f"/cpu:{i}" for i in range(count or 1)]


def _tpu() -> Any:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(os.environ.get("TPU_NAME", ""))
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        raise Refused(
            "trainer.strategy=tpu: no TPU was found "
            f"({str(error).partition(chr(10))[0]}). On a TPU machine install the extra 'tpu', and "
            "for a TPU elsewhere set TPU_NAME."
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def told(strategy: Any) -> str:
    """Return what a run computes on, in a sentence."""
    if strategy is None:
        gpus = tf.config.list_physical_devices("GPU")
        return f"computes on one {'GPU' if gpus else 'CPU'}"
    replicas, here = strategy.num_replicas_in_sync, strategy.extended.worker_devices
    kind = type(strategy).__name__.partition("Strategy")[0]
    devices = ", ".join(device.rpartition("device:")[2] for device in here)
    total = len(here)
    if replicas == total:
        return f"computes on {replicas} {'replica' if replicas == 1 else 'replicas'} ({devices})"
    return f"computes on {replicas} replicas, {total} of them here ({devices}); {kind}"


def check_shares(strategy: Any, settings: TrainerSettings, batching: Batching) -> None:
    """Refuse what a strategy cannot do.

    Raises:
        Refused: If batches are too small for it, or steps cannot be compiled.
    """
    if strategy is None:
        return
    replicas = strategy.num_replicas_in_sync
    if batching.size < replicas:
        raise Refused(
            f"data.batch_size={batching.size}: it is the size of the batch over all devices, "
            f"and there are {replicas} replicas; expected at least one example for each."
        )
    if settings.jit and not isinstance(strategy, tf.distribute.TPUStrategy):
        raise Refused(
            "trainer.jit=true: XLA compiles a step for one device, and TensorFlow has no compiled "
            "step that reads weights, or sums gradients, of several; leave it out, or "
            "trainer.strategy=one_device."
        )


def check_overwriting(strategy: Any, optimizers: Sequence[keras.Optimizer]) -> None:
    """Refuse weights that are to become their averages every few steps, on replicas.

    Raises:
        Refused: Since Keras does it within a condition, where replicas cannot meet.
    """
    for optimizer in optimizers if strategy is not None else ():
        every = getattr(optimizer, "inner_optimizer", optimizer).ema_overwrite_frequency
        if every is not None:
            raise Refused(
                f"optimizer.ema_overwrite_frequency={every}: Keras overwrites weights on one "
                "device only; leave it out, or trainer.strategy=one_device."
            )


def synchronize(objective: keras.Model) -> None:
    """Have batch norms take the statistics of the whole batch, not of each replica's share."""
    if objective.strategy is None or objective.strategy.num_replicas_in_sync == 1:
        return
    for layer in batch_norms(objective):
        layer.synchronized = True


def batch_norms(network: keras.Model) -> list[Any]:
    """Return a network's batch norms, those within layers too."""
    found = network._flatten_layers(include_self=False)
    return [layer for layer in found if isinstance(layer, keras.layers.BatchNormalization)]


@contextlib.contextmanager
def as_on_one_device(network: keras.Model) -> Any:
    """Let a network be saved as it is on one device: other backends know no shared statistics."""
    norms = [layer for layer in batch_norms(network) if layer.synchronized]
    for layer in norms:
        layer.synchronized = False
    try:
        yield
    finally:
        for layer in norms:
            layer.synchronized = True
