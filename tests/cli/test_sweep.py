"""Sweeps: folders by overrides, what is done is passed over, and no run stops the others."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from presets.hf_folders import write_folder

from toolkit.cli.main import main
from toolkit.cli.sweep_folders import LONGEST, SweepFolders, run_name, safe
from toolkit.cli.sweep_job import SweepJob
from toolkit.cli.sweep_stop import passing_signals_on
from toolkit.errors import Refused, Terminated

DIGITS = ("-m", "data=digits", "model=mlp")
RESULTS = {"best_epoch": 1, "valid/accuracy": 0.5, "test/accuracy": 0.4, "test/loss": 1.0}


@pytest.fixture
def training(trained, monkeypatch):
    """A training that writes what a run leaves, and fails where it is told to."""
    run = sys.modules["toolkit.training.run"]  # the fixture's stand-in
    fails: dict[int, BaseException] = {}
    resumed = []

    def train(**given):
        trained.append(given)
        folder = Path(given["run_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        config = {key: value for key, value in given.items() if key != "quiet"}
        (folder / "config.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(config))))
        if error := fails.get(given["seed"]):
            raise error
        (folder / "results.json").write_text(json.dumps(RESULTS))

    def resume(folder, config, *, quiet):
        resumed.append((folder.path.name, config["seed"]))
        folder.results.write_text(json.dumps(RESULTS))

    monkeypatch.setattr(run, "train", train)
    monkeypatch.setattr(run, "resume", resume, raising=False)
    run.fails, run.resumed = fails, resumed
    return run


def table(said):
    """Return the rows of the table that ends a sweep."""
    lines = [line.split() for line in said.out.partition("Over seeds")[0].splitlines()]
    first = next(i for i, line in enumerate(lines) if line[:1] == ["run"] and line[-1] == "state")
    return [line for line in lines[first + 2 :] if line and line[0].isdigit()]


def test_runs_are_called_by_their_overrides(cli, trained):
    assert cli(*DIGITS, "seed=1,2", "trainer.epochs=3").code == 0
    assert [given["run_dir"] for given in trained] == [
        "runs/sweeps/mlp-digits/seed=1,trainer.epochs=3",
        "runs/sweeps/mlp-digits/seed=2,trainer.epochs=3",
    ]


def test_runs_that_differ_by_their_seed_are_summed_up(cli, training, monkeypatch):
    for seed, score in ((1, 0.5), (2, 0.9), (3, 0.4)):
        monkeypatch.setitem(RESULTS, "test/accuracy", score)
        assert cli(*DIGITS, f"seed={seed}").code == 0  # found done below
    said = cli(*DIGITS, "seed=1,2,3")
    assert said.out.partition("Over seeds")[0].count("skipped") == 3
    _, _, over = said.out.partition("Over seeds: mean ± deviation; median (range)")
    assert "3   0.6000 ± 0.2646; 0.5000 (0.4000 to 0.9000)" in over
    assert "Over seeds" not in cli(*DIGITS, "model.units=[8],[9]", "seed=1").out


@pytest.mark.parametrize(
    ("words", "folders"),
    [
        (["data=digits", "model=mlp,gru"], ["digits/model=mlp", "digits/model=gru"]),
        (["data=ptb,digits"], ["gru/data=ptb", "gru/data=digits"]),
        (["recipe=lm/ptb_gru", "seed=1"], ["lm-ptb_gru/seed=1"]),
        (["recipe=lm/ptb_gru", "model=lstm"], ["lm-ptb_gru/model=lstm"]),
        (
            ["recipe=glob(lm/*)"],
            [f"ptb/recipe=lm-{name}" for name in ("ptb_gru", "ptb_lstm_small", "ptb_tied")],
        ),
        (["model=gru", "run_dir=x/${seed}", "seed=3"], ["x/3"]),
        (["data=digits", "model=mlp", "hydra.sweep.dir=mine"], ["mine/data=digits,model=mlp"]),
        (["hydra.sweep.dir=mine", "hydra.sweep.subdir=${hydra.job.num}", "seed=7,8"],
         ["mine/0", "mine/1"]),
    ],
)  # fmt: skip
def test_a_sweep_is_called_by_what_its_runs_share(cli, trained, words, folders):
    said = cli("-m", *words)
    assert said.code == 0, said.err
    got = [given["run_dir"].removeprefix("runs/sweeps/") for given in trained]
    assert got == folders


def test_names_of_runs():
    assert run_name(["seed=1", "model=gru"]) == run_name(["model=gru", "seed=1"])
    assert run_name(["seed=1", "data.root=/x", "run_dir=y", "hydra.verbose=true"]) == "seed=1"
    assert run_name(["model=gru"], told=["model=gru"]) == "run"
    assert safe("recipe=lm/ptb_gru") == "recipe=lm-ptb_gru"
    spaced, dashed = safe("data.train=my book.txt"), safe("data.train=my-book.txt")
    assert dashed == "data.train=my-book.txt" and spaced.startswith("data.train=my-book.txt-")
    long = ",".join(f"model.knob{i}={i}" for i in range(40))
    assert len(safe(long)) <= LONGEST and safe(long) != safe(long + "1")
    assert "/" not in safe("../../x") and not safe("../../x").startswith(".")


def test_the_same_command_again_runs_what_is_missing(cli, training, trained):
    assert cli(*DIGITS, "seed=1,2").code == 0
    said = cli("-m", "model=mlp", "seed=2,1,3", "data=digits")
    assert said.code == 0
    assert [given["seed"] for given in trained] == [1, 2, 3]
    assert "run 2 of 3: seed=1: done already: test/accuracy 0.4000" in said.out
    assert [[row[1], row[2], row[-1]] for row in table(said)] == [
        ["2", "0.4000", "skipped"], ["1", "0.4000", "skipped"], ["3", "0.4000", "done"]
    ]  # fmt: skip


def test_a_finished_run_is_known_again_by_what_was_left_open(tmp_path, capsys):
    write_folder(tmp_path / "preset", "bert")
    (tmp_path / "texts.csv").write_text("text,label\n" + "word1,a\nword2,b\n" * 20)
    words = ["-m", "model=bert", f"model.preset={tmp_path}/preset", "data=text_classification"]
    words += [f"data.train={tmp_path}/texts.csv", "logger=none", "seed=1", "trainer.max_steps=1"]
    words += ["data.max_length=16", f"hydra.sweep.dir={tmp_path}/sweep"]
    assert main(words) == 0
    assert ": done already: " not in capsys.readouterr().out
    assert main(words) == 0
    assert ": done already: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refused("training diverged", "go on so"), "run 1 failed: training diverged\n"),
        (ValueError("oh\nno"), "run 1 failed: ValueError: oh (a fault of the toolkit)\n"),
    ],
)
def test_a_failed_run_stops_no_other_and_is_run_again(cli, training, trained, error, told):
    training.fails[2] = error
    said = cli(*DIGITS, "seed=2,3")
    assert said.code == 1
    assert [row[-1] for row in table(said)] == ["failed", "done"]
    assert told in said.out
    assert ("Traceback" in said.err) == isinstance(error, ValueError)
    training.fails.clear()
    assert cli(*DIGITS, "seed=2").code == 0
    assert [given["seed"] for given in trained] == [2, 3, 2]


def test_a_run_begun_goes_on(cli, training, trained, tmp_path):
    training.fails[2] = ValueError("lost power")
    assert cli(*DIGITS, "seed=2").code == 1
    folder = tmp_path / "runs/sweeps/mlp-digits/seed=2/checkpoints"
    folder.mkdir()
    (folder / "step-00000001.safetensors").touch()
    said = cli(*DIGITS, "seed=2")
    assert said.code == 0, said.err
    assert training.resumed == [("seed=2", 2)]
    assert "run 1 of 1: data=digits model=mlp seed=2: goes on" in said.out
    assert len(trained) == 1


def test_ctrl_c_stops_the_sweep_as_a_whole(cli, training, trained):
    training.fails[2] = KeyboardInterrupt()
    said = cli(*DIGITS, "seed=1,2")
    assert said.code == 130
    assert [given["seed"] for given in trained] == [1, 2]
    assert [row[-1] for row in table(said)] == ["done", "run"]  # "not run"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_to_the_workers_and_is_raised_when_they_have_ended(tmp_path, number):
    code = "import signal, time\nsignal.signal(2, lambda *_: exit(7))\nprint(1, flush=True)\n"
    command = [sys.executable, "-c", f"{code}time.sleep(60)"]
    before = signal.getsignal(number)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        assert worker.stdout.readline() == b"1\n"
        (tmp_path / f"{worker.pid}.worker").touch()
        with (
            pytest.raises(KeyboardInterrupt if number == signal.SIGINT else Terminated),
            passing_signals_on(str(tmp_path)),
        ):
            os.kill(os.getpid(), number)
            assert worker.wait(30) == 7
    assert (tmp_path / "stop").exists() and signal.getsignal(number) is before


def test_a_run_that_another_process_is_at_is_left_alone(cli, training, trained, tmp_path):
    hidden = tmp_path / "runs/sweeps/mlp-digits/.jobs"
    hidden.mkdir(parents=True)
    with FileLock(hidden / "seed=2.lock"):
        said = cli(*DIGITS, "seed=1,2")
    assert [given["seed"] for given in trained] == [1]
    assert [row[-1] for row in table(said)] == ["done", "busy"]


def test_another_configuration_in_the_folder_is_refused_before_anything_starts(
    cli, training, trained, tmp_path
):
    assert cli(*DIGITS, "seed=2").code == 0
    path = tmp_path / "runs/sweeps/mlp-digits/seed=2/config.yaml"
    path.write_text(path.read_text().replace("epochs: 5", "epochs: 6"))
    said = cli(*DIGITS, "seed=2,3")
    assert (said.code, len(trained)) == (2, 1)
    assert said.err == (
        "runs/sweeps/mlp-digits/seed=2 holds a run of another configuration (trainer.epochs: 6 "
        "there, 5 now); give another hydra.sweep.dir=FOLDER, or delete that folder.\n"
    )


def test_notes_of_a_sweep_do_not_stay(cli, training, tmp_path):
    cli(*DIGITS, "seed=1")
    hidden = tmp_path / "runs/sweeps/mlp-digits/.jobs"
    assert [path.name for path in hidden.iterdir()] == ["seed=1.lock"]


def test_a_job_brings_its_plug_ins_into_a_worker(tmp_path, monkeypatch):
    (tmp_path / "brought.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    job = SweepJob(SweepFolders("x"), "notes", 2, ("seed",), ("brought",))
    assert pickle.loads(pickle.dumps(job)) == job
    assert sys.modules.pop("brought")
