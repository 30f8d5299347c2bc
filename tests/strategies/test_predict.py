"""Replicas share what is predicted, and give it as one device does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from predicted import TEXTS
from processes import on


def told(folder: Path, how: str, *kinds: str) -> dict[str, list]:
    """Return what one device and several gave, by what was asked."""
    on(how, "predicted.py", folder, *kinds)
    return json.loads((folder / "told.json").read_text())


def assert_alike(one, other) -> None:
    """All is equal, numbers to floating-point tolerance."""
    if isinstance(one, float):
        assert other == pytest.approx(one, rel=1e-4, abs=1e-5)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_alike(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_alike(a, b)
    else:
        assert other == one


def test_texts_are_predicted_by_replicas_as_by_one_device(tmp_path):
    found = told(tmp_path, "mirrored 3", "class")
    assert set(found) == {"classes", "vectors"}
    for one, several in found.values():
        assert [row["input"] for row in one] == TEXTS
        assert len({json.dumps(row) for row in one}) == 7, "rows could be swapped unseen"
        assert_alike(one, several)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "asked"), [("text", 2), ("picture", 2), ("noise", 1)])
def test_all_is_made_by_replicas_as_by_one_device(kind, asked, tmp_path):
    found = told(tmp_path, "mirrored 2", kind)
    assert len(found) == asked
    for one, several in found.values():
        assert len(one) == 7
        assert_alike(one, several)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["class", "text", "picture", "noise"])
def test_workers_share_what_the_first_one_writes(kind, tmp_path):
    told(tmp_path, "one_device 0", kind)  # trains
    for one, several in told(tmp_path, "workers 2", kind).values():
        assert len(one) == 7
        assert_alike(one, several)
