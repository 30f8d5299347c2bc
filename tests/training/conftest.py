"""Small data sets and models that train in a second."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.data.spec import Dataset, Field, Spec, Split

WORDS = ("<eos>", "a", "b", "c", "d", "e", "f", "g")


@pytest.fixture
def text() -> Dataset:
    """A text in which each token follows from the one before it, but for a little noise."""
    random = np.random.default_rng(0)

    def tokens(n: int) -> np.ndarray:
        steps = np.where(random.random(n) < 0.9, 1, random.integers(0, 8, n))
        return (np.cumsum(steps) % 8).astype("int32")

    field = Field("tokens", (None,), "int32", vocabulary=WORDS)
    spec = Spec({"tokens": field}, {"next": Field("next", (None,), "int32", vocabulary=WORDS)})
    return Dataset(spec, *(Split({"tokens": tokens(n)}) for n in (1203, 205, 203)))


@pytest.fixture
def points() -> Dataset:
    """Three groups of points in the plane."""
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        label = random.integers(0, 3, n).astype("int32")
        centres = np.array([[0, 0], [3, 0], [0, 3]], "float32")
        x = centres[label] + random.normal(size=(n, 2)).astype("float32") * 0.3
        return Split({"x": x.astype("float32"), "label": label})

    classes = ("red", "green", "blue")
    spec = Spec(
        {"x": Field("table", (2,))}, {"label": Field("label", (), "int32", classes=classes)}
    )
    return Dataset(spec, split(100), split(40), split(40))


@pytest.fixture
def gru() -> dict:
    return {
        "name": "gru",
        "stem": {"tokens": {"units": 8, "tie": True}},
        "body": [{"recurrent": {"cell": "gru", "units": 8, "layers": 2}}],
    }


@pytest.fixture
def mlp() -> dict:
    return {"name": "mlp", "body": [{"dense": {"units": [8]}}]}
