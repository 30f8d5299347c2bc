"""From words to the arguments of training."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from toolkit.blocks import BLOCKS
from toolkit.data import DATA
from toolkit.errors import Refused


def test_training_gets_plain_checked_arguments(cli, trained):
    assert cli("data=digits", "model=mlp", "model.units=8").code == 0
    (given,) = trained
    assert set(given) == {
        "model", "data", "task", "optimizer", "schedule", "trainer", "logger", "seed", "run_dir",
        "plugins",
    }  # fmt: skip
    assert given["model"]["body"][0]["dense"]["units"] == 8
    assert given["task"]["name"] == "classification"
    assert given["data"]["batch_size"] == 64
    assert type(given["model"]) is dict and type(given["trainer"]["epochs"]) is int
    assert given["run_dir"].startswith("runs/mlp-digits/20")


def test_the_verb_and_flags_stand_anywhere(cli, trained):
    assert cli("data=digits", "train", "model=mlp", "-m", "seed=1,2").code == 0
    assert [given["seed"] for given in trained] == [1, 2]


def test_nothing_but_the_runs_own_folder_is_made(cli, trained, tmp_path):
    cli("data=digits", "model=mlp")
    assert list(tmp_path.iterdir()) == []


def test_logging_is_left_alone(cli, trained):
    import logging

    before = list(logging.getLogger().handlers), logging.getLogger().level
    cli("data=digits", "model=mlp")
    assert (list(logging.getLogger().handlers), logging.getLogger().level) == before


def test_a_sweep_has_a_run_for_each_combination_and_folders_of_their_own(cli, trained):
    said = cli("-m", "data=digits", "model=mlp,gru", "seed=1,2")
    assert said.code == 0
    assert [(g["model"]["name"], g["seed"]) for g in trained] == [
        ("mlp", 1), ("mlp", 2), ("gru", 1), ("gru", 2)
    ]  # fmt: skip
    assert len({given["run_dir"] for given in trained}) == 4
    assert "run 4 of 4: model=gru seed=2" in said.out


def test_a_sweep_over_data_takes_each_ones_task(cli, trained):
    assert cli("-m", "data=ptb,digits,etth1").code == 0
    assert [given["task"]["name"] for given in trained] == [
        "language_modelling", "classification", "forecast"
    ]  # fmt: skip


def test_all_of_a_sweep_is_checked_before_the_first_starts(cli, trained):
    said = cli("-m", "data=digits", "model=mlp,gruu", "trainer.epochs=1,x")
    assert (said.code, trained) == (2, [])
    assert said.err.splitlines() == [
        "command line: trainer.epochs: expected a whole number from 1; got 'x'",
        "command line: model: no 'gruu'. Did you mean gru?",
    ]


def test_pairs_of_a_sweep_are_checked_too(cli, trained):
    said = cli("-m", "model=gru,mlp", "data=ptb,digits")
    assert (said.code, trained) == (2, [])
    assert said.err.startswith("model=mlp data=ptb task=language_modelling: ")
    assert len(said.err.splitlines()) == 1


def test_a_sweep_into_one_folder_is_refused(cli, trained):
    said = cli("-m", "data=digits", "model=mlp", "seed=1,2", "run_dir=here")
    assert said.code == 2
    assert said.err.startswith("run_dir: all runs of the sweep would write to here")
    assert cli("-m", "data=digits", "model=mlp", "seed=1,2", "run_dir=here/${seed}").code == 0


def test_a_sweeps_folders_may_hold_hydras_numbers(cli, trained):
    words = ["data=digits", "model=mlp", "seed=1,2", "run_dir=here/${hydra:job.num}"]
    assert cli("-m", *words).code == 0
    assert [given["run_dir"] for given in trained] == ["here/0", "here/1"]


def test_null_leaves_a_group_out(cli, trained):
    assert cli("data=digits", "model=mlp", "recipe=null", "debug=null").code == 0
    assert cli("task=null").err.startswith("task: none is chosen, and data/python_docs names none")


def test_places_in_lists_as_messages_write_them(cli, trained):
    assert cli("data=digits", "model=mlp", "model.body[0].dense.units=5").code == 0
    assert trained[0]["model"]["body"][0]["dense"]["units"] == 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--foo"], "command line: no flag --foo."),
        (["--multrun"], "command line: no flag --multrun. Did you mean --multirun"),
        (["--config-dir"], "command line: --config-dir: needs a value: --config-dir VALUE"),
        (["--config-dir", "nowhere"], "command line: --config-dir: no folder nowhere"),
        (["-cn", "other"], "command line: no configuration file other"),
        (["model.units"], "command line: 'model.units': expected key=value"),
        (["data"], "command line: 'data': expected key=value"),
    ],
)
def test_flags_and_words_that_do_not_fit(cli, trained, words, told):
    said = cli(*words)
    assert (said.code, trained) == (2, [])
    assert told in said.err


def test_globs_choose_recipes(cli, trained):
    assert cli("-m", "recipe=glob(lm/*)").code == 0
    assert [given["model"]["name"] for given in trained] == ["gru", "lstm", "gru"]


def test_a_folder_that_holds_a_run_is_refused_before_anything_starts(cli, trained, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "config.yaml").touch()
    said = cli("data=digits", "model=mlp", "run_dir=old")
    assert (said.code, trained) == (2, [])
    assert said.err.startswith("run_dir: old holds a run already, which is not overwritten")


def test_config_of_the_job_is_printed_and_nothing_trained(cli, trained):
    said = cli("--cfg", "job", "data=digits", "model.units=7")
    assert (said.code, trained) == (0, [])
    assert "units: 7" in said.out and "\nhydra" not in said.out
    assert cli("data=digits", "--cfg", "job", "-p", "task").out.startswith("# @package task")
    assert (
        cli("--cfg", "job", "data=digit").err
        == "command line: data: no 'digit'. Did you mean digits?\n"
    )


def test_a_users_own_folder(cli, trained, tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "small.yaml").write_text(
        "name: small\nbody:\n  - dense: {units: 3}\n"
    )
    assert cli("--config-dir", "mine", "model=small", "data=digits").code == 0
    assert trained[0]["model"]["body"] == [{"dense": {"units": 3}}]
    assert cli("model=small", "data=digits", "-cd", "mine").code == 0
    assert "no 'small'" in cli("model=small").err


def test_a_plug_ins_parts_have_names_like_ours(cli, trained, tmp_path, monkeypatch):
    (tmp_path / "my_plugin.py").write_text(
        "from toolkit.blocks import BLOCKS\n"
        "from toolkit.data import DATA, Row\n"
        "def twice(x, *, times: int = 2):\n    'Twice.'\n    return x * times\n"
        "def mine(*, root: str | None = None, size: int = 5):\n    'Mine.'\n"
        "BLOCKS.register('twice', twice)\n"
        "DATA.register('mine', mine, Row('my_plugin:mine', 'image', 'label', 'classification'))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for table in (BLOCKS, DATA):  # so that other tests see the tables as they are
        monkeypatch.setattr(table, "_rows", dict(table._rows))
        monkeypatch.setattr(table, "_loaded", dict(table._loaded))
    words = ["plugins=[my_plugin]", "data=mine", "model=mlp", "model.body=[{twice:{times:3}}]"]
    said = cli(*words, "data.size=7")
    assert said.code == 0, said.err
    assert trained[0]["data"]["size"] == 7 and trained[0]["data"]["batch_size"] == 32
    assert trained[0]["task"]["name"] == "classification"
    assert trained[0]["plugins"] == ["my_plugin"]
    assert "data.sise: unknown. Did you mean size?" in cli(*words, "data.sise=3").err


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (Refused("a file is missing"), 2, "a file is missing\n"),
        (ValueError("oh"), 1, "This is a fault of the toolkit and not of what you typed"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_exit_codes(cli, trained, monkeypatch, error, code, told):
    run = sys.modules["toolkit.training.run"]  # the fixture's stand-in

    def fail(**given):
        raise error

    monkeypatch.setattr(run, "train", fail)
    said = cli("data=digits", "model=mlp")
    assert said.code == code
    assert told in said.err
    assert ("Traceback" in said.err) == (code == 1)


def test_sigterm(cli, trained, monkeypatch):
    run = sys.modules["toolkit.training.run"]  # the fixture's stand-in

    monkeypatch.setattr(run, "train", lambda **given: os.kill(os.getpid(), signal.SIGTERM))
    assert cli("data=digits", "model=mlp").code == 143


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("toolkit train model=gr", "model=gru"),
        ("toolkit -m seed=1,2 --config-dir x model=gr", "model=gru"),
        ("toolkit recipe=lm/", "recipe=lm/ptb_gru"),
        ("toolkit trainer.ep", "trainer.epochs="),
        ("toolkit ev", "evaluate"),
        ("toolkit generate run=x to", "top_k="),
    ],
)
def test_completion(cli, monkeypatch, line, offered):
    monkeypatch.setenv("COMP_LINE", line)
    said = cli("-sc", "query=bash")
    assert (said.code, said.err) == (0, "")
    assert offered in said.out.split()


def test_hydras_own_flags(cli):
    assert "Search path" in cli("--info", "searchpath").out
    assert "Hydra" in cli("--hydra-help").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("data=ptb data.root=nowhere", "data.root: 'nowhere' does not exist; expected the folder"),
        ("data=text data.train=a.txt data.valid=b.txt", "data.valid: there is no 'b.txt'"),
        ("data=series data.file=a.csv", "data.file: there is no 'a.csv' (plain or .gz)."),
        ("data=image_folder model=cnn", "data=image_folder: which folder? Give data.root=FOLDER"),
        ("run_dir=file/run", "run_dir: cannot write to file/run"),
        ("run_dir=file", "is a file); give another run_dir=FOLDER."),
    ],
)
def test_files_that_are_not_there_are_told_before_tensorflow(
    cli, trained, tmp_path, monkeypatch, words, told
):
    monkeypatch.delenv("TOOLKIT_DATA", raising=False)
    (tmp_path / "file").write_text("")
    said = cli(*words.split(" "))
    assert said.code == 2 and told in said.err
    assert not trained and len(list(tmp_path.iterdir())) == 1


def test_a_job_leaves_nothing_behind_in_its_process(cli, trained):
    assert cli("--cfg", "job").code == 0
    words = ["data=digits", "model=mlp", "seed=1,2", "run_dir=here/${hydra:job.num}"]
    assert cli("-m", *words).code == 0
    assert [call["run_dir"] for call in trained] == ["here/0", "here/1"]
