"""Folders as runs leave them, without any training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml


def write_run(
    folder: Path, *, perplexities: list[float], finished: bool = True, seed: int = 1, **model: Any
) -> Path:
    """Write what a language model's run leaves: a validation perplexity for each epoch."""
    folder.mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    model = {"name": "gru", "units": 8, **model}
    rate = model.pop("rate", 0.001)
    model["body"] = [{"recurrent": {"cell": model["name"], "units": model["units"]}}]
    config = {
        "model": model,
        "data": {"name": "ptb", "batch_size": 20, "root": str(folder)},
        "task": {"name": "language_modelling", "sequence_length": 35},
        "optimizer": {"name": "adamw", "learning_rate": rate},
        "schedule": {"name": "constant"},
        "trainer": {"epochs": 4, "monitor": None},
        "logger": {"name": "tensorboard"},
        "seed": seed,
        "run_dir": str(folder),
        "plugins": [],
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    lines = ["epoch,step,seconds,train/loss,train/perplexity,valid/loss,valid/perplexity"]
    for number, value in enumerate(perplexities, 1):
        lines.append(f"{number},{number * 9},{number * 1.5},5,{value * 0.9},4.5,{value}")
    if perplexities:
        (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    if finished:
        best = min(perplexities)
        results = {
            "best_epoch": perplexities.index(best) + 1,
            "valid/perplexity": best,
            "test/loss": 4.4,
            "test/perplexity": best - 5,
            "steps": 36,
            "seconds": 61.0,
            "test/perplexity (unigram)": 600.0,
        }
        (folder / "results.json").write_text(json.dumps(results))
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a run under ``runs/`` of an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda place, **given: write_run(Path("runs", place), **given)
