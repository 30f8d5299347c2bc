"""Composing and checking a configuration, as the command line does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.config.compose import compose, config_loader
from toolkit.config.validate import check
from toolkit.errors import Refused


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return the checked settings of a command line, with files of a user's own in ``mine/``."""
    monkeypatch.chdir(tmp_path)

    def compose_and_check(*words: str) -> dict[str, Any]:
        mine = str(tmp_path / "mine") if (tmp_path / "mine").is_dir() else None
        return check(compose(config_loader(mine), "config", words))

    return compose_and_check


@pytest.fixture
def faults(settings: Callable[..., dict[str, Any]]) -> Callable[..., list[str]]:
    """Return the faults of a command line."""

    def of(*words: str) -> list[str]:
        with pytest.raises(Refused) as refusal:
            settings(*words)
        return refusal.value.faults

    return of


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file of the user's own: ``write("model/mine.yaml", text)``."""

    def to_mine(name: str, text: str) -> Path:
        file = tmp_path / "mine" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    return to_mine
