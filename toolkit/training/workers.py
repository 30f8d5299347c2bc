"""Several processes that train one run: who writes it, and what they agree on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.errors import Refused, WorkerLost
from toolkit.flat import flatten
from toolkit.lazy import tf
from toolkit.replicas import several_workers
from toolkit.training.run_folder import RunFolder, checkpoints

MAY_DIFFER = ("run_dir", "data.root", "trainer.threads")
"""Keys of a configuration that workers may have different values of."""

LONGEST = 4096
"""Bytes of a text that the chief can tell the others."""


def number_of(strategy: Any) -> int:
    """Return this process's number among the workers; the chief is 0."""
    if not several_workers(strategy):
        return 0
    resolver = strategy.cluster_resolver
    chief = "chief" in resolver.cluster_spec().jobs
    return 0 if resolver.task_type == "chief" else int(resolver.task_id) + chief


@contextlib.contextmanager
def naming_loss(strategy: Any, run: RunFolder) -> Iterator[None]:
    """Say in a sentence that another worker is gone, and how all go on.

    Args:
        strategy: The run's; with one device or process all is raised as it is.
        run: The run's folder, not one aside.

    Raises:
        WorkerLost: In place of what TensorFlow raises where another worker does not answer.
    """
    try:
        yield
    except losses() as error:
        if not several_workers(strategy):
            raise
        gone = f"another worker is gone, or cannot be reached ({type(error).__name__})."
        if checkpoints(run.checkpoints):
            words = f"python -m toolkit resume run={run.shown}"
            raise WorkerLost(
                f"{gone} Go on from the last checkpoint, on all workers: {words}"
            ) from error
        raise WorkerLost(
            f"{gone} There is no checkpoint yet: begin again, on all workers."
        ) from error


def losses() -> tuple[type[Exception], ...]:
    """Return what TensorFlow raises where another worker does not answer."""
    errors = tf.errors
    return (
        errors.UnavailableError,
        errors.AbortedError,
        errors.CancelledError,
        errors.DeadlineExceededError,
        errors.InternalError,
    )


def told_by_chief(strategy: Any, text: str) -> str:
    """Return what the chief gave, on every worker; all have to ask.

    Args:
        strategy: The run's.
        text: What the chief tells; of no account elsewhere.
    """
    if not several_workers(strategy):
        return text
    letters = np.zeros(LONGEST, "int32")
    given = np.frombuffer(text.encode(), "uint8")
    letters[: len(given)] = given

    def tell() -> Any:
        context = tf.distribute.get_replica_context()
        mine = tf.constant(letters) * tf.cast(context.replica_id_in_sync_group == 0, "int32")
        return context.all_reduce("SUM", mine)

    (heard, *_) = strategy.experimental_local_results(strategy.run(tf.function(tell)))
    return heard.numpy().astype("uint8").tobytes().rstrip(b"\0").decode()


def check_alike(strategy: Any, config: dict[str, Any]) -> None:
    """Refuse workers that were started with different configurations.

    Args:
        strategy: The run's.
        config: The configuration.

    Raises:
        Refused: Where this worker's is not the chief's.
    """
    same = {key: value for key, value in flatten(config).items() if key not in MAY_DIFFER}
    own = hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest()
    if told_by_chief(strategy, own) != own:
        raise Refused(
            f"worker {number_of(strategy)} was started with another configuration than the chief: "
            "give all workers the same words."
        )


class AsideFolder(RunFolder):
    """Where a worker that is not the chief writes: all in a folder that is thrown away, but a log.

    Workers must do the same, so that none waits for another; what is theirs to keep is the log.

    Args:
        run: The run's folder, which the chief writes.
        number: The worker's.
        place: A folder of its own.
    """

    def __init__(self, run: RunFolder, number: int, place: Path):
        super().__init__(place)
        self.run = run
        self.log, self.kept = run.path / f"worker-{number}.log", False

    @property
    def shown(self) -> str:
        """The run's folder, which is what a user knows."""
        return self.run.shown


@contextlib.contextmanager
def own_folder(run_dir: str, strategy: Any, *, there: bool = False) -> Iterator[RunFolder]:
    """Give the folder that this process writes: the run's, or one aside.

    Args:
        run_dir: The run's folder.
        strategy: The run's.
        there: Whether it is there already, of a run that begins again; else it is made.
    """
    if number_of(strategy) == 0:
        run = RunFolder(run_dir) if there else RunFolder.create(run_dir)
        run.checkpoints.mkdir(exist_ok=True)  # it may have been taken away
        yield run
        return
    with _aside(RunFolder(run_dir), strategy) as folder:
        yield folder


@contextlib.contextmanager
def resumed_folder(run: RunFolder, strategy: Any) -> Iterator[RunFolder]:
    """Give the folder that this process writes while a run goes on."""
    if number_of(strategy) == 0:
        yield run
        return
    with _aside(run, strategy) as folder:
        for network in run.path.glob("*.keras"):
            shutil.copy(network, folder.path / network.name)
        yield folder


@contextlib.contextmanager
def _aside(run: RunFolder, strategy: Any) -> Iterator[RunFolder]:
    with tempfile.TemporaryDirectory(prefix="toolkit-worker-") as place:
        folder = AsideFolder(run, number_of(strategy), Path(place))
        folder.checkpoints.mkdir()
        yield folder
