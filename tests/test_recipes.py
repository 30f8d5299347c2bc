"""Every recipe runs; in full, each is held to what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from toolkit.cli.main import main

FOLDER = Path(__file__).resolve().parents[1] / "recipes"
RECIPES = sorted(str(p.relative_to(FOLDER).with_suffix("")) for p in FOLDER.rglob("*.yaml"))
BOUNDS = {"at_most": lambda got, bound: got <= bound, "at_least": lambda got, bound: got >= bound}


def run(name: str, folder: Path, root: Path, *overrides: str) -> dict[str, float]:
    """Run a recipe and return its results."""
    words = [f"recipe={name}", f"run_dir={folder}", f"data.root={root}", *overrides]
    assert main(words) == 0
    return json.loads((folder / "results.json").read_text())


def promises(name: str) -> dict[str, dict[str, float]]:
    """Return what a recipe's ``expect:`` block says."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text()).get("expect", {})


@pytest.mark.parametrize("name", RECIPES)
def test_a_few_steps(name, tmp_path, data_root):
    few = ("max_steps=2", "validation_steps=1", "test_steps=1")
    results = run(name, tmp_path / "run", data_root, *(f"trainer.{word}" for word in few))
    assert results["steps"] == 2
    assert promises(name).keys() <= results.keys(), "a promise names a figure that is measured"
    for bounds in promises(name).values():
        assert bounds.keys() <= BOUNDS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RECIPES if promises(name)])
def test_in_full(name, tmp_path, data_root):
    results = run(name, tmp_path / "run", data_root)
    for figure, bounds in promises(name).items():
        for bound, value in bounds.items():
            assert BOUNDS[bound](results[figure], value), f"{figure}: {results[figure]}"
