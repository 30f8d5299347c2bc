"""Jobs in several processes, as many under way as there are processes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from toolkit.errors import Refused
from toolkit.quiet import start_tensorflow

Job = TypeVar("Job")
Result = TypeVar("Result")


def run_jobs(work: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> Iterator[Result]:
    """Yield the results of jobs, in the order in which they end.

    Args:
        work: What can be pickled, with all that jobs have in common: each process gets it once.
            Were a tokenizer part of each job, native memory of every copy would stay behind.
        jobs: Taken one at a time, as processes become free, so that they need not all be there.
        workers: Processes; with 1 the work is done in this one.

    Raises:
        Refused: If a process is killed, and as ``work`` raises it.
    """
    if workers == 1:
        yield from map(work, jobs)
        return
    context = multiprocessing.get_context("spawn")  # TensorFlow's threads do not survive a fork
    with ProcessPoolExecutor(workers, context, _begin, (work,)) as pool:
        processes = pool._processes
        under_way: set[Future[Result]] = set()
        try:
            for job in jobs:
                under_way.add(pool.submit(_do, job))
                if len(under_way) > workers:
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while under_way:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except BrokenProcessPool:
            raise Refused(
                "prepare: one of its processes was killed, for want of memory perhaps; run the "
                "same command again, with fewer workers, and it goes on where it stopped."
            ) from None
        except BaseException:  # a fault, or Ctrl-C: what is under way is not waited for
            for process in list((processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_work: Callable[[Any], Any]
"""What a process of the pool does with its jobs."""


def _do(job: Any) -> Any:
    return _work(job)


def _begin(work: Callable[[Any], Any]) -> None:
    """Set up a process: quiet, with one thread, and ended when the one that began it ends."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    start_tensorflow()
