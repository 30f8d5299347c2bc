"""What a wheel carries, and whether the pinned versions are those that the package asks for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built without a network by the backend itself."""
    folder = tmp_path_factory.mktemp("wheel")
    code = (
        "import sys\n"
        "from hatchling.builders.wheel import WheelBuilder\n"
        "print(*WheelBuilder(sys.argv[1]).build(directory=sys.argv[2], versions=['standard']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_carries_the_package_configs_and_recipes_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("conf", "recipes"):
        for path in (ROOT / folder).rglob("*.yaml"):
            assert f"toolkit/{path.relative_to(ROOT)}" in names
    for path in (ROOT / "toolkit").rglob("*.py"):
        assert str(path.relative_to(ROOT)) in names
    assert "toolkit/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "toolkit",
        "keras_training_toolkit",
    }


def test_a_wheel_names_its_command_and_licence(wheel):
    with zipfile.ZipFile(wheel) as archive:
        info = {Path(n).name: n for n in archive.namelist() if ".dist-info/" in n}
        assert "toolkit = toolkit.__main__:main" in archive.read(info["entry_points.txt"]).decode()
        assert "Apache License" in archive.read(info["LICENSE"]).decode()
        assert "License-Expression: Apache-2.0" in archive.read(info["METADATA"]).decode()


def test_an_installed_wheel_works_from_any_folder(wheel, tmp_path):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", "model=gru", "data=python_docs", "--cfg", "job"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^model:\n(?:  .*\n)*?  name: gru$", done.stdout, re.MULTILINE)
    assert not list(elsewhere.iterdir())


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.partition("#")[0].strip().split("==") for line in lines)
    return {canonicalize_name(pair[0]): pair[1] for pair in pairs if len(pair) == 2}


def test_constraints_are_exact_pins_only():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"(#.*|[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+)?", line), line


EXTRAS = PROJECT["optional-dependencies"]
INSTALLED = [*PROJECT["dependencies"], *EXTRAS["export"], *EXTRAS["test"]]


@pytest.mark.parametrize(
    "requirement", [text for text in INSTALLED if Requirement(text).name != PROJECT["name"]]
)
def test_pinned_versions_are_in_the_ranges(requirement):
    wanted = Requirement(requirement)
    assert wanted.specifier.contains(pins()[canonicalize_name(wanted.name)])
