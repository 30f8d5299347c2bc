"""Tables: columns found out, encoded by the training rows, carved by seed, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from toolkit.data.tables.table_encoder import TableEncoder
from toolkit.data.tables.tabular import tabular
from toolkit.errors import Refused

TRAIN = """id,age,colour,weight,kind
1,30,red,1.5,cat
2,40,blue,2.5,dog
3,50,red,3.5,cat
4,60,green,4.5,dog
"""
TEST = """kind,id,colour,weight,age
dog,5,blue,2.5,45
cat,6,black,3.5,55
"""


def write(tmp_path, text: str, name: str = "train.csv") -> str:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return str(path)


def files(tmp_path, train: str = TRAIN, test: str = TEST) -> dict[str, str]:
    return {
        "train": write(tmp_path, train),
        "valid": write(tmp_path, test, "valid.csv"),
        "test": write(tmp_path, test, "test.csv"),
    }


def refusal(**options) -> str:
    with pytest.raises(Refused) as error:
        tabular(**options)
    return str(error.value)


def test_features_are_fitted_on_the_training_rows(tmp_path):
    data = tabular(**files(tmp_path), ignore_columns=["id"])
    field = data.spec.input
    assert field.names == ("age", "weight", "colour=blue", "colour=green", "colour=red")
    assert (field.kind, field.shape) == ("table", (5,))
    ages, weights = np.array([30, 40, 50, 60]), np.array([1.5, 2.5, 3.5, 4.5])
    age, weight = ((v - v.mean()) / v.std() for v in (ages, weights))
    red, blue, green = [0, 0, 1], [1, 0, 0], [0, 1, 0]
    expected = np.column_stack([age, weight, [red, blue, red, green]])
    np.testing.assert_allclose(data.train.arrays["features"], expected, rtol=1e-6)
    test = [
        [(45 - 45) / ages.std(), (2.5 - 3) / weights.std(), *blue],
        [10 / ages.std(), 0.5 / weights.std(), 0, 0, 0],
    ]
    np.testing.assert_allclose(data.test.arrays["features"], test, rtol=1e-6)
    assert data.spec.target.classes == ("cat", "dog")
    np.testing.assert_array_equal(data.train.arrays["label"], [0, 1, 0, 1])
    np.testing.assert_array_equal(data.test.arrays["label"], [1, 0])
    assert any("test.csv: 1 cells of column 'colour' in the test rows" in n for n in data.notes)
    assert any("the last column, 'kind', is what is predicted" in n for n in data.notes)


def test_labels_that_are_numbers_are_in_their_order(tmp_path):
    rows = [f"{i},{i % 11}" for i in range(44)]
    data = tabular(train=write(tmp_path, "\n".join(["x,y", *rows])))
    assert data.spec.target.classes == tuple(map(str, range(11)))


def test_values(tmp_path):
    data = tabular(**files(tmp_path), label_column=["weight", "age"], target_kind="value")
    target = data.spec.target
    assert (target.kind, target.shape, target.names) == ("value", (2,), ("weight", "age"))
    np.testing.assert_allclose(target.offset, [3, 45])
    np.testing.assert_allclose(
        target.scale, np.std([[1.5, 30], [2.5, 40], [3.5, 50], [4.5, 60]], 0)
    )
    np.testing.assert_array_equal(data.test.arrays["value"], [[2.5, 45], [3.5, 55]])
    text = refusal(
        train=write(tmp_path, "a,b\n1,2\n3,2\n"),
        target_kind="value",
        test_fraction=0.0,
        validation_fraction=0.5,
    )
    assert "column 'b' has the same value in all 1 rows; there is nothing to learn." in text


def test_several_yes_or_no_labels(tmp_path):
    text = "x,new,hot\n" + "\n".join(f"{i},{i % 2},{i // 5}" for i in range(10))
    data = tabular(train=write(tmp_path, text), label_column=["hot", "new"])
    assert data.spec.target.multi_label and data.spec.target.classes == ("hot", "new")
    assert data.train.arrays["label"].shape == (9, 2)
    text = refusal(train=write(tmp_path, text + "\n10,2,1"), label_column=["hot", "new"])
    assert (
        "train.csv, line 12: column 'new' holds 2; several data.label_column are yes-or-no" in text
    )


def test_carved_parts_are_by_seed_and_apart(tmp_path):
    text = "x,y\n" + "\n".join(f"{i},{'ab'[i % 2]}" for i in range(50))
    path = write(tmp_path, text)
    data = tabular(train=path, test_fraction=0.2, validation_fraction=0.25, seed=3)
    again = tabular(train=path, test_fraction=0.2, validation_fraction=0.25, seed=3)
    other = tabular(train=path, test_fraction=0.2, validation_fraction=0.25, seed=4)
    assert [len(s) for s in data.splits.values()] == [30, 10, 10]
    mean, deviation = data.encoder.mean[0], data.encoder.deviation[0]
    rows = {k: s.arrays["features"][:, 0] * deviation + mean for k, s in data.splits.items()}
    assert sorted(np.concatenate(list(rows.values())).round().tolist()) == list(range(50))
    assert mean == pytest.approx(rows["train"].mean())  # carved rows have no part in the scaling
    for name, split in again.splits.items():
        np.testing.assert_array_equal(
            split.arrays["features"], data.splits[name].arrays["features"]
        )
    assert not np.array_equal(other.valid.arrays["label"], data.valid.arrays["label"]) or (
        other.encoder != data.encoder
    )
    assert f"{path}: 10 rows are carved for test." in data.notes
    assert "data.valid names no file" in refusal(train=path, validation_fraction=0.0)


def test_empty_cells(tmp_path, copied):
    text = "age,colour,kind\n30,red,a\n,blue,b\n50,NA,a\n"
    path = write(tmp_path, text)
    assert refusal(train=path, valid=copied(path)) == f"{path}, line 3: column 'age' is empty ('')."
    assert refusal(train=path, valid=copied(path), ignore_columns=["age"]) == (
        f"{path}, line 4: column 'colour' is empty."
    )
    data = tabular(train=path, valid=copied(path), missing="mean")
    np.testing.assert_allclose(data.train.arrays["features"], [[-1, 0, 1], [0, 1, 0], [1, 0, 0]])
    path = write(tmp_path, "age,kind\n30,a\n40,\n")
    assert refusal(train=path, missing="mean") == f"{path}, line 3: column 'kind' is empty."


def test_columns_of_names_are_left_out(tmp_path):
    rows = [f"name {i},{i % 3},{'ab'[i % 2]}" for i in range(12)]
    path = write(tmp_path, "\n".join(["who,x,y", *rows]))
    data = tabular(train=path, max_categories=10)
    assert data.spec.input.names == ("x",)
    assert f"{path}: left out, having more than 10 different words: who." in data.notes
    data = tabular(train=path, max_categories=10, categorical_columns=["who", "x"])
    assert "x=2" in data.spec.input.names and "who=name 0" in data.spec.input.names


def test_a_constant_column_does_no_harm(tmp_path):
    data = tabular(train=write(tmp_path, "x,c,y\n1,7,a\n2,7,b\n3,7,a\n"))
    np.testing.assert_array_equal(data.train.arrays["features"][:, 1], 0)


def test_refused_columns(tmp_path):
    given = files(tmp_path)
    path = given["train"]
    assert refusal(**given, label_column="kin") == (
        f"data.label_column: {path} has no column 'kin'. Did you mean kind?"
    )
    assert "data.numeric_columns: " in refusal(**given, numeric_columns=["agee"])
    assert refusal(**given, numeric_columns=["colour"]).splitlines()[0] == (
        f"{path}, line 2: column 'colour' holds 'red', not a number."
    )
    text = refusal(**given, categorical_columns=["kind"])
    assert text == "data.categorical_columns: 'kind' is what is predicted, or is ignored."
    assert "data.ignore_columns" in refusal(**given, ignore_columns=["idd"])
    assert "named as numeric too" in refusal(
        **given, numeric_columns=["age"], categorical_columns=["age"]
    )
    assert "no column is left" in refusal(train=write(tmp_path, "y\na\nb\n"))
    test = write(tmp_path, "age,kind\n1,cat\n", "short.csv")
    text = refusal(train=path, valid=test)
    assert text.startswith(f"data.numeric_columns: {test} has no column") or "no column" in text


def test_labels_that_training_does_not_have(tmp_path):
    text = refusal(**files(tmp_path, test=TEST.replace("cat", "cow")))
    assert "valid.csv, line 3: label 'cow' is not in the training file (1 such rows)." in text


def test_labels_that_are_hardly_classes(tmp_path):
    rows = "\n".join(f"{i % 4},{i * 0.5}" for i in range(50))
    text = refusal(train=write(tmp_path, f"x,price\n{rows}\n"))
    assert "column 'price' has 50 different numbers in 50 rows, which are hardly classes" in text
    assert "task=regression data.target_kind=value" in text


def test_the_encoder_round_trips_and_reads_new_rows(tmp_path):
    data = tabular(**files(tmp_path), ignore_columns=["id"])
    encoder = TableEncoder.from_json(json.loads(json.dumps(data.encoder.to_json())))
    assert encoder == data.encoder
    rows = encoder.encode(tmp_path / "test.csv").arrays["features"]
    np.testing.assert_array_equal(rows, data.test.arrays["features"])
    rows = encoder.encode([{"weight": 2.5, "age": 45, "colour": "blue"}]).arrays["features"]
    np.testing.assert_array_equal(rows, data.test.arrays["features"][:1])
    with pytest.raises(Refused, match="input: input has no column 'age'"):
        encoder.encode([{"weight": 2.5, "colour": "blue"}])


def test_a_slip_in_a_column_of_numbers(tmp_path):
    rows = [f"{i},{'ab'[i % 2]}" for i in range(40)]
    rows[7] = "l7,b"
    path = write(tmp_path, "\n".join(["x,y", *rows]))
    assert refusal(train=path) == (
        f"{path}, line 9: column 'x' holds 'l7', but numbers in 39 of 40 rows. Correct it, or say "
        "what the column is with data.categorical_columns or data.ignore_columns."
    )
    assert "x=l7" in tabular(train=path, categorical_columns=["x"]).spec.input.names
