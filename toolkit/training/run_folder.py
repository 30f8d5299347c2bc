"""A run's folder: what lies where, and how it is written so that nothing is ever half there."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from toolkit.errors import Refused, did_you_mean

ASIDE = re.compile(
    r"\.\d+-(config\.yaml|(spec|parts|results|environment)\.json|metrics\.csv|picture\.png|"
    r"(?!average\.)\w+(\.tmp)?\.keras|step-\d+\.safetensors)"
)
"""What a training writes aside before it has its name; ``average`` writes without holding a run."""


class RunFolder:
    """The files of one run.

    Args:
        path: The folder.

    Attributes:
        config: ``config.yaml``: the resolved configuration.
        spec: ``spec.json``: inputs, targets, vocabulary, classes, and how raw input is encoded.
        parts: ``parts.json``: which examples the splits hold, by length and fingerprint.
        results: ``results.json``: final figures, as ``split/metric``.
        metrics: ``metrics.csv``: one line an epoch.
        model: ``model.keras``: the best inference network.
        checkpoints: Folder of whole training states.
        tensorboard: Folder of event files.
        picture: ``picture.png``, where a run has learned one picture.
        log: ``train.log``: what was printed.
        environment: ``environment.json``: versions, machine and command.
        kept: Whether the files stay; those of a run's further workers do not.
    """

    kept = True

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.spec = self.path / "spec.json"
        self.parts = self.path / "parts.json"
        self.results = self.path / "results.json"
        self.metrics = self.path / "metrics.csv"
        self.model = self.path / "model.keras"
        self.checkpoints = self.path / "checkpoints"
        self.tensorboard = self.path / "tensorboard"
        self.picture = self.path / "picture.png"
        self.log = self.path / "train.log"
        self.environment = self.path / "environment.json"

    @property
    def shown(self) -> str:
        """The folder as short as it can be named here, quoted for a shell."""
        path = self.path.resolve()
        near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        return shlex.quote(str(near))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run for the time of a training, which is one process's at a time.

        What a killed one had written aside is taken away.

        Raises:
            Refused: If another process is at it.
        """
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Refused(f"run: {self.path} is being trained by another process.") from None
        except OSError as error:
            raise Refused(self._unwritable(error.strerror or str(error))) from None
        try:
            for path in (*self.path.glob(".*-*"), *self.checkpoints.glob(".*-*")):
                if ASIDE.fullmatch(path.name):
                    path.unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Make a new run's folder.

        Raises:
            Refused: If the folder holds a run already or cannot be written.
        """
        run = cls(path)
        if faults := run.in_the_way():
            raise Refused(*faults)
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            # Opening exclusively decides between two processes that start at once.
            with open(run.config, "x"):
                pass
        except FileExistsError:
            raise Refused(run._held()) from None
        except OSError as error:
            raise Refused(run._unwritable(error.strerror or str(error))) from None
        run.checkpoints.mkdir(exist_ok=True)
        return run

    def in_the_way(self) -> list[str]:
        """Return why no run can be made here, as far as it can be told without making one."""
        if os.path.exists(self.config):
            return [self._held()]
        path = self.path.absolute()
        there = next(p for p in (path, *path.parents) if os.path.exists(p))
        if not there.is_dir():
            return [self._unwritable(f"{there} is a file")]
        if not os.access(there, os.W_OK | os.X_OK):
            return [self._unwritable(os.strerror(errno.EACCES))]
        return []

    def _held(self) -> str:
        held = f"run_dir: {self.path} holds a run already, which is not overwritten; "
        if self.results.exists():
            longer = f"resume run={self.shown} trainer.epochs=…"
            return f"{held}train it longer ({longer}), or give another run_dir=FOLDER."
        if checkpoints(self.checkpoints):
            return f"{held}go on with it (resume run={self.shown}), or give another run_dir=FOLDER."
        return f"{held}begin it again (resume run={self.shown}), or give another run_dir=FOLDER."

    def _unwritable(self, reason: str) -> str:
        return f"run_dir: cannot write to {self.path} ({reason}); give another run_dir=FOLDER."

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Return a run that was finished or begun.

        Raises:
            Refused: If there is none.
        """
        run = cls(path)
        if not run.config.is_file():
            beside = [str(p.parent) for p in Path("runs").glob("*/*/config.yaml")]
            raise Refused(f"run: no run at {run.path}.{did_you_mean(str(path), beside)}")
        return run

    def settings(self) -> dict[str, Any]:
        """Return the run's configuration.

        Raises:
            Refused: If the file is damaged.
        """
        try:
            read = yaml.safe_load(self.config.read_text("utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise Refused(f"run: {self.config} cannot be read ({error}).") from None
        if not isinstance(read, dict):
            raise Refused(f"run: {self.config} holds no configuration: the run never began.")
        return read

    def need_model(self) -> Path:
        """Return ``model.keras``.

        Raises:
            Refused: If the run has none yet.
        """
        if not self.model.is_file():
            raise Refused(f"run: {self.path} has no model.keras: no epoch of it was finished.")
        return self.model

    def forget_unbegun(self) -> bool:
        """Take away what a run wrote that ended before there was anything to keep; whether so."""
        if self.model.exists() or self.metrics.exists() or any(self.checkpoints.glob("*")):
            return False
        written = (self.config, self.spec, self.parts, self.environment, self.log)
        for path in (*written, self.path / ".lock"):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.tensorboard, ignore_errors=True)
        with contextlib.suppress(OSError):  # where other files lie the folder stays
            self.checkpoints.rmdir()
            self.path.rmdir()
        return True

    def write_json(self, path: Path, content: Any) -> None:
        """Write a JSON file, whole or not at all."""
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder, the oldest first."""
    return sorted(folder.glob("step-*.safetensors"))


def check_output(path: str | os.PathLike[str]) -> None:
    """Refuse a file that cannot be written, before there is anything to write.

    Raises:
        Refused: If it is a folder, or lies in none.
    """
    if os.path.isdir(path):
        raise Refused(f"output: {path} is a folder; expected a file.")
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise Refused(f"output: no folder {folder}.")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file aside, then rename it over ``path``; on any error ``path`` stays as it was.

    Raises:
        Refused: If the disk is full or the folder read-only.

    Example:
        >>> with replacing(Path("a.txt")) as temporary:  # doctest: +SKIP
        ...     temporary.write_text("whole")
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise Refused(
            f"cannot write {path} ({error.strerror or error}); what was there before is kept. "
            "Free some space or give another run_dir=FOLDER."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
