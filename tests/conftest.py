"""Fixtures that every area shares."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Of several processes none gains by threads that wait, busily, for the cores of the others.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

# TensorFlow's graphs are millions of objects that live on; to go through them all again and again
# in search of what can be freed was an eighth of the tests' time.
gc.set_threshold(200_000, 30, 30)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("TOOLKIT_DATA", beside))
    if not root.is_dir():
        pytest.skip(
            f"no data sets at {root}: set TOOLKIT_DATA to a folder that holds ptb/, mnist/, …"
        )
    return root


@pytest.fixture(scope="session")
def copied() -> Callable[[str | Path], str]:
    """Copies a file beside itself, as a part with the same content, and returns its path."""

    def copied(path: str | Path) -> str:
        return str(shutil.copyfile(path, Path(path).with_name(f"copy-{Path(path).name}")))

    return copied


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep out of the user's cache folder, and find nothing that an earlier version left there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def same_draws() -> None:
    """Let networks start from the same weights whenever a test is run, and in whatever process."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def open_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pytest's streams open: Hydra closes log handlers, and TensorFlow's closes its stream."""
    if "absl.logging" in sys.modules:
        handler = sys.modules["absl.logging"].PythonHandler
        monkeypatch.setattr(handler, "close", lambda self: None)
