"""How long and in what manner a run trains: the keys of config group ``trainer``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toolkit.types import Positive, PositiveInt

Strategy = Literal["auto", "one_device", "mirrored", "multi_worker", "tpu"]
"""Which devices compute a step together."""


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """Length, validation, checkpoints and numerics of a run.

    Attributes:
        epochs: Times the training data is gone through, at most.
        max_steps: Updates, at most; None sets no bound. An epoch that it cuts short is validated.
        steps_per_epoch: Batches that make an epoch, at most those of the data; None: all of them.
        validation_steps: Batches of the validation split that are scored; None: all.
        test_steps: Batches of the test split that are scored at the end; None: all.
        validate_every: Epochs from one validation to the next.
        monitor: Score in validation by which the best epoch is chosen; None: the task's.
        patience: Validations without a better score after which training stops; None never stops
            early.
        restore: Whose weights the run keeps and scores: the ``best`` epoch's or the ``last``. Where
            validation data is what is reported, choosing by it would flatter: take the last. None:
            the best, but the last of networks that play against each other, whose losses do not
            tell which epoch was best.
        keep: Newest checkpoints that stay.
        checkpoint_every: Steps from one checkpoint to the next; None: one at the end of each epoch.
        checkpoint_minutes: Minutes after which a checkpoint is written in any case; None: never for
            that reason.
        overfit_batches: Train and validate on this many batches again and again, to see that a
            network can learn at all; None: train on everything.
        precision: Keras's policy: what layers compute in. The half precisions pay on accelerators.
        jit: Whether steps are compiled by XLA; None: on a GPU, not on a CPU, where it is slower.
        rematerialize: Whether a training step keeps only what crosses from one stretch of a network
            to the next, and computes what lies within again for the gradient (gradient
            checkpointing; Chen et al., 2016). The numbers are the same, with less memory and up to
            a third more arithmetic: for batches, texts or networks that would not fit otherwise.
        threads: Threads that one operation may use; None: all cores.
        deterministic: Whether only operations that repeat bit for bit are used; slower on a GPU.
        strategy: Which devices compute a step together. ``one_device``; ``mirrored``: all GPUs of
            this machine; ``multi_worker``: several machines or processes, which ``TF_CONFIG`` or
            SLURM names; ``tpu``; ``auto``: several workers where they are named, else a TPU, else
            several GPUs or ``devices``, else one device. ``data.batch_size`` is that of all
            together, and the learning rate is as it is written.
        devices: GPUs that ``mirrored`` or a worker takes; None: all. Where there is no GPU, one CPU
            is taken for so many devices, which is no faster, but shows that a run works on several.
    """

    epochs: PositiveInt = 5
    max_steps: PositiveInt | None = None
    steps_per_epoch: PositiveInt | None = None
    validation_steps: PositiveInt | None = None
    test_steps: PositiveInt | None = None
    validate_every: PositiveInt = 1
    monitor: str | None = None
    patience: PositiveInt | None = None
    restore: Literal["best", "last"] | None = None
    keep: PositiveInt = 2
    checkpoint_every: PositiveInt | None = None
    checkpoint_minutes: Positive | None = 15.0
    overfit_batches: PositiveInt | None = None
    precision: Literal["float32", "float64", "bfloat16", "mixed_bfloat16", "mixed_float16"] = (
        "float32"
    )
    jit: bool | None = None
    rematerialize: bool = False
    threads: PositiveInt | None = None
    deterministic: bool = False
    strategy: Strategy = "auto"
    devices: PositiveInt | None = None
