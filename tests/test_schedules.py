"""Schedules against formulas written out here, and lengths against what people type."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from toolkit.errors import Refused
from toolkit.lengths import Length, PositiveLength, steps_in
from toolkit.schedules import SCHEDULES, Course, Plateau

COURSE = Course(learning_rate=0.5, steps_per_epoch=10, total_steps=100)


def rates(name, steps=range(100), course=COURSE, **options):
    schedule = SCHEDULES[name](course, **options)
    return np.array([float(schedule(s) if callable(schedule) else schedule) for s in steps])


@pytest.mark.parametrize(
    ("length", "steps"),
    [
        ("10 epochs", 100),
        ("1 epoch", 10),
        ("0.5 epochs", 5),
        ("0.01 epochs", 1),
        ("500 steps", 500),
        ("1step", 1),
        ("0 steps", 0),
    ],
)
def test_lengths_are_read(length, steps):
    assert steps_in(length, steps_per_epoch=10) == steps


@pytest.mark.parametrize("length", ["500", 500, "ten epochs", "5 batches", "-1 steps", "", None])
def test_lengths_without_a_unit_are_refused(length):
    with pytest.raises(Refused) as fault:
        steps_in(length, 10, "schedule.warmup")
    assert str(fault.value) == (
        "schedule.warmup: expected a length with its unit, such as '10 epochs' or '500 steps'; "
        f"got {length!r}."
    )
    with pytest.raises(ValidationError, match="expected a length with its unit"):
        TypeAdapter(Length).validate_python(length)


def test_parts_of_a_step_and_empty_stretches_are_refused():
    with pytest.raises(Refused, match="schedule.decay: expected a whole number of steps; got '1.5"):
        rates("cosine", decay="1.5 steps")
    with pytest.raises(
        Refused, match="schedule.every: expected a length above zero; got '0 epochs'"
    ):
        rates("exponential", every="0 epochs")
    with pytest.raises(ValidationError, match="expected a length above zero; got '0 epochs'"):
        TypeAdapter(PositiveLength).validate_python("0 epochs")


def test_a_warm_up_is_a_straight_line_from_zero():
    found = rates("constant", warmup="2 epochs")
    np.testing.assert_allclose(found, [0.5 * min(s / 20, 1) for s in range(100)], rtol=1e-6)
    assert rates("constant", [0, 99]).tolist() == [0.5, 0.5]


def test_step_is_zarembas():
    """In his code: rate * decay ** max(epoch + 1 - 4, 0), for epochs from 0."""
    course = Course(1.0, steps_per_epoch=1327, total_steps=13 * 1327)
    steps = [e * 1327 + s for e in range(13) for s in (0, 1, 1326)]
    found = rates("step", steps, course, start="4 epochs", every="1 epoch", factor=0.5)
    expected = [0.5 ** max(s // 1327 + 1 - 4, 0) for s in steps]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_step_falls_after_every_stretch_and_counts_from_the_warm_up():
    found = rates("step", every="3 epochs", factor=0.1, warmup="5 steps")
    expected = [0.5 * s / 5 if s < 5 else 0.5 * 0.1 ** ((s - 5) // 30) for s in range(100)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_exponential():
    found = rates("exponential", every="2 epochs", factor=0.3)
    np.testing.assert_allclose(found, [0.5 * 0.3 ** (s / 20) for s in range(100)], rtol=1e-5)


def test_cosine_falls_over_the_rest_of_the_run():
    found = rates("cosine", end=0.1, warmup="1 epoch")

    def expected(s):
        if s < 10:
            return 0.5 * s / 10
        return 0.5 * (0.1 + 0.9 * (1 + math.cos(math.pi * (s - 10) / 90)) / 2)

    np.testing.assert_allclose(found, [expected(s) for s in range(100)], rtol=1e-5)
    # Keras's own warm-up is the same line.
    own = keras.optimizers.schedules.CosineDecay(
        0.0, 90, alpha=0.1, warmup_target=0.5, warmup_steps=10
    )
    np.testing.assert_allclose(found, [float(own(s)) for s in range(100)], rtol=1e-5)
    assert rates("cosine", [50, 5000], decay="5 epochs", end=0.1) == pytest.approx([0.05, 0.05])


def test_cosine_restarts():
    found = rates("cosine_restarts", range(90), first="3 epochs", lengthen=2.0, lower=0.5)

    def expected(s):
        length, begin, height = (30, 0, 0.5) if s < 30 else (60, 30, 0.25)
        return height * (1 + math.cos(math.pi * (s - begin) / length)) / 2

    np.testing.assert_allclose(found, [expected(s) for s in range(90)], rtol=1e-4, atol=1e-7)


def test_linear_and_polynomial():
    left = [1 - s / 100 for s in range(100)]
    np.testing.assert_allclose(rates("linear"), [0.5 * x for x in left], rtol=1e-5)
    found = rates("polynomial", power=3.0, end=0.2)
    np.testing.assert_allclose(found, [0.5 * (0.2 + 0.8 * x**3) for x in left], rtol=1e-5)


def test_inverse_square_root_is_vaswanis():
    """min(step ** -0.5, step * warmup ** -1.5), scaled to the highest rate."""
    found = rates("inverse_sqrt", range(1, 100), warmup="20 steps")
    paper = [min(s**-0.5, s * 20**-1.5) * 0.5 * 20**0.5 for s in range(1, 100)]
    np.testing.assert_allclose(found, paper, rtol=1e-5)
    found = rates("inverse_sqrt", [0, 10, 30], warmup=None, timescale="1 epoch")
    np.testing.assert_allclose(found, [0.5, 0.5 / 2**0.5, 0.25], rtol=1e-5)
    with pytest.raises(Refused, match="schedule.timescale: give it or a warmup"):
        rates("inverse_sqrt", warmup=None)


def test_plateau_is_data():
    found = SCHEDULES["plateau"](COURSE, patience=3, warmup="1 epoch")
    assert found == Plateau(0.5, 10, 0.1, 3, 1e-4, 0, 0.0)


def test_a_decay_needs_a_length():
    with pytest.raises(Refused, match="schedule.decay: the length of the run is not known; give"):
        rates("linear", course=Course(0.5, 10))


def test_a_run_shorter_than_its_warm_up_still_runs():
    course = Course(0.5, 1, total_steps=2)
    assert np.isfinite(rates("cosine", range(3), course, warmup="500 steps")).all()


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_work_in_an_optimizer_and_serialize(name):
    schedule = SCHEDULES[name](COURSE, warmup="3 steps")
    if isinstance(schedule, Plateau):
        return
    weight = keras.Variable([1.0])
    optimizer = keras.optimizers.SGD(schedule)
    for step in range(5):
        assert float(optimizer.learning_rate) == pytest.approx(float(schedule(step)))
        optimizer.apply([np.zeros(1, "float32")], [weight])
    copy = type(schedule).from_config(schedule.get_config())
    assert float(copy(50)) == float(schedule(50))


@pytest.mark.parametrize("name", SCHEDULES)
def test_conf_shows_every_option_with_its_default(name):
    text = (Path(__file__).parents[1] / f"conf/schedule/{name}.yaml").read_text()
    parameters = inspect.signature(SCHEDULES[name]).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert yaml.safe_load(text) == {"name": name, **defaults}
    assert all("#" in line for line in text.splitlines() if line and "name:" not in line)


def test_signatures_are_read_without_tensorflow():
    code = (
        "import inspect, sys\n"
        "from toolkit.schedules import SCHEDULES\n"
        "from toolkit.training.optimizers import OPTIMIZERS\n"
        "for table in (SCHEDULES, OPTIMIZERS):\n"
        "    for name in table: inspect.signature(table[name]); table.summary(name)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
