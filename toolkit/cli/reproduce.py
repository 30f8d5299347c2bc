"""``reproduce``: a recipe with its seeds, held to what it promises."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from toolkit.cli.arguments import read
from toolkit.cli.recipe_results import (
    SeedResult,
    expectation,
    figures_of,
    of_this_machine,
    write_table,
)
from toolkit.config import files
from toolkit.errors import Refused, did_you_mean
from toolkit.training.console import figure
from toolkit.training.expect import BOUNDS, Verdict
from toolkit.training.run_folder import RunFolder
from toolkit.training.run_state import results_of
from toolkit.training.tables import print_table


def reproduce(
    *,
    recipe: str | None = None,
    seeds: list[int] | None = None,
    save: bool = False,
    note: str | None = None,
    table: str | None = None,
    overrides: Sequence[str] = (),
) -> None:
    """Run a recipe with its seeds and hold the median to what its ``expect:`` block promises.

    Runs are in ``runs/reproduce/<recipe>/seed=…``; those that are finished are not run again and
    those begun go on. Further ``key=value``, such as ``data.root=FOLDER trainer.threads=1``, go to
    every run. The exit code is 1 where a promise is not kept.

    Args:
        recipe: The recipe, as ``family/name``.
        seeds: Seeds to run with; null: those of its ``expect:`` block, else the recipe's one.
        save: Whether to write the results beside the recipe, from where the table takes them.
        note: What is to be known of the machine besides its name: ``beside other work``.
        table: File in which the table of all recipes is written anew, between its markers:
            ``README.md``.
        overrides: Overrides of every run.
    """
    if recipe is None and table is None:
        raise Refused("reproduce: which recipe? Give recipe=FAMILY/NAME, or table=README.md")
    if recipe is not None:
        _reproduce(recipe, seeds, save, note, overrides)
    if table is not None:
        write_table(Path(table))
        print(f"{table}: table of {len(files.names('recipe'))} recipes")


def _reproduce(
    recipe: str,
    seeds: list[int] | None,
    save: bool,
    note: str | None,
    overrides: Sequence[str],
) -> None:
    from toolkit.cli.train import train

    known = files.names("recipe")
    if recipe not in known:
        raise Refused(f"recipe: no '{recipe}'.{did_you_mean(recipe, known)}")
    promised = expectation(recipe)
    seeds = list(promised.seeds) if seeds is None else seeds
    if not seeds:
        raise Refused("seeds: give at least one: seeds=[1,2,3]")
    base = Path("runs", "reproduce", recipe)
    words = [f"recipe={recipe}", f"seed={','.join(map(str, seeds))}", *overrides]
    places = [f"hydra.sweep.dir={base.as_posix()}", f"run_dir='{base.as_posix()}/seed=${{seed}}'"]
    train(read(["--multirun", *words, *places]))  # ends the process where a run failed

    results = []
    for seed in seeds:
        found = results_of(RunFolder(base / f"seed={seed}"))
        if found is None:
            raise Refused(f"{base}/seed={seed} has no results yet: another process is at it.")
        results.append(found)
    verdicts = promised.verdicts(results)
    _show(verdicts, len(seeds))
    if save:
        runs = [
            SeedResult(seed, figures_of(found), round(float(found["seconds"]), 1))
            for seed, found in zip(seeds, results, strict=True)
        ]
        command = shlex.join(["reproduce", f"recipe={recipe}", *overrides])
        command = f"python -m toolkit {command}"
        print(f"written: {of_this_machine(command, runs, note or '').write(recipe)}")
    if not all(verdict.met for verdict in verdicts):
        raise SystemExit(1)


def _show(verdicts: Sequence[Verdict], runs: int) -> None:
    """Print what was promised and what came."""
    if not verdicts:
        print("the recipe promises nothing: it has no expect: block")
        return
    rows = []
    for verdict in verdicts:
        got = "not measured" if verdict.got is None else figure(verdict.got)
        low, high = verdict.spread or (0.0, 0.0)
        spread = f"{figure(low)} to {figure(high)}" if verdict.spread and runs > 1 else ""
        promise = f"{BOUNDS[verdict.bound]} {figure(float(verdict.value))}"
        met = "kept" if verdict.met else "NOT KEPT"
        rows.append([verdict.figure, promise, got, spread, met])
    middle = f"median of {runs}" if runs > 1 else "got"
    print_table(["figure", "expected", middle, "spread", "verdict"], rows, right=[1, 2])
