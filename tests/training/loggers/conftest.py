"""Each case trained once."""

from __future__ import annotations

from pathlib import Path

import pytest
from logged import cases, train


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> dict[str, Path]:
    """Each case trained, by name."""
    place = tmp_path_factory.mktemp("logged")
    return {
        name: train(case, place / name.replace(" ", "_")).path for name, case in cases().items()
    }
