"""Every recipe runs; in full, each is held to what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from presets.hf_folders import preset_for

from toolkit.cli.main import main
from toolkit.cli.recipe_results import expectation
from toolkit.config import files

RECIPES = files.names("recipe")


def run(name: str, folder: Path, root: Path, *overrides: str) -> dict[str, float]:
    """Run a recipe and return its results."""
    words = [f"recipe={name}", f"run_dir={folder}", f"data.root={root}", *overrides]
    assert main(words) == 0
    return json.loads((folder / "results.json").read_text())


def few_lines_of_ptb(root: Path, folder: Path) -> Path:
    """Return a folder with PTB's first lines, from which a tokenizer is learned at once."""
    (folder / "ptb").mkdir(parents=True)
    for part in ("train", "valid", "test"):
        name = f"ptb/ptb.{part}.txt"
        lines = (root / name).read_text("utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:1000]))
    return folder


def learns(recipe: dict) -> bool:
    """Whether a recipe learns a tokenizer, or takes that of a run, and so can do with few lines."""
    return bool(recipe.get("data", {}).get("tokenizer"))


def sentences_with_names(folder: Path, part: str) -> Path:
    """Return a file in CoNLL's columns."""
    path = folder / f"{part}.conll"
    path.write_text("Ann B-PER\nlives O\nin O\nOslo B-LOC\n. O\n\n" * 20)
    return path


def less_of_the_same(name: str, recipe: dict) -> list[str]:
    """Return overrides for what is done many times over, such as images that are judged."""
    less, task = [], recipe.get("task", {})
    if {"override /data": "task_texts"} in recipe["defaults"]:
        less += ["data.tasks=[cola]", "data.questions=null"]
    if "judge" in task:
        less.append("task.judged=100")
    if "importance_samples" in task:
        less.append("task.importance_samples=2")
    if name.startswith("lm/") or name == "gan/shakespeare_sequence":  # written out step by step
        less.append("task.sequence_length=5")
    return less


@pytest.fixture(scope="session")
def begun(tmp_path_factory) -> Path:
    """Where runs that others begin from are trained: once, and found there by the others."""
    return tmp_path_factory.mktemp("begun")


@pytest.mark.parametrize("name", RECIPES)
def test_a_few_steps(name, tmp_path, data_root, begun):
    few = [f"trainer.{word}" for word in ("max_steps=2", "validation_steps=1", "test_steps=1")]
    recipe = files.values(files.path("recipe", name))
    small = few_lines_of_ptb(data_root, tmp_path / "data")
    if "first" in recipe:
        first = recipe["first"]["recipe"]
        before = files.values(files.path("recipe", first))
        root = small if learns(before) else data_root
        shrunk = [
            *few,
            *less_of_the_same(first, before),
            *preset_for(first, tmp_path / "encoder"),
            f"data.root={root}",
            "logger=none",
        ]
        few += [f"first.run_dir={begun / first}", f"first.overrides={shrunk}"]
    else:
        few += preset_for(name, tmp_path / "encoder")
    few += ["logger=none", "data.eval_batch_size=8", *less_of_the_same(name, recipe)]
    if recipe.get("data", {}).get("batch_size", 8) >= 8:
        few.append("data.batch_size=8")
    if name.startswith(("translation/", "summarization/")):
        few.append("task.max_length=5")
    if name == "bert/ner":
        parts = ("train", "valid")
        few += [f"data.{part}={sentences_with_names(tmp_path, part)}" for part in parts]
    root = small if "first" not in recipe and learns(recipe) else data_root
    results = run(name, tmp_path / "run", root, *few)
    assert results["steps"] == 2
    promised = expectation(name).bounds.keys()
    assert promised <= results.keys(), "a promise names a figure that is measured"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RECIPES if expectation(name).bounds])
def test_in_full(name, tmp_path, data_root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", f"recipe={name}", f"data.root={data_root}"]) == 0
