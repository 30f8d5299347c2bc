"""What ``trainer.rematerialize=true`` saves of memory and costs in time.

    python tests/benchmarks/rematerialization.py [--layers 8] [--length 1024] [--batch 4]

A GPT is trained for a few steps with and without, in turns, each time in a process of its own. What
steps take of memory is the process's highest mark less what it had before the first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from statistics import median


def main() -> None:
    """Train in turns and print memory and time of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--length", type=int, default=1024, help="tokens of a text")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=4, help="counted steps of each turn")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, help="default: all cores")
    parser.add_argument("--only", choices=("kept", "computed"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(json.dumps(trained(given)))
        return
    found: dict[str, list[dict[str, float]]] = {"kept": [], "computed": []}
    for _ in range(given.rounds):
        for only, turns in found.items():
            command = [sys.executable, *sys.argv, "--only", only]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            turns.append(json.loads(done.stdout))
    middle = {
        only: {key: median(turn[key] for turn in turns) for key in turns[0]}
        for only, turns in found.items()
    }
    for only, row in {"kept": middle["kept"], "computed again": middle["computed"]}.items():
        print(
            f"{only:15} {row['memory']:6.2f} GiB  {row['wall']:6.2f} s a step, "
            f"{row['processor']:6.2f} s of the processor"
        )
    ratios = {key: middle["computed"][key] / middle["kept"][key] for key in middle["kept"]}
    print(", ".join(f"{key} {ratio:.2f}" for key, ratio in ratios.items()))


def trained(given: argparse.Namespace) -> dict[str, float]:
    """Return GiB that steps take, and seconds of a step by the clock and by the processor."""
    from toolkit.quiet import start_tensorflow

    start_tensorflow()
    import toolkit
    from toolkit.data.batching import Batching
    from toolkit.training.memory import peak, resident
    from toolkit.training.parts import learner
    from toolkit.training.settings import TrainerSettings
    from toolkit.training.setup import prepare

    data = toolkit.load_data("python_docs")
    model = toolkit.model("gpt", layers=given.layers, context=given.length)
    wanted = {"name": "language_modelling", "sequence_length": given.length}
    task, spec = learner(wanted, model, data.spec)
    setup = prepare(
        model,
        replace(data, spec=spec),
        task,
        optimizer={"name": "adamw"},
        batching=Batching(batch_size=given.batch),
        settings=TrainerSettings(rematerialize=given.only == "computed", threads=given.threads),
    )
    before = resident()

    def steps(count: int) -> None:
        batches = setup.batches.endless()
        setup.objective.fit(batches, steps_per_epoch=count, verbose=0, shuffle=False)

    steps(1)
    wall, processor = time.perf_counter(), time.process_time()
    steps(given.steps)
    return {
        "memory": (peak() - before) / 2**30,
        "wall": (time.perf_counter() - wall) / given.steps,
        "processor": (time.process_time() - processor) / given.steps,
    }


if __name__ == "__main__":
    main()
