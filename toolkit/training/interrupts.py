"""Signals that end a run, and a wait that they alone can end."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

from toolkit.errors import Terminated

STOPS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}
"""Signals that end a run, and what each is raised as."""


@contextlib.contextmanager
def ended_by_interrupts() -> Iterator[None]:
    """Have SIGINT end the process for the time of a block that waits in C++, out of Python's reach.

    SIGTERM is no help there, since TensorFlow takes it as soon as there are several workers; after
    the block it is Python's again. A SIGINT that is ignored stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOPS}
    if before[signal.SIGINT] != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
