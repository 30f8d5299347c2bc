"""Every recipe runs; in full, each is held to what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filelock import FileLock
from presets.hf_folders import preset_for

from toolkit.cli.main import main
from toolkit.cli.recipe_results import expectation
from toolkit.config import files

RECIPES = files.names("recipe")


def run(name: str, folder: Path, *overrides: str) -> dict[str, float]:
    """Run a recipe and return its results."""
    assert main([f"recipe={name}", f"run_dir={folder}", *overrides]) == 0
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
    """Whether a recipe learns a tokenizer, and so can do with few lines."""
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
def few_steps(tmp_path_factory, worker_id, data_root):
    """Give the results of a few steps of a recipe, made when they are first asked for.

    A recipe that goes on from another's run goes on from that of the other's few steps. The
    processes that share the tests share the runs.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "recipes"
    place.mkdir(exist_ok=True)

    def of(name: str) -> dict[str, float]:
        folder = place / name
        recipe = files.values(files.path("recipe", name))
        begins = []
        if "first" in recipe:
            first = recipe["first"]["recipe"]
            of(first)
            begins = [f"first.run_dir={place / first}"]
        with FileLock(place / f"{name.replace('/', ' ')}.lock"):
            if not (folder / "results.json").exists():
                aside = place / f"{name} aside"
                return run(name, folder, *words_for(name, recipe, aside, data_root), *begins)
        return json.loads((folder / "results.json").read_text())

    return of


def words_for(name: str, recipe: dict, aside: Path, data_root: Path) -> list[str]:
    """Return overrides for a few steps of a recipe.

    Args:
        name: Its name.
        recipe: What its file holds.
        aside: Folder for the files that it reads instead of its own.
        data_root: Where data lies.
    """
    aside.mkdir(parents=True)
    few = [f"trainer.{word}" for word in ("max_steps=2", "validation_steps=1", "test_steps=1")]
    few += ["logger=none", "data.eval_batch_size=8", *less_of_the_same(name, recipe)]
    if recipe.get("data", {}).get("batch_size", 8) >= 8:
        few.append("data.batch_size=8")
    if name.startswith(("translation/", "summarization/")):
        few.append("task.max_length=5")
    if name == "bert/ner":
        parts = ("train", "valid")
        few += [f"data.{part}={sentences_with_names(aside, part)}" for part in parts]
    if "first" not in recipe:
        few += preset_for(name, aside / "encoder")
        if learns(recipe):
            data_root = few_lines_of_ptb(data_root, aside / "data")
    return [*few, f"data.root={data_root}"]


@pytest.mark.parametrize("name", RECIPES)
def test_a_few_steps(name, few_steps):
    results = few_steps(name)
    assert results["steps"] == 2
    promised = expectation(name).bounds.keys()
    assert promised <= results.keys(), "a promise names a figure that is measured"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RECIPES if expectation(name).bounds])
def test_in_full(name, tmp_path, data_root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", f"recipe={name}", f"data.root={data_root}"]) == 0
