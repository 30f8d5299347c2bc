"""The folder that a data set is prepared into: begun, gone on with, and finished."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from toolkit.data.prepare.shard_writer import UNFINISHED, noted
from toolkit.data.records import manifest as manifests
from toolkit.data.records.manifest import Beside, read_manifest
from toolkit.data.records.shards import Shard
from toolkit.data.records.sound import faults_in
from toolkit.errors import Refused
from toolkit.flat import differences

PLAN = "plan.json"


class Output:
    """A folder of shards on its way.

    Args:
        path: The folder; made if need be.
        made_from: Everything that decides what is written, as JSON has it.

    Attributes:
        beside: Files that were written beside the shards, for the manifest.
    """

    def __init__(self, path: str | os.PathLike[str], made_from: Mapping[str, Any]):
        self.folder = Path(path).expanduser().absolute()
        self.made_from = json.loads(json.dumps(made_from))
        self.aside = self.folder / UNFINISHED
        self.beside: list[Beside] = []

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Take the folder for this process; gives whether it is finished already.

        Raises:
            Refused: If it holds something else, another process writes to it, it cannot be written,
                or the disk is full.
        """
        try:
            if self._is_finished():
                yield True
                return
            self._refuse_strange()
            self.aside.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.aside / "lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise Refused(
                    f"output: another process is preparing '{self.folder}'; wait for it."
                ) from None
            with lock:
                self._go_on()
                try:
                    yield False
                except Refused:
                    self._forget_unbegun()
                    raise
            shutil.rmtree(self.aside, ignore_errors=True)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise Refused(self.full()) from error
            raise Refused(
                f"output: cannot write to '{self.folder}' ({error.strerror or error})."
            ) from error
        except Exception as error:
            if type(error).__name__ == "ResourceExhaustedError":  # a full disk, as TensorFlow says
                raise Refused(self.full()) from error
            raise

    def full(self) -> str:
        """Return what is said of a full disk."""
        return (
            f"disk full: no room in '{self.folder}'. Free some and run the same command again: it "
            "goes on where it stopped."
        )

    def _is_finished(self) -> bool:
        if not (self.folder / manifests.NAME).is_file():
            return False
        manifest = read_manifest(self.folder)
        there = dict(manifest.made_from)
        if told := _told(there, self.made_from):
            raise Refused(
                f"output: '{self.folder}' holds other records ({told}); give another folder, or "
                "delete it."
            )
        if faults := faults_in(self.folder, manifest):
            raise Refused(*faults)
        return True

    def _refuse_strange(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise Refused(f"output: '{self.folder}' is a file; expected a folder.")
        if self.folder.is_dir() and not self.aside.is_dir() and any(self.folder.iterdir()):
            raise Refused(
                f"output: '{self.folder}' holds files that are none of prepare's; give a folder "
                "that is new or empty."
            )

    def _forget_unbegun(self) -> None:
        """Leave nothing behind where not even a shard was made."""
        if not any(self.aside.glob("*.npz")):
            shutil.rmtree(self.aside, ignore_errors=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _go_on(self) -> None:
        """Write down what is made, or refuse to go on with something else."""
        plan = self.aside / PLAN
        try:
            there = json.loads(plan.read_text("utf-8"))
        except (OSError, ValueError):
            there = None
        if there is None:
            aside = plan.with_suffix(".part")
            aside.write_text(json.dumps(self.made_from), "utf-8")
            aside.replace(plan)
        elif told := _told(there, self.made_from):
            raise Refused(
                f"output: '{self.folder}' is an unfinished prepare of something else ({told}); "
                "give another folder, or delete it."
            )

    def done(self, names: Sequence[str]) -> set[str]:
        """Return those shards that an earlier process has finished."""
        return {name for name in names if noted(self.folder, name) is not None}

    def shards(self, group: str, names: Sequence[str]) -> tuple[tuple[Shard, ...], dict[str, Any]]:
        """Write a group's file of offsets, and return its shards and the arrays noted with them."""
        found: list[Shard] = []
        more: dict[str, list[np.ndarray]] = {}
        path = self.folder / f"{group}.index"
        with open(path, "wb") as index:
            for name in names:
                done = noted(self.folder, name)
                assert done is not None, name
                shard, arrays = done
                index.write(arrays.pop("offsets").tobytes())
                found.append(shard)
                for key, array in arrays.items():
                    more.setdefault(key, []).append(array)
            index.flush()
            os.fsync(index.fileno())
        self.beside.append(Beside.of(path))
        return tuple(found), more

    def save(self, name: str, array: np.ndarray) -> None:
        """Write an array into a file of the folder."""
        path = self.folder / f"{name}.npy"
        with open(path, "wb") as file:
            np.save(file, array)
            file.flush()
            os.fsync(file.fileno())
        self.beside.append(Beside.of(path))


def names_of(group: str, count: int) -> list[str]:
    """Return the names of a group's shards."""
    return [f"{group}-{i:05d}-of-{count:05d}.tfrecord" for i in range(count)]


def _told(there: dict[str, Any], now: dict[str, Any]) -> str:
    """Return what differs between two makings, the first three; empty where nothing does."""
    if there == now:
        return ""
    found = differences(there, now)
    told = [f"{key}: {old!r} there, {new!r} now" for key, (old, new) in list(found.items())[:3]]
    return "; ".join(told) or "made with other options"
