"""What it costs that runs can be stopped: checkpoints while training, and the way back.

    python tests/benchmarks/stops.py [checkpoints] [resume] [--rounds 6] [--threads N]

``checkpoints``: the PTB language model with a checkpoint every 50 steps beside the same without, in
turns of 50 steps. ``resume``: seconds from the command to the end of its first step, for a new run
and for one that is resumed at several steps, one after the other and again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

EVERY = 50
STEPS = (100, 1300, 6000)


def main() -> None:
    """Run the contests named on the command line and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contests", nargs="*", metavar="checkpoints|resume", help="default: both")
    parser.add_argument("--rounds", type=int, default=6, help="turns, or times of each command")
    parser.add_argument("--threads", type=int, help="default: all cores")
    given = parser.parse_args()
    wanted = given.contests or ["checkpoints", "resume"]
    if "checkpoints" in wanted:
        checkpoints(given.rounds, given.threads)
    if "resume" in wanted:
        resume(given.rounds, given.threads)


def checkpoints(rounds: int, threads: int | None) -> None:
    """Print the mean step with and without checkpoints, and their ratio."""
    from contests import text, words_by_toolkit
    from turns import Turns, limit_threads, load

    limit_threads(threads)
    data, turns = text(), Turns(EVERY - 1, rounds)
    seconds = turns.race(
        {
            "with": words_by_toolkit(data, "gru", checkpoint_every=EVERY),
            "without": words_by_toolkit(data, "gru"),
        }
    )
    means = {name: part.mean(axis=2) for name, part in seconds.items()}
    print(f"checkpoints every {EVERY} steps ({load()})")
    for name, (clock, processor) in means.items():
        print(f"  {name}: {clock.mean() * 1e3:.1f} ms a step, {processor.mean() * 1e3:.1f} ms CPU")
    for kind, ratios in zip(("clock", "CPU"), means["with"] / means["without"], strict=True):
        low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
        print(f"  ratio by {kind}: {middle:.3f} (quartiles {low:.3f} to {high:.3f})")


def resume(rounds: int, threads: int | None) -> None:
    """Print the seconds to the first step, new and resumed."""
    words = ["model=gru", "data=ptb", f"trainer.threads={threads or 'null'}"]
    words += ["trainer.validation_steps=1", "trainer.test_steps=1"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run([*words, "trainer.max_steps=2", f"run_dir={folder / 'run'}"])
        seconds: dict[str, list[float]] = {}
        for turn in range(rounds):
            new = folder / f"new{turn}"
            seconds.setdefault("new", []).append(first_step([*words, f"run_dir={new}"]))
            for step in STEPS:
                copy = folder / f"{step}-{turn}"
                shutil.copytree(folder / "run", copy)
                (copy / "results.json").unlink()
                (path,) = checkpoints_of(copy)
                move(path, step)
                taken = first_step(["resume", f"run={copy}", "trainer.max_steps=null"])
                seconds.setdefault(f"resume at step {step}", []).append(taken)
        print(f"to the end of the first step ({os.getloadavg()[0]:.1f} load average)")
        for name, values in seconds.items():
            ratio = np.median(np.array(values) / seconds["new"])
            print(f"  {name}: {np.median(values):.1f} s, {ratio:.2f} times the new run's")


def move(path: Path, step: int) -> None:
    """Make a checkpoint one of another step: what it holds does not change how long it takes."""
    from toolkit.training.state import State

    state = State.read(path)
    epoch, batch = divmod(step, state.note["steps"])
    state.note.update(step=step, epoch=epoch, batch=batch, closed=False)
    path.unlink()
    state.write(path.with_name(f"step-{step:08}.safetensors"))


def checkpoints_of(run: Path) -> list[Path]:
    """Return a run's checkpoints."""
    return sorted((run / "checkpoints").glob("step-*"))


def run(words: list[str]) -> None:
    """Run the command and throw away what it prints."""
    command = [sys.executable, "-m", "toolkit", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def first_step(words: list[str]) -> float:
    """Return the seconds that a command takes until its first step is done, where it ends."""
    code = (
        "import os, sys\n"
        "from toolkit.cli import main\n"
        "def end(self, batch, logs=None):\n"
        "    float(logs['loss'])\n"
        "    os._exit(77)\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'toolkit.training.fit':\n"
        "            sys.meta_path.remove(self)\n"
        "            from toolkit.training.callbacks.position import Position\n"
        "            Position.on_train_batch_end = end\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.exit(main.main(sys.argv[1:]))\n"
    )
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *words], stdout=subprocess.DEVNULL)
    if done.returncode != 77:
        raise RuntimeError(f"{words} made no step: exit code {done.returncode}")
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
