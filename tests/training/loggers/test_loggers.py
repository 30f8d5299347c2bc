"""Whatever is logged, training is the same; and what a logger needs."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from logged import cases, train

from toolkit.cli.main import main
from toolkit.errors import Refused
from toolkit.training.loggers import LOGGERS, missing_package, watchers
from toolkit.training.state import State, checkpoints


@pytest.mark.parametrize("name", ["language model", "images"])
def test_all_that_is_logged_changes_no_bit(runs, name, tmp_path):
    bare = train(cases()[name], tmp_path / "r", logger="none").path
    assert not (bare / "tensorboard").exists()
    for one, other in zip(
        *(checkpoints(run / "checkpoints") for run in (runs[name], bare)), strict=True
    ):
        a, b = State.read(one), State.read(other)
        assert len(a.values) == len(b.values) and a.note["logs"] == b.note["logs"]
        for label, x, y in zip(a.names, a.values, b.values, strict=True):
            np.testing.assert_array_equal(x, y, err_msg=label)


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_package_that_is_missing_is_named(name, monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n, *a: None if n == name else find(n, *a)
    )
    text = (
        f"logger={name} needs the package {name}, which is not installed: "
        f"pip install 'keras-training-toolkit[{name}]'."
    )
    assert missing_package({"name": name}) == [text]
    with pytest.raises(Refused, match=f"logger={name} needs"):
        watchers({"name": name}, None, None, "")  # type: ignore[arg-type]
    assert main([f"logger={name}"]) == 2
    assert text in capsys.readouterr().err


def test_an_unknown_logger_and_its_options(capsys):
    assert main(["logger=tensorbord"]) == 2
    assert "tensorboard" in capsys.readouterr().err
    assert main(["logger=none", "logger.every=5"]) == 2
    assert "logger.every" in capsys.readouterr().err
    with pytest.raises(Refused, match=r"logger: no 'tensorbord'. Did you mean tensorboard\?"):
        watchers({"name": "tensorbord"}, None, None, "")  # type: ignore[arg-type]
    assert not missing_package({"name": "tensorboard"}) and "none" in LOGGERS
