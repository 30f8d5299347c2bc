"""The command line in this process, with a training that only notes what it is called with."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from toolkit.cli import sweep_job
from toolkit.cli import train as train_verb
from toolkit.cli.main import main
from toolkit.cli.verbs import VERBS


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
    for module in (train_verb, sweep_job):
        monkeypatch.setattr(module, "start_tensorflow", lambda: None)
    fake = types.ModuleType("toolkit.training.run")
    fake.train = lambda **given: calls.append(given)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toolkit.training.run", fake)
    for name in ("evaluate", "predict", "generate"):
        noted = functools.wraps(VERBS[name])(lambda **given: calls.append(given))
        monkeypatch.setitem(VERBS._loaded, name, noted)
    return calls


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that comes to start TensorFlow fails."""

    def start() -> None:
        raise AssertionError("TensorFlow would start here")

    for name in VERBS:
        module = sys.modules[VERBS[name].__module__]
        if hasattr(module, "start_tensorflow"):
            monkeypatch.setattr(module, "start_tensorflow", start)
