"""Scripts of this folder in processes of their own: on one device, on replicas, as workers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).parent
LIMIT = 600
"""Seconds, far more than any of these takes, unless it is told another limit."""


def start(script: str, *words: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start a script."""
    return subprocess.Popen(
        [sys.executable, HERE / script, *words],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def workers(count: int, script: str, *words: str | Path) -> list[subprocess.Popen[str]]:
    """Start so many workers of one script, which find each other by TF_CONFIG."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    started = []
    for number in range(count):
        task = {"type": "worker", "index": number}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        started.append(start(script, *words, TF_CONFIG=config))
    return started


def on(how: str, script: str, output: Path, *words: str, limit: float = LIMIT) -> None:
    """Run a script, ``script OUTPUT STRATEGY DEVICES …``, on ``mirrored 2``, ``workers 3``, ….

    Args:
        how: A strategy and its number of devices, or ``workers`` and theirs.
        script: Its file.
        output: Where it writes.
        *words: What else it is told.
        limit: Seconds that it may take.
    """
    kind, count, *_ = how.split()
    if kind == "workers":
        finish(*workers(int(count), script, output, "multi_worker", "0", *words), limit=limit)
    else:
        finish(start(script, output, kind, count, *words), limit=limit)


def finish(*processes: subprocess.Popen[str], limit: float = LIMIT) -> None:
    """Wait for the end of processes, which has to be a good one."""
    try:
        for process in processes:
            _, said = process.communicate(timeout=limit)
            assert process.returncode == 0, said[-3000:]
    finally:
        for process in processes:
            process.kill()
