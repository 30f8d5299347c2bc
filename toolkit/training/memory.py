"""How much memory this process takes, and how much there is."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)
"""Where Linux says what a container may take and takes, in its two versions."""

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Numbers of settings in glibc's malloc.h."""

KEPT = {M_TRIM_THRESHOLD: 2**30, M_MMAP_THRESHOLD: 2**30, M_TOP_PAD: 2**26}
"""How large free memory may be before it goes back to the system, in bytes. The last is the size of
a thread's part of it, which is given back whole otherwise."""


def available() -> int:
    """Return the bytes that could be taken without swapping, of the machine or its container."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = [_field("/proc/meminfo", "MemAvailable") or pages // 2]
    for limit, used in GROUPS:
        with contextlib.suppress(OSError, ValueError):
            free.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
    return max(min(free), 0)


def resident() -> int:
    """Return the bytes of memory that this process takes now."""
    return _field("/proc/self/status", "VmRSS") or peak()


def peak() -> int:
    """Return the most bytes that this process took at any time."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def peak_of(work: Callable[[], None]) -> int:
    """Return the most bytes that this process took during a piece of work.

    Where the system does not let the mark be set back, it is the most at any time.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    work()
    return _field("/proc/self/status", "VmHWM") or peak()


def keep_freed() -> None:
    """Have the C library keep memory that is freed, in place of giving it back to the system.

    What is given back has to be cleared by the system, page by page, when it is taken again. A
    step that sends its gradients to other processes takes and frees over a hundred megabytes for
    messages. Nothing is done where the C library is not GNU's.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for setting, size in KEPT.items():
            library.mallopt(setting, size)


def _field(path: str, name: str) -> int | None:
    """Return a number of kB from one of Linux's tables in bytes; None where there is none."""
    with contextlib.suppress(OSError):
        for line in Path(path).read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None
