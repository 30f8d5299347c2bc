"""The staircase: imports point down, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = {
    "toolkit": 4,
    "toolkit.__main__": 4,
    "toolkit.api": 4,
    "toolkit.cli": 4,
    "toolkit.config": 4,
    "toolkit.training": 3,
    "toolkit.models": 2,
    "toolkit.tasks": 2,
    "toolkit.blocks": 1,
    "toolkit.data": 1,
}
"""All other modules are on floor 0."""

STRANGERS = [("blocks", "data"), ("data", "blocks"), ("models", "tasks")]
"""What on one floor must not know the other."""

FILES = sorted((ROOT / "toolkit").rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """Return the first two names of a module: ``toolkit.data`` of ``toolkit.data.spec``."""
    return ".".join(module.split(".")[:2])


def floor_of(module: str) -> int:
    return FLOORS.get(part_of(module), 0)


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Give line and module of every import, also of those within functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            for name in node.names:
                # `from toolkit import metrics` imports a module, `from toolkit.errors import
                # Refused` a name of one.
                yield node.lineno, f"{node.module}.{name.name}"


def faults(module: str, source: str) -> list[str]:
    """Return the imports of a module that it must not have."""
    found = []
    floor = floor_of(module)
    for line, name in imports(source):
        where = f"{module}:{line} imports {name}"
        top = name.split(".")[0]
        if top == "toolkit" and floor_of(name) > floor:
            found.append(f"{where}, from floor {floor_of(name)} into floor {floor}")
        for one, other in STRANGERS:
            if part_of(module) == f"toolkit.{one}" and part_of(name) == f"toolkit.{other}":
                found.append(f"{where}, which {one} must not know")
        if top in ("hydra", "omegaconf") and floor < 4:
            found.append(f"{where}, which only floor 4 may see")
        if name in ("pydantic.BaseModel", "pydantic.create_model") and floor < 4:
            found.append(f"{where}: models of configs belong on floor 4")
    return found


@pytest.mark.parametrize("path", FILES, ids=map(module_of, FILES))
def test_imports_point_down(path):
    assert not faults(module_of(path), path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("toolkit.blocks.dense", "from toolkit.models import network", "from floor 2 into floor 1"),
        ("toolkit.losses", "def f():\n    import toolkit.data.spec", "from floor 1 into floor 0"),
        ("toolkit.data.texts.ptb", "from toolkit.blocks.state import X", "data must not know"),
        ("toolkit.training.fit", "from omegaconf import OmegaConf", "only floor 4 may see"),
        ("toolkit.tasks.x", "from pydantic import create_model", "belong on floor 4"),
        ("toolkit.errors", "from toolkit import api", "from floor 4 into floor 0"),
    ],
)
def test_an_import_that_points_up_is_found(module, source, fault):
    (found,) = faults(module, source)
    assert fault in found


def test_everything_with_a_name_is_read_without_heavy_libraries():
    """Help, listings and config errors read all signatures, and must not wait for these."""
    code = """
import inspect, sys
from toolkit.blocks import BLOCKS
from toolkit.data import DATA
from toolkit.models.stems import STEMS
from toolkit.schedules import SCHEDULES
from toolkit.tasks import TASKS
from toolkit.training.loggers import LOGGERS
from toolkit.training.optimizers import OPTIMIZERS
for table in (BLOCKS, DATA, LOGGERS, STEMS, SCHEDULES, TASKS, OPTIMIZERS):
    for name in table:
        inspect.signature(table[name])
        assert table.summary(name), (table.kind, name)
heavy = {"tensorflow", "keras", "keras_hub", "pandas", "sklearn", "scipy", "PIL", "matplotlib"}
print(*sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
