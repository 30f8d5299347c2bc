"""Every recipe runs; in full, each is held to what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from presets.hf_folders import write_folder

from toolkit.cli.main import main
from toolkit.cli.recipe_results import expectation
from toolkit.config import files

RECIPES = files.names("recipe")


def run(name: str, folder: Path, root: Path, *overrides: str) -> dict[str, float]:
    """Run a recipe and return its results."""
    words = [f"recipe={name}", f"run_dir={folder}", f"data.root={root}", *overrides]
    assert main(words) == 0
    return json.loads((folder / "results.json").read_text())


def preset_for(name: str, folder: Path) -> list[str]:
    """Return a random encoder for a recipe that begins with one from the network."""
    recipe = files.values(files.path("recipe", name))
    if "/" not in str(recipe.get("model", {}).get("preset", "")) or "first" in recipe:
        return []
    write_folder(folder, "bert", max_position_embeddings=512)
    return [f"model.preset={folder}"]


@pytest.mark.parametrize("name", RECIPES)
def test_a_few_steps(name, tmp_path, data_root):
    few = [f"trainer.{word}" for word in ("max_steps=2", "validation_steps=1", "test_steps=1")]
    few += preset_for(name, tmp_path / "encoder")
    results = run(name, tmp_path / "run", data_root, *few)
    assert results["steps"] == 2
    promised = expectation(name).bounds.keys()
    assert promised <= results.keys(), "a promise names a figure that is measured"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RECIPES if expectation(name).bounds])
def test_in_full(name, tmp_path, data_root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", f"recipe={name}", f"data.root={data_root}"]) == 0
