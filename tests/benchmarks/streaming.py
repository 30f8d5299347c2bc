"""Memory that does not grow: peaks of `prepare` and of training on records, for texts of two sizes.

    python tests/benchmarks/streaming.py [--sizes 100 1000] [--workers 2] [--steps 200] [--folder F]

A text of each size (MB) is made up of sentences from Python's documentation in random order, a
word in fifty changed, and deleted afterwards. Peaks are read from /proc twice a second (Linux): of
`prepare` the sum over its processes, pages that they share counted in each; of training the one
process, with the pages of files that are mapped (the shards' offsets) told apart.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from pydoc_data.topics import topics

MILLION = 10**6
POOL = 200_000
"""Sentences that texts are made of."""


def main() -> None:
    """Print the peaks for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000], help="MB of text")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--sample", type=int, default=32, help="MiB that BPE is learned from")
    parser.add_argument("--folder", help="where the text lies meanwhile; default: a temporary one")
    given = parser.parse_args()
    print("MB of text | prepare: seconds, peak MB (all processes) | training: peak MB, of files")
    for size in given.sizes:
        folder = Path(tempfile.mkdtemp(dir=given.folder))
        try:
            write(folder / "text", size * MILLION)
            seconds, peak, _ = watched(
                "prepare data=text_folder data.documents=blank_line data.tokenizer=bpe".split()
                + [f"data.root={folder / 'text'}", f"output={folder / 'records'}"]
                + [f"workers={given.workers}", f"sample={given.sample}", "shard_size=32"]
            )
            words = "model=gpt model.layers=1 model.units=64 data=records task.sequence_length=128"
            _, held, mapped = watched(
                [*words.split(), "data.batch_size=16", f"data.root={folder / 'records'}"]
                + [f"trainer.max_steps={given.steps}", "trainer.validation_steps=10"]
                + ["logger=none", f"run_dir={folder / 'run'}"]
            )
            print(
                f"{size:,} | {seconds:.0f} s, {peak:,.0f} | {held:,.0f}, {mapped:,.0f}", flush=True
            )
        finally:
            shutil.rmtree(folder)


def write(folder: Path, size: int) -> None:
    """Write files of some 64 MB, of documents between blank lines."""
    draw, words = random.Random(0), " ".join(topics.values()).split()
    pool = []
    for _ in range(POOL):
        at = draw.randrange(len(words) - 30)
        found = words[at : at + draw.randint(5, 30)]
        pool.append(" ".join(w if draw.random() > 0.02 else w[::-1] for w in found))
    folder.mkdir()
    done, number = 0, 0
    while done < size:
        with open(folder / f"{number}.txt", "w", encoding="utf-8") as file:
            while done < size and file.tell() < 64 * MILLION:
                done += file.write("\n".join(draw.choices(pool, k=draw.randint(3, 60))) + "\n\n")
        number += 1


def watched(words: list[str]) -> tuple[float, float, float]:
    """Run the toolkit; return its seconds, its peak MB and its peak MB of mapped files."""
    begun, peak, mapped = time.monotonic(), 0.0, 0.0
    process = subprocess.Popen([sys.executable, "-m", "toolkit", *words], stdout=sys.stderr)
    while process.poll() is None:
        found = [memory(number) for number in family(process.pid)]
        peak = max(peak, sum(anonymous + files for anonymous, files in found))
        mapped = max(mapped, sum(files for _, files in found))
        time.sleep(0.5)
    if process.returncode:
        sys.exit(f"{' '.join(words)}: exit code {process.returncode}")
    return time.monotonic() - begun, peak, mapped


def family(number: int) -> list[int]:
    """Return a process and those that it began, and those of these."""
    try:
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    except OSError:
        return []
    return [number, *(n for child in children for n in family(int(child)))]


def memory(number: int) -> tuple[float, float]:
    """Return the MB that a process holds itself, and those of files."""
    try:
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    held = dict(line.split(":", 1) for line in lines if line.startswith("Rss"))
    return tuple(int(held.get(key, "0 kB").split()[0]) / 1000 for key in ("RssAnon", "RssFile"))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
