"""``launch``: several workers of one run on this machine, begun again where one of them is lost."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack

from toolkit.cli.check import check_run
from toolkit.cli.cores import cores
from toolkit.cli.first import train_first
from toolkit.cli.main import INTERRUPTED, LOST, TERMINATED
from toolkit.cli.train import default_folder
from toolkit.config.compose import config_loader
from toolkit.config.overrides import parse
from toolkit.errors import Refused, Terminated
from toolkit.training.run_folder import RunFolder
from toolkit.training.run_state import begin_again, progress_of, results_of
from toolkit.types import Count, PositiveInt

LEAVE = 60.0
"""Seconds that workers have to write a checkpoint and end, once they are asked to or the first is
done."""
TOGETHER = 2.0
"""Seconds within which workers end that end by one cause."""

STOPPED = {
    INTERRUPTED: INTERRUPTED,
    TERMINATED: TERMINATED,
    -signal.SIGINT: INTERRUPTED,
    -signal.SIGTERM: TERMINATED,
}
"""Codes of workers that were asked to stop, and the command's; a signal itself ends those that have
not begun."""


def launch(
    *,
    workers: PositiveInt = 2,
    run: str | None = None,
    restarts: Count = 10,
    overrides: Sequence[str] = (),
    plugins: list[str] | None = None,
) -> None:
    """Train one run with several workers on this machine, each a process of its own.

    A worker that is lost (killed, out of memory) ends the others, and all begin again from the last
    checkpoint, unless the run has come to its results. Only the first writes the run and to the
    terminal; the log of worker 1 is ``worker-1.log`` in the run's folder. Where trainer.threads is
    not given, the cores are shared among the workers.

    Args:
        workers: How many, two or more.
        run: A run to go on with; null trains a new one.
        restarts: How often all begin again before it is given up.
        overrides: Of the run's configuration, as for train or resume.
        plugins: Modules of yours to import first.

    Raises:
        Refused: If there is one worker, or the run would have a strategy that workers do not share.
    """
    named = {override.key_or_group: override.value() for override in parse(overrides)[0]}
    _check_shared(workers, run, named.get("trainer.strategy"))
    words = [*overrides, *([f"plugins={json.dumps(plugins)}"] if plugins else [])]
    if "trainer.threads" not in named:
        words.append(f"trainer.threads={max(1, cores() // workers)}")
    if run is not None:
        folder, first = RunFolder.open(run), ["resume", f"run={run}", *words]
        with folder.held():  # refused here if another process trains it
            pass
    else:
        folder = RunFolder(named.get("run_dir") or default_folder("launched"))
        if "run_dir" not in named:
            words.append(f"run_dir={folder.path}")
        loader = config_loader(None, None)
        train_first(loader, "config", tuple(words), {})
        check_run(loader, "config", tuple(words))
        first = ["train", *words]
    tried, before = 0, results_of(folder)
    while True:
        code, told = _together(_again(folder, first, words) if tried else first, workers)
        if code not in (0, LOST):
            raise SystemExit(code)
        if code == 0:
            return
        if results_of(folder) not in (None, before):
            print(f"{told}, after the run had finished", flush=True)
            return
        tried += 1
        if tried > restarts:
            print(f"{told}; given up after {restarts} restarts", file=sys.stderr)
            raise SystemExit(LOST)
        print(f"{told}; all workers begin again from the last checkpoint", flush=True)


def _check_shared(workers: int, run: str | None, strategy: str | None) -> None:
    """Refuse workers that would not train one run together: each would train it alone.

    Args:
        workers: How many.
        run: A run to go on with.
        strategy: The command's; None: that of the run, or ``auto``.
    """
    if workers == 1:
        raise Refused(
            "workers=1: one worker shares nothing; give two or more, or leave launch out: "
            "python -m toolkit …"
        )
    if strategy is None and run is not None:
        strategy = RunFolder.open(run).settings().get("trainer", {}).get("strategy")
    if strategy not in (None, "auto", "multi_worker"):
        raise Refused(
            f"trainer.strategy={strategy}: workers that are launched share a run by multi_worker, "
            "which auto takes by itself; give trainer.strategy=auto, or leave launch out."
        )


def _again(folder: RunFolder, first: Sequence[str], words: Sequence[str]) -> Sequence[str]:
    """Return the command by which workers go on, or begin anew where nothing was written yet.

    Args:
        folder: The run's.
        first: The command that they began with.
        words: The overrides in it.
    """
    if first[0] == "resume":
        return first
    match progress_of(folder):
        case "begun":
            changes = [word for word in words if word.startswith(("trainer.", "plugins="))]
            return ["resume", f"run={folder.path}", *changes]
        case "failed":
            with folder.held():
                begin_again(folder)
    return first


def _together(words: Sequence[str], count: int) -> tuple[int, str]:
    """Run all workers to their end; return the exit code of the run, and what was lost if so."""
    addresses = [f"localhost:{port}" for port in _free_ports(count)]
    with tempfile.TemporaryDirectory(prefix="toolkit-launch-", ignore_cleanup_errors=True) as aside:
        processes = [_started(words, addresses, number, aside) for number in range(count)]
        try:
            return _watch(processes)
        except (KeyboardInterrupt, Terminated):
            _leave(processes)
            raise
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _started(
    words: Sequence[str], addresses: Sequence[str], number: int, aside: str
) -> subprocess.Popen[bytes]:
    """Start a worker.

    Args:
        words: Its command, without the program's name.
        addresses: Of all workers.
        number: Its own.
        aside: Folder of its temporary files, which are left there when it is killed.
    """
    task = {"type": "worker", "index": number}
    config = json.dumps({"cluster": {"worker": addresses}, "task": task})
    return subprocess.Popen(
        [sys.executable, "-m", "toolkit", *words],
        env={**os.environ, "TF_CONFIG": config, "TMPDIR": aside},
        stdout=None if number == 0 else subprocess.DEVNULL,
        preexec_fn=_heed_launcher,
        process_group=0,  # Ctrl-C comes to a worker once, from here
    )


def _watch(processes: list[subprocess.Popen[bytes]]) -> tuple[int, str]:
    while processes[0].poll() is None and all(each.poll() in (None, 0) for each in processes):
        time.sleep(0.05)
    # Once the first one is done the run is, and the others have but to end.
    _wait(processes, LEAVE if processes[0].poll() == 0 else TOGETHER)
    codes = [process.poll() for process in processes]
    if codes[0] == 0 and all(code in (None, 0) for code in codes):
        if late := [str(n) for n, code in enumerate(codes) if code is None]:
            print(f"the run had finished, but not worker {', '.join(late)}: ended", flush=True)
        return 0, ""
    stopped = [STOPPED[code] for code in codes if code in STOPPED]
    if stopped:
        _leave(processes)
        return stopped[0], ""
    killed = [n for n, code in enumerate(codes) if code is not None and code < 0]
    if killed:
        name = signal.Signals(-int(codes[killed[0]] or 0)).name
        return LOST, f"worker {killed[0]} was ended by {name}"
    own = [code for code in codes if code not in (None, 0, LOST)]
    if own:
        return int(own[0]), ""
    return LOST, "the workers lost each other"


def _leave(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask workers to stop after a step and a checkpoint, and wait for it.

    By SIGINT: it ends those, too, that are yet waiting for the others, and SIGTERM does not.
    """
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    _wait(processes, LEAVE)


def _wait(processes: list[subprocess.Popen[bytes]], seconds: float) -> None:
    """Wait until all processes have ended, but no longer than that."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(process.poll() is None for process in processes):
        time.sleep(0.05)


def _heed_launcher() -> None:
    """Have this process heed SIGINT, and the kernel kill it when its launcher is gone.

    SIGINT is ignored by commands that a shell runs in the background; the kernel is Linux's.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    """Return ports that nothing listens at now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]
