"""What ``trainer.rematerialize=true`` saves of memory and costs in time.

``python tests/benchmarks/rematerialization.py [WORD …]``: plans one training with and without it,
each in a process of its own, and prints the most memory that the process took and the time of a
step. WORDs are overrides, in place of a GPT of 8 layers that reads 1,024 tokens.
"""

from __future__ import annotations

import json
import subprocess
import sys

LONG = (
    "model=gpt",
    "data=python_docs",
    "model.layers=8",
    "model.context=1024",
    "task.sequence_length=1024",
    "data.batch_size=4",
)


def measured(words: list[str], rematerialize: bool) -> tuple[float, float]:
    """Return GiB and seconds a step."""
    option = f"trainer.rematerialize={str(rematerialize).lower()}"
    command = [sys.executable, "-m", "toolkit", "plan", *words, option, "seconds=20", "json=true"]
    plan = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return plan["memory"]["peak"] / 2**30, plan["timing"]["step"]


def main(words: list[str]) -> None:
    """Print a line for each."""
    words = words or list(LONG)
    print(" ".join(words))
    kept, step = measured(words, False)
    print(f"kept            {kept:6.2f} GiB  {step:7.3f} s a step")
    less, slower = measured(words, True)
    print(f"computed again  {less:6.2f} GiB  {slower:7.3f} s a step")
    print(f"                {less / kept:6.0%}      {slower / step:7.0%}")


if __name__ == "__main__":
    main(sys.argv[1:])
