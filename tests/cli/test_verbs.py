"""Verbs, their options, help and lists."""

from __future__ import annotations

import json

import pytest

from toolkit.cli.arguments import INFO, VALUED, read
from toolkit.cli.listing import KINDS
from toolkit.cli.verbs import VERBS


@pytest.fixture
def a_run(tmp_path):
    for name in ("config.yaml", "model.keras"):
        (tmp_path / "r").mkdir(exist_ok=True)
        (tmp_path / "r" / name).touch()
    return "run=r"


def test_arguments_are_taken_apart():
    found = read(["--cfg", "job", "evaluate", "run=x", "-cd=y", "+a=1", "~b", "more", "-m"])
    assert (found.verb, found.words) == ("evaluate", ("more",))
    assert found.overrides == ("run=x", "+a=1", "~b")
    assert found.flags == {"--cfg": "job", "--config-dir": "y", "--multirun": None}
    assert found.hydra()[:4] == ["--cfg", "job", "--config-dir", "y"]


def test_flags_with_values_are_hydras():
    from hydra._internal.utils import get_args_parser

    actions = get_args_parser()._actions
    valued = {a.option_strings[0] for a in actions if a.option_strings and a.nargs is None}
    assert valued - {"--version"} == set(VALUED)
    (info,) = (a for a in actions if "--info" in a.option_strings)
    assert tuple(info.choices) == INFO


def test_evaluate(cli, trained, a_run):
    assert cli("evaluate", a_run, "split=valid", "batch_size=3").code == 0
    assert trained == [
        {
            "run": "r",
            "split": "valid",
            "root": None,
            "batch_size": 3,
            "strategy": "auto",
            "devices": None,
        }
    ]


def test_predict(cli, trained, a_run):
    assert cli("predict", a_run, "input=a, b = c!", "format=csv").code == 0
    assert trained[0]["input"] == "a, b = c!"


def test_generate(cli, trained, a_run):
    assert cli("generate", a_run, "prompt='the 1'", "top_k=null", "temperature=0").code == 0
    assert (trained[0]["prompt"], trained[0]["top_k"], trained[0]["temperature"]) == (
        "the 1",
        None,
        0,
    )
    assert cli("generate", a_run, "prompt=").code == 0


def test_only_language_models_write(cli, no_tensorflow, a_run, tmp_path):
    (tmp_path / "r" / "config.yaml").write_text("task: {name: classification}\n")
    said = cli("generate", a_run)
    assert said.code == 2
    assert said.err.startswith(
        "run: r has learned classification and is no language model, nor does it make"
    )
    (tmp_path / "r" / "config.yaml").write_text("task: {name: language_modelling}\n")
    assert "TensorFlow would start here" in cli("generate", a_run).err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("evaluat run=x", "command line: no verb 'evaluat'. Did you mean evaluate?"),
        ("evaluate", "command line: run: must be given: text"),
        ("evaluate run=", "command line: run: expected text; it is empty"),
        ("evaluate rum=x", "command line: rum: unknown option of evaluate. Did you mean run?"),
        (
            "evaluate run=r x",
            "command line: 'x': expected key=value, with one of: run, split, root",
        ),
        ("evaluate run=nowhere", "run: no run at nowhere."),
        ("predict run=r input=x format=xml", "format: expected csv, jsonl or null; got 'xml'"),
        ("generate run=r top_p=2", "top_p: expected a number from 0, up to 1, or null; got 2"),
        ("generate run=r n=[1", "command line: cannot read 'n=[1'"),
        ("generate run=r -m", "command line: --multirun: generate takes no such flag"),
        ("generate +run=r", "command line: '+run=r': generate takes key=value"),
        ("generate run=r plugins=[nope]", "plugins: no module 'nope'."),
        ("train foo", "command line: 'foo': expected key=value"),
        ("list modles", "list: no 'modles'. Did you mean models?"),
        ("list models gruu", "list: models: no 'gruu'. Did you mean gru?"),
        ("list a b c", "command line: 'c': expected key=value"),
        ("schema group=modle", "group: expected model, data, task"),
        ("schema output=no/where.json", "output: cannot write no/where.json (No such file"),
    ],
)
def test_refusals(cli, no_tensorflow, a_run, words, told):
    said = cli(*words.split(" "))
    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help(cli, verb):
    said = cli(*[verb] if verb else [], "--help")
    assert said.code == 0
    assert said.out.startswith("python -m toolkit ")
    assert len(said.out.splitlines()) <= 60
    assert all(name in said.out for name in VERBS) or verb not in ("", "train")


def test_lists_of_everything(cli):
    said = cli("list")
    assert said.code == 0
    for name in (*KINDS, "gru", "ptb", "classification", "lm/ptb_gru", "adamw", "cosine", "dense"):
        assert name in said.out


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_and_each_of_its_names(cli, kind):
    said = cli("list", kind)
    assert said.code == 0
    lines = [
        line for line in said.out.splitlines()[1:-2] if line.startswith("  ") and line[2:3] != " "
    ]
    assert lines and all(len(line.split()) > 2 for line in lines)
    names = [line.split()[0] for line in lines]
    for name in (names[0], names[-1]):
        shown = cli("list", kind, name)
        assert (shown.code, shown.err) == (0, "")


def test_a_blocks_options_are_shown(cli):
    out = cli("list", "blocks", "dense").out
    assert "  units = 128    int >=1|[int >=1, …]\n      " in out


def test_a_models_knobs_are_shown_with_types(cli):
    assert "  model.units = 200    int >=1\n      width of each layer\n" in cli("list", "gru").out


def test_the_trainers_options_are_shown(cli):
    assert "  trainer.epochs = 5    int >=1\n" in cli("list", "trainer").out


def test_the_schema_is_written(cli, tmp_path):
    assert json.loads(cli("schema").out)["title"] == "toolkit"
    assert cli("schema", "group=data", "output=s.json").code == 0
    assert json.loads((tmp_path / "s.json").read_text())["title"] == "conf/data"
