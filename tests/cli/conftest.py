"""The command line in this process, with a training that only notes what it is called with."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from toolkit.cli import train as train_verb
from toolkit.cli import verbs
from toolkit.cli.main import main


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Callable[..., Said]:
    """Run the command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> Said:
        code = main(argv)
        return Said(code, *capfd.readouterr())

    return run


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What training, evaluation and the like were called with."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(train_verb, "start_tensorflow", lambda: None)
    monkeypatch.setattr(verbs, "start_tensorflow", lambda: None)
    names = {"run": "train", "evaluate": "evaluate", "predict": "predict", "generate": "generate"}
    for module, function in names.items():
        fake = types.ModuleType(f"toolkit.training.{module}")
        setattr(fake, function, lambda **given: calls.append(given) or [])
        monkeypatch.setitem(sys.modules, f"toolkit.training.{module}", fake)
    return calls
