"""The command as a process: from any folder, at once, and without TensorFlow where it can be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HEAVY = ("tensorflow", "keras", "keras_hub", "pandas", "sklearn", "PIL", "torch", "jax")

RUN = f"""
import sys
from toolkit.cli.main import main
code = main(sys.argv[1:])
print("imported:", *[name for name in {HEAVY} if name in sys.modules])
sys.exit(code)
"""


def python(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(cwd)}
    command = [sys.executable, *argv]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("--help", 0),
        ("generate --help", 0),
        ("list", 0),
        ("list data", 0),
        ("list blocks recurrent", 0),
        ("list optimizers", 0),
        ("schema", 0),
        ("--cfg job", 0),
        ("model=gruu model.units=", 2),
        ("-m model=gru,mlp data=ptb,mnist", 2),
        ("evaluate run=nowhere", 2),
    ],
)
def test_an_answer_needs_no_tensorflow(tmp_path, words, code):
    done = python("-c", RUN, *words.split(" "), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stdout.splitlines()[-1] == "imported:"
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_module_is_a_command(tmp_path):
    done = python("-m", "toolkit", "modle=gru", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "command line: modle: unknown. Did you mean model?\n"
