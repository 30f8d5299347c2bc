"""Recipes that train another run first: what is run, when, and what is checked before."""

from __future__ import annotations

import json
import sys

import pytest
import yaml
from presets.hf_folders import preset_for

from toolkit.cli import first
from toolkit.cli.main import main
from toolkit.config import files
from toolkit.errors import Refused

RECIPE = "recipe=bert/pretrain_then_finetune"


@pytest.fixture
def commands(monkeypatch):
    """The commands that would be run, each ending with exit code 3."""
    seen = []
    monkeypatch.setattr(first, "_run", lambda command: seen.append(command[3:]) or 3)
    return seen


def begun(folder, *, finished=False, checkpoint=True):
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({"seed": 1}))
    if checkpoint:
        (folder / "checkpoints" / "step-1.safetensors").touch()
    if finished:
        (folder / "results.json").write_text(json.dumps({"valid/loss": 1.0}))


def words(tmp_path, data_root, *more):
    return [RECIPE, f"first.run_dir={tmp_path / 'first'}", f"data.root={data_root}", *more]


def test_the_first_run_is_trained_where_there_is_none(commands, tmp_path, data_root):
    given = words(tmp_path, data_root, f"first.overrides=['data.root={data_root}','seed=5']")
    assert main(given) == 3
    folder = f"run_dir={tmp_path / 'first'}"
    assert commands == [["recipe=bert/pretrain", folder, f"data.root={data_root}", "seed=5"]]


def test_nothing_is_trained_for_a_run_that_begins_elsewhere(
    commands, tmp_path, data_root, capsys, encoder
):
    (tmp_path / "taken").write_text("no folder")
    given = words(tmp_path, data_root, *encoder, f"run_dir={tmp_path / 'taken'}")
    assert main(["recipe=bert/finetune_rte", *given[1:]]) == 2
    assert commands == [] and "taken" in capsys.readouterr().err


@pytest.fixture
def encoder(tmp_path):
    """Words for a random encoder in place of one from the network."""
    return preset_for("bert/adapt_to_glue", tmp_path / "encoder")


def test_one_before_the_first_is_trained_by_it(commands, tmp_path, data_root, encoder):
    root = f"data.root={data_root}"
    words = [root, f"first.run_dir={tmp_path / 'read'}", f"first.overrides={[root, *encoder]}"]
    given = [root, f"first.run_dir={tmp_path / 'compared'}", f"first.overrides={words}"]
    given += ["recipe=bert/finetune_rte"]
    assert main(given) == 3
    ((recipe, folder, *more),) = commands
    assert recipe == "recipe=bert/finetune_stsb" and folder == f"run_dir={tmp_path / 'compared'}"
    assert main([recipe, folder, *more]) == 3, "its words are those of a chain of its own"
    assert commands[1][0] == "recipe=bert/adapt_to_glue"


def test_faults_of_one_before_the_first_are_told_at_once(
    commands, tmp_path, data_root, encoder, capsys
):
    root = f"data.root={data_root}"
    words = [root, f"first.run_dir={tmp_path / 'read'}"]
    words += [f"first.overrides={[root, *encoder, 'task.rate=2']}"]
    given = [root, f"first.run_dir={tmp_path / 'compared'}", f"first.overrides={words}"]
    assert main(["recipe=bert/finetune_rte", *given]) == 2
    assert "task.rate" in capsys.readouterr().err and commands == []


def test_one_that_was_begun_goes_on(commands, tmp_path, data_root, monkeypatch):
    monkeypatch.setenv("TOOLKIT_DATA", str(data_root))
    begun(tmp_path / "first")
    assert main(words(tmp_path, data_root)) == 3
    assert commands == [["resume", f"run={tmp_path / 'first'}"]]


def test_one_that_failed_begins_again(commands, tmp_path, data_root, monkeypatch):
    monkeypatch.setenv("TOOLKIT_DATA", str(data_root))
    begun(tmp_path / "first", checkpoint=False)
    assert main(words(tmp_path, data_root)) == 3
    assert commands[0][0] == "recipe=bert/pretrain"
    assert not (tmp_path / "first" / "config.yaml").exists()


def test_one_that_is_finished_is_taken(commands, tmp_path, data_root, capsys):
    begun(tmp_path / "first", finished=True)
    assert main(words(tmp_path, data_root)) == 2  # this one has no network
    assert commands == []
    assert str(tmp_path / "first") in capsys.readouterr().err


def test_what_begins_from_it_is_checked_before(commands, tmp_path, data_root, capsys, monkeypatch):
    monkeypatch.setenv("TOOLKIT_DATA", str(data_root))
    assert main(words(tmp_path, data_root, "optimizer.learning_rat=1")) == 2
    assert main(words(tmp_path, data_root, "first.overrides=['task.rate=2']")) == 2
    told = capsys.readouterr().err
    assert "learning_rate" in told and "task.rate" in told
    assert commands == []


def test_its_process_tells_how_it_ended(tmp_path):
    script = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch(); raise SystemExit(143)"
    assert first._run([sys.executable, "-c", script, str(tmp_path / "trained")]) == 143
    assert (tmp_path / "trained").exists()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"recipe": "bert/pretrian", "run_dir": "a"}, "first.recipe: no 'bert/pretrian'.*pretrain"),
        ({"recipe": "bert/pretrain"}, "first.run_dir: expected the folder"),
        ({"recipe": "bert/pretrain", "run_dir": "a", "dir": 1}, "first.dir: unknown"),
        ({"recipe": "bert/pretrain", "run_dir": "a", "overrides": ["x"]}, "a list of key=value"),
    ],
)
def test_blocks_that_are_wrong(block, said):
    with pytest.raises(Refused, match=said):
        first.First.of(block)


def test_most_commands_have_none():
    assert not first._may_have_one(("model=gru", "recipe=lm/ptb_gru"), {})
    assert first._may_have_one((RECIPE,), {})
    assert first._may_have_one(("first={recipe: bert/pretrain, run_dir: a}",), {})
    assert "bert/pretrain" in files.names("recipe")
