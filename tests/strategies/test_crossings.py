"""Devices, precision, XLA, accumulation and families cross each other, or are refused at once."""

from __future__ import annotations

import json
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import pytest
from families import FAMILIES
from filelock import FileLock
from processes import on

WHERE = ("one_device 0", "mirrored 2", "workers 2")
PRECISIONS = {"float32": 1e-4, "mixed_float16": 0.02, "mixed_bfloat16": 0.05}
"""How far the losses of three steps may be from those of float32, as a part of them."""
UNCROSSED = ("half precision", "pairs put in order")
"""Families with a precision of their own, or whose batches cannot be cut into parts."""
NAMES = tuple(name for name in FAMILIES if name not in UNCROSSED)
BY_PARTS = (
    "images with batch norms",
    "computed again",
    "game of two networks",
    "game of four networks",
)
"""Families whose losses depend on a batch's parts: statistics and noise are those of a part."""
REFUSED = (
    "trainer.jit=true: XLA compiles a step for one device, and TensorFlow has no compiled step "
    "that reads weights, or sums gradients, of several; leave it out, or "
    "trainer.strategy=one_device."
)


class Cell(NamedTuple):
    """One way to train: where, in which precision, by XLA or not, in how many parts, and what."""

    where: str
    precision: str
    jit: str
    parts: str
    family: str

    @property
    def possible(self) -> bool:
        """Whether TensorFlow can."""
        return self.where == "one_device 0" or self.jit == "plain"

    @property
    def reference(self) -> Cell:
        """The plain cell that it has to agree with."""
        parts = self.parts if self.family in BY_PARTS else "1"
        return Cell("one_device 0", "float32", "plain", parts, self.family)

    @property
    def tolerance(self) -> float:
        """How far its losses may be from the reference's."""
        return PRECISIONS[self.precision]

    @property
    def words(self) -> str:
        """As ``crossed.py`` is given it."""
        return "|".join((self.family, self.precision, self.jit, self.parts))


CELLS = [Cell(*c) for c in product(WHERE, PRECISIONS, ("plain", "jit"), ("1", "2"), NAMES)]


def pairs(cell: Cell) -> set[tuple]:
    """Return what meets in a cell."""
    return set(combinations(zip(cell._fields, cell, strict=True), 2))


def covering(cells: list[Cell]) -> list[Cell]:
    """Return some cells in which all meet that meet in any, chosen greedily."""
    left: set[tuple] = set().union(*map(pairs, cells))
    chosen = []
    while left:
        chosen.append(max(cells, key=lambda cell: len(pairs(cell) & left)))
        left -= pairs(chosen[-1])
    return chosen


SAMPLED = ("language model on streams", "sentences", "game of two networks")
"""Families that cross the rest in the fast tests: carried state, padding, batch norms in a game."""
NEAR = [cell for cell in CELLS if cell.where != "workers 2" and cell.family in SAMPLED]
FAST = covering([cell for cell in NEAR if cell.possible])
IMPOSSIBLE = [cell for cell in NEAR if not cell.possible]
TRIED = list(dict.fromkeys([*FAST, *IMPOSSIBLE, *(cell.reference for cell in FAST)]))


@pytest.fixture(scope="session")
def told(tmp_path_factory, worker_id):
    """Give what cells came to that lie in one place, run when one of them is first asked for.

    The processes that share the tests share them.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "crossings"
    place.mkdir(exist_ok=True)

    def of(cell: Cell, table: list[Cell], name: str) -> list[float] | str:
        output = place / f"{cell.where} {name}.json"
        words = [other.words for other in table if other.where == cell.where]
        with FileLock(f"{output}.lock"):
            if not output.exists():
                on(cell.where, "crossed.py", output, *words, limit=1800)
        return json.loads(output.read_text())[cell.words]

    return of


def compare(cell: Cell, found: list[float] | str, reference: list[float] | str) -> None:
    """Hold what a cell came to against its reference; a refusal or an error is a text."""
    assert isinstance(found, list), found
    assert len(found) == 3 and np.isfinite(found).all()
    np.testing.assert_allclose(found, reference, rtol=cell.tolerance)


@pytest.mark.parametrize("cell", FAST, ids=" ".join)
def test_all_meet_that_can(told, cell):
    compare(cell, told(cell, TRIED, "few"), told(cell.reference, TRIED, "few"))


@pytest.mark.parametrize("cell", IMPOSSIBLE, ids=" ".join)
def test_what_cannot_meet_is_refused_before_the_first_step(told, cell):
    assert told(cell, TRIED, "few") == REFUSED


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=" ".join)
def test_every_crossing(told, cell):
    table = [other for other in CELLS if other.family == cell.family]
    found = told(cell, table, cell.family)
    if cell.possible:
        compare(cell, found, told(cell.reference, table, cell.family))
    else:
        assert found == REFUSED
