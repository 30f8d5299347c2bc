"""One event file of TensorBoard's."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter

_numbers = itertools.count()


class EventFile:
    """A new event file, written at once: TensorBoard's own writer dies in a thread of its own.

    Args:
        folder: Where; made if it is not there.

    Raises:
        OSError: If it cannot be made, or written.
    """

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        # Read in the order of their names, which is that of time.
        name = f"{int(time.time()):010}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self._file = open(folder / f"events.out.tfevents.{name}", "xb")  # noqa: SIM115
        self._records, self._lock = RecordWriter(self._file), threading.Lock()
        self.write(Event(file_version="brain.Event:2"))

    def write(self, event: Any) -> None:
        """Write an event, as of now."""
        event.wall_time = time.time()
        with self._lock:
            self._records.write(event.SerializeToString())

    def flush(self) -> None:
        """Hand all to the operating system, for those who look while training goes on."""
        with self._lock:
            self._file.flush()

    def close(self) -> None:
        """End the file."""
        with self._lock:
            self._file.close()
