"""How much memory this process takes, and how much there is."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
"""Where Linux says what a container, a control group of processes, may take and takes."""

VERSIONS = (
    ("", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Of control groups: the newer one and the older. A folder below ``GROUPS``, the file of the limit,
that of what is taken, and the name in ``memory.stat`` of what of it are files' pages not in use."""

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Numbers of settings in glibc's malloc.h."""

KEPT = {M_TRIM_THRESHOLD: 2**30, M_MMAP_THRESHOLD: 2**30, M_TOP_PAD: 2**26}
"""How large free memory may be before it goes back to the system, in bytes. The last is the size of
a thread's part of it, which is given back whole otherwise."""


def available() -> int:
    """Return the bytes that could be taken without swapping, of the machine or its container."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = _field("/proc/meminfo", "MemAvailable") or pages // 2
    return max(min([free, *free_of_groups()]), 0)


def free_of_groups(own: Path = Path("/proc/self/cgroup"), groups: Path = GROUPS) -> list[int]:
    """Return the bytes left to the process's control group and to those that it lies in.

    Pages of files that were read or written and are not in use count as free: the system gives them
    up before it refuses memory. Without that, a container that has read much would seem full.

    Args:
        own: The file that names the process's groups.
        groups: The folder of all groups; of those that it lacks, or that have no limit, nothing is
            returned.
    """
    found = []
    for line in _lines(own):
        _, controllers, group = line.split(":", 2)
        for folder, limit, used, cache in VERSIONS:
            if folder in controllers.split(","):
                for name in (Path(group), *Path(group).parents):
                    at = groups / folder / name.relative_to("/")
                    with contextlib.suppress(OSError, ValueError):
                        taken = int((at / used).read_text()) - _cached(at, cache)
                        found.append(int((at / limit).read_text()) - max(taken, 0))
    return found


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


def _cached(group: Path, name: str) -> int:
    """Return a number from a control group's ``memory.stat``, in bytes; 0 where there is none."""
    numbers = dict(line.split(maxsplit=1) for line in _lines(group / "memory.stat"))
    return int(numbers.get(name, 0))


def _field(path: str, name: str) -> int | None:
    """Return a number of kB from one of Linux's tables in bytes; None where there is none."""
    for line in _lines(Path(path)):
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None


def _lines(path: Path) -> list[str]:
    """Return a file's lines; none where it cannot be read."""
    with contextlib.suppress(OSError):
        return path.read_text().splitlines()
    return []
