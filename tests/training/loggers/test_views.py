"""Pictures and tables by themselves."""

from __future__ import annotations

import numpy as np

from toolkit.data.spec import Field
from toolkit.tasks.classification import Classification
from toolkit.tasks.regression import Regression
from toolkit.training.loggers.views import spread
from toolkit.training.loggers.views.confusion import drawn, listed
from toolkit.training.loggers.views.examples import _sure, _table, plain
from toolkit.training.loggers.views.inputs import INPUTS
from toolkit.training.loggers.views.tables import cell


def test_examples_are_spread_evenly():
    assert list(spread(100, 4)) == [0, 33, 66, 99]
    assert list(spread(3, 12)) == [0, 1, 2] and list(spread(1, 5)) == [0]


def test_confusions_of_many_classes_stay_of_a_size():
    random = np.random.default_rng(0)
    for size in (2, 10, 30, 300):
        counts = random.integers(0, 9, (size, size)) + 50 * np.eye(size, dtype=int)
        picture = drawn(counts, [f"the class number {i}" for i in range(size)], 3)
        assert picture.dtype == np.uint8 and picture.shape[2] == 3
        assert min(picture.shape[:2]) > 300 and max(picture.shape[:2]) < 1200


def test_the_most_frequent_confusions_come_first():
    counts = np.array([[5, 0, 2], [7, 1, 0], [0, 0, 9]])
    lines = listed(counts, ["a", "b|", "c"]).splitlines()
    assert lines[2:] == [
        "| b&#124; | a | 7 | 88% of 8 |",
        "| a | c | 2 | 29% of 7 |",
    ]


def test_cells_leave_markdown_and_html_no_room():
    assert cell("a | <unk> *b* _c_") == r"a &#124; &lt;unk&gt; \*b\* \_c\_"
    assert cell("word " * 40).count("<br>") == 2 and len(cell("x" * 999)) < 400


def test_truth_and_prediction_of_several_classes_and_of_numbers():
    task, target = Classification(), Field("label", (3,), classes=("a", "b", "c"), multi_label=True)
    truth = [plain(r) for r in task.rows(_sure(np.array([[1, 0, 1], [0, 0, 0]]), target), target)]
    assert truth == [{"labels": "a, c"}, {"labels": "none"}]
    said = [plain(r) for r in task.rows(np.array([[0.9, 0.2, 0.7], [0.1, 0.8, 0.0]]), target)]
    lines = _table(["one", "two"], truth, said).splitlines()
    assert lines[2:] == ["| one | a, c | a, c | ✓ |", "| two | none | b | ✗ |"]
    numbers = Field("value", (2,), names=("price", "size"))
    rows = [
        plain(r) for r in Regression().rows(_sure(np.array([[1.25, 123456.0]]), numbers), numbers)
    ]
    assert rows == [{"price": "1.25", "size": "123456"}]
    heads = _table(["x"], rows, rows).splitlines()[0]
    assert heads == "| input | true price | true size | predicted price | predicted size |  |"


def test_every_kind_of_input_can_be_shown():
    table = INPUTS["table"](np.ones((1, 9)), Field("table", (9,), names=tuple("abcdefghi")), None)
    assert table == ["a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 …"]
    (line,) = INPUTS["series"](np.arange(20.0).reshape(1, 10, 2), Field("series", (10, 2)), None)
    assert line.shape == (112, 112, 3) and (line < 255).any()
    (picture,) = INPUTS["image"](np.full((1, 4, 4, 3), 0.5), Field("image", (4, 4, 3)), None)
    assert picture.dtype == np.uint8
