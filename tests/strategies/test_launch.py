"""Workers of one run that are launched, stopped and killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from test_equal_to_one_device import assert_equal

import toolkit.cli.launch as launching
from toolkit.cli.main import LOST
from toolkit.errors import Refused
from toolkit.training.run_folder import RunFolder, checkpoints
from toolkit.training.state import State

JOB = (
    "model=cnn",
    "data=digits",
    "data.batch_size=40",
    "model.dropout=0.3",
    "logger=none",
    "trainer.threads=1",
)


def launch(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "toolkit", "launch", "workers=2", f"run_dir={folder}"]
    return subprocess.Popen(
        [*command, *JOB, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
        preexec_fn=_heed_interrupts,
    )


def _heed_interrupts() -> None:
    """Undo what a shell does to the commands that it runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Return the process ids of the workers that run now, the chief first."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return sorted(map(int, children))


def wait_for(condition, seconds: float = 240.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.05)


def same_bits(one: Path, other: Path) -> None:
    a, b = (State.read(checkpoints(path / "checkpoints")[-1]) for path in (one, other))
    for name, x, y in zip(a.names, a.values, b.values, strict=True):
        assert (x == y).all(), name


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run of two workers that nobody disturbs."""
    folder = tmp_path_factory.mktemp("whole") / "r"
    process = launch(folder, "trainer.epochs=2", "trainer.checkpoint_every=10")
    said, _ = process.communicate(timeout=400)
    assert process.returncode == 0, said[-3000:]
    return folder


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the workers")


def test_a_killed_worker_is_begun_again_and_the_run_ends_as_if_undisturbed(undisturbed, tmp_path):
    folder = tmp_path / "r"
    process = launch(folder, "trainer.epochs=2", "trainer.checkpoint_every=10")
    wait_for(lambda: len(checkpoints(folder / "checkpoints")) > 0)
    os.kill(workers_of(process)[1], signal.SIGKILL)
    said, _ = process.communicate(timeout=400)
    assert process.returncode == 0, said[-3000:]
    assert "worker 1 was ended by SIGKILL; all workers begin again from the last" in said
    same_bits(undisturbed, folder)
    assert_equal(undisturbed, folder)
    assert "computes on 2 replicas" in (folder / "worker-1.log").read_text()
    kept = {path.name for path in folder.iterdir()}
    assert {"config.yaml", "results.json", "model.keras", "worker-1.log"} <= kept


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_launch_saves_on_all_workers_and_goes_on_with_more(number, code, tmp_path):
    folder = tmp_path / "r"
    process = launch(folder, "trainer.epochs=2", "trainer.checkpoint_every=10")
    wait_for(lambda: len(checkpoints(folder / "checkpoints")) > 0)
    os.killpg(process.pid, number)  # as a terminal sends Ctrl-C: to all that it has in front
    said, _ = process.communicate(timeout=200)
    assert process.returncode == code, said[-3000:]
    assert "go on with: python -m toolkit resume run=" in said
    if number == signal.SIGINT:
        return
    # On one device the shuffled sums of gradients differ in their last bits.
    words = said.partition("go on with: python -m toolkit ")[2].splitlines()[0].split()
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", *words], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "computes on one CPU" in done.stdout


def test_workers_with_different_words_are_refused(tmp_path):
    process = launch(tmp_path / "r", "data.batch_size=1")
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 2
    assert "there are 2 replicas; expected at least one example for each." in said


class Losing:
    """In place of workers: the first one writes files, and a kill of the second ends them."""

    def __init__(self, folder: RunFolder, *writes: dict[str, str]):
        self.folder, self.writes, self.told = folder, list(writes), []

    def __call__(self, words, count):
        self.told.append([*words])
        if not self.writes:
            return 0, ""
        for name, content in self.writes.pop(0).items():
            (self.folder.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder.path / name).write_text(content)
        return LOST, "worker 1 was ended by SIGKILL"


STEP = "checkpoints/step-00000010.safetensors"


def test_a_worker_killed_after_the_results_ends_a_run_well(tmp_path, monkeypatch, capsys):
    folder = RunFolder(tmp_path / "r")
    lost = Losing(folder, {"config.yaml": "{}", STEP: "", "results.json": '{"steps": 10}'})
    monkeypatch.setattr(launching, "_together", lost)
    launching.launch(overrides=[*JOB, f"run_dir={folder.path}"])
    assert len(lost.told) == 1
    said = capsys.readouterr().out
    assert said == "worker 1 was ended by SIGKILL, after the run had finished\n"


def test_a_worker_that_hangs_after_the_run_is_not_waited_for_for_ever(monkeypatch, capsys):
    monkeypatch.setattr(launching, "LEAVE", 0.2)
    with subprocess.Popen(["sleep", "0.1"]) as chief, subprocess.Popen(["sleep", "600"]) as hung:
        assert launching._watch([chief, hung]) == (0, "")
        hung.kill()
    assert capsys.readouterr().out == "the run had finished, but not worker 1: ended\n"


@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("INT", 130)])
def test_a_worker_that_is_stopped_while_it_waits_stops_the_others(name, code, monkeypatch):
    with (
        subprocess.Popen(["sleep", "600"], preexec_fn=_heed_interrupts) as chief,
        subprocess.Popen(["sh", "-c", f"kill -{name} $$"], preexec_fn=_heed_interrupts) as stopped,
    ):
        assert launching._watch([chief, stopped]) == (code, "")


def test_workers_that_wait_for_the_others_are_stopped_at_once():
    # As TensorFlow has it while workers find each other: SIGTERM is taken, SIGINT is not.
    deaf = [sys.executable, "-c", "import signal, time; signal.signal(15, lambda *_: print('no'))"]
    deaf[-1] += "; signal.signal(2, signal.SIG_DFL); print(flush=True); time.sleep(600)"
    with subprocess.Popen(deaf, stdout=subprocess.PIPE) as worker:
        worker.stdout.readline()
        launching._leave([worker])
        assert worker.poll() == -signal.SIGINT


def test_killed_workers_leave_no_temporary_files(tmp_path, monkeypatch):
    place, worker = tmp_path / "temporary", tmp_path / "worker"
    place.mkdir()
    worker.write_text('#!/bin/sh\nmkdir "$TMPDIR/toolkit-worker-$$" && kill -KILL $$\n')
    worker.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(sys, "executable", str(worker))
    assert launching._together(["train"], 2) == (LOST, "worker 0 was ended by SIGKILL")
    assert not list(place.iterdir())


def test_a_finished_run_is_trained_longer_by_workers_though_one_is_killed(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.config.write_text("{}")
    folder.results.write_text('{"steps": 10}')
    lost = Losing(folder, {}, {"results.json": '{"steps": 20}'})
    monkeypatch.setattr(launching, "_together", lost)
    launching.launch(run=str(tmp_path), overrides=["optimizer.learning_rate=0.1"])
    assert lost.told[0][:3] == ["resume", f"run={tmp_path}", "optimizer.learning_rate=0.1"]
    assert lost.told == [lost.told[0]] * 2


def test_workers_killed_before_the_first_checkpoint_begin_anew(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "r 1")
    lost = Losing(folder, {"config.yaml": "{}"}, {"config.yaml": "{}", STEP: ""})
    monkeypatch.setattr(launching, "_together", lost)
    launching.launch(overrides=[*JOB, f"run_dir='{folder.path}'"], plugins=["json"])
    assert lost.told[0] == lost.told[1] and lost.told[0][0] == "train"
    assert lost.told[2] == [
        "resume",
        f"run={folder.path}",
        "trainer.threads=1",
        'plugins=["json"]',
    ]


def test_a_run_that_is_being_trained_is_refused_before_a_worker_starts(tmp_path, monkeypatch):
    lost = Losing(RunFolder(tmp_path))
    (tmp_path / "config.yaml").write_text("{}")
    monkeypatch.setattr(launching, "_together", lost)
    with (
        RunFolder(tmp_path).held(),
        pytest.raises(Refused, match="is being trained by another process"),
    ):
        launching.launch(run=str(tmp_path))
    assert not lost.told


@pytest.mark.parametrize(
    ("had", "given", "said"),
    [
        ("auto", {"workers": 1}, "workers=1: one worker shares nothing"),
        ("auto", {"overrides": ["++trainer.strategy=mirrored"]}, "trainer.strategy=mirrored: work"),
        ("one_device", {}, r"trainer\.strategy=one_device: .* give trainer\.strategy=auto"),
    ],
)
def test_workers_that_would_each_train_alone_are_refused(had, given, said, tmp_path, monkeypatch):
    lost = Losing(RunFolder(tmp_path))
    (tmp_path / "config.yaml").write_text(f"trainer: {{strategy: {had}}}")
    monkeypatch.setattr(launching, "_together", lost)
    with pytest.raises(Refused, match=said):
        launching.launch(run=str(tmp_path), **given)
    assert not lost.told
    launching.launch(run=str(tmp_path), overrides=["trainer.strategy=auto"])
    assert len(lost.told) == 1


def test_workers_share_the_cores_that_this_process_may_use(tmp_path, monkeypatch):
    lost = Losing(RunFolder(tmp_path))
    (tmp_path / "config.yaml").write_text("{}")
    monkeypatch.setattr(launching, "_together", lost)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 3, 5, 7, 9, 11}, raising=False)
    for workers in (2, 9):
        launching.launch(workers=workers, run=str(tmp_path))
    assert [words[2] for words in lost.told] == ["trainer.threads=3", "trainer.threads=1"]


@pytest.mark.slow
def test_many_random_kills_lose_nothing(tmp_path):
    """Kills any worker at any time, again and again; TOOLKIT_KILLS says how often."""
    kills, folder = int(os.environ.get("TOOLKIT_KILLS", "24")), tmp_path / "r"
    draw = random.Random(0)
    words = (f"trainer.epochs={15 * kills}", "trainer.checkpoint_every=10", f"restarts={kills}")
    whole = launch(tmp_path / "whole", *words)
    said, _ = whole.communicate(timeout=3600)
    assert whole.returncode == 0, said[-3000:]
    process = launch(folder, *words)
    done = 0
    while done < kills and process.poll() is None:
        wait_for(lambda: process.poll() is not None or len(workers_of(process)) == 2)
        time.sleep(draw.uniform(0.0, 12.0))
        if process.poll() is None and len(found := workers_of(process)) == 2:
            os.kill(draw.choice(found), signal.SIGKILL)
            done += 1
            wait_for(lambda old=found: process.poll() is not None or workers_of(process) != old)
    said, _ = process.communicate(timeout=3600)
    assert process.returncode == 0, said[-3000:]
    assert done == kills, f"the run had ended after {done} kills"
    same_bits(tmp_path / "whole", folder)
