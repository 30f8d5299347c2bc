"""What is asked of the C library's memory."""

import ctypes
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from toolkit.training import memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1] == "kept":
    memory.keep_freed()
for _ in range(3):
    before = faults()
    np.ones(64 * 2**20, "uint8")  # more than glibc ever keeps by itself
print(faults() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="not glibc")
def test_freed_memory_is_kept_and_not_cleared_again() -> None:
    def faults(word: str) -> int:
        command = [sys.executable, "-c", FAULTS, word]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    given_back, kept = faults("given back"), faults("kept")
    assert kept < 20
    assert given_back > 20  # in pages of 4 kB 16,384; fewer in huge ones
