"""Stopping a sweep whose runs are in worker processes: each run saves its state first."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from toolkit.errors import Terminated

STOP = "stop"
"""File among a sweep's notes that keeps further runs from starting."""

SAID = "\nstopping all runs, each with a checkpoint; once more stops at once without one"


def enter_worker(notes: str) -> bool:
    """Say in a worker process that it is at work; whether it may begin a run.

    The worker leaves the terminal's group, so that Ctrl-C comes to it once: from the sweep.
    """
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    Path(notes, f"{os.getpid()}.worker").touch()
    return not Path(notes, STOP).exists()


@contextlib.contextmanager
def passing_signals_on(notes: str) -> Iterator[None]:
    """Pass Ctrl-C and SIGTERM on to the workers; raise them once all runs have ended.

    A second one is raised where the process stands.

    Args:
        notes: Folder in which workers say that they are there.
    """
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        if caught:
            raise _meaning(number)
        caught.append(number)
        Path(notes, STOP).touch()
        print(SAID, file=sys.stderr, flush=True)
        for worker in Path(notes).glob("*.worker"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(worker.stem), signal.SIGINT)

    for number in before:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        raise _meaning(caught[0])


def _meaning(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated()
