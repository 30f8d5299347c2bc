"""Regression: scaling inside the network, errors against plain NumPy, and several targets."""

from __future__ import annotations

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

import toolkit
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.data.tables.tabular import tabular
from toolkit.errors import Refused
from toolkit.models.network import Features
from toolkit.tasks.regression import Regression

TARGET = Field("value", (2,), names=("price", "age"), offset=(1000.0, 40.0), scale=(200.0, 5.0))


@pytest.fixture
def houses() -> Dataset:
    """Two values of very different size that follow from four features."""
    random = np.random.default_rng(0)
    weights = random.normal(size=(4, 2))

    def split(n: int) -> Split:
        x = random.normal(size=(n, 4)).astype("float32")
        return Split({"x": x, "value": (x @ weights * [200, 5] + [1000, 40]).astype("float32")})

    spec = Spec({"x": Field("table", (4,))}, {"value": TARGET})
    return Dataset(spec, split(200), split(50), split(50))


def test_the_scaling_lies_inside_the_network(tmp_path):
    x = keras.Input((4,))
    task = Regression(dropout=0.5)
    net = keras.Model(x, task.finish(task.head(Features(x, "vector", False), TARGET)))
    inputs = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    kernel, bias = net.get_weights()
    expected = (inputs @ kernel + bias) * [200, 5] + [1000, 40]
    np.testing.assert_allclose(net(inputs).numpy(), expected, rtol=1e-5)
    net.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(again(inputs).numpy(), net(inputs).numpy())


@pytest.mark.parametrize("kind", ["mse", "mae", "huber"])
def test_losses_are_of_standardised_values(kind):
    task = Regression(loss=kind)
    task.metrics(TARGET)
    error = np.array([[0.5, -2], [3, 0]])
    y = np.array([[1000, 40], [900, 30]], "float32")
    outputs = (y + error * [200, 5]).astype("float32")
    huber = np.where(np.abs(error) < 1, error**2 / 2, np.abs(error) - 0.5)
    expected = {"mse": error**2, "mae": np.abs(error), "huber": huber}[kind].mean(1)
    np.testing.assert_allclose(task.loss(y, outputs), expected, rtol=1e-4)


def test_metrics_are_of_original_units():
    random = np.random.default_rng(0)
    y = random.normal([1000, 40], [200, 5], (30, 2)).astype("float32")
    outputs = y + random.normal(0, [50, 2], y.shape).astype("float32")
    metrics = Regression().metrics(TARGET)
    for metric in metrics.values():
        for part in (slice(0, 20), slice(20, None)):
            weight = np.ones(len(y[part]), "float32")
            metric.update_state(y[part], outputs[part], sample_weight=weight)
    found = {name: float(metric.result()) for name, metric in metrics.items()}
    error = (outputs - y).astype("float64")
    assert found["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)
    assert found["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-4)
    explained = 1 - (error**2).sum(0) / ((y - y.mean(0)) ** 2).sum(0)
    assert found["r2"] == pytest.approx(explained.mean(), rel=1e-3)


def test_r2_of_values_that_are_large_beside_their_spread():
    """Keras's own is 1.0007 here."""
    random = np.random.default_rng(0)
    y = random.normal(1e5, 10, (5000, 1)).astype("float32")
    outputs = (y + random.normal(0, 2, y.shape)).astype("float32")
    metric = Regression().metrics(Field("value", (1,), offset=(1e5,), scale=(10.0,)))["r2"]
    metric.update_state(y, outputs)
    true, error = y.astype("float64"), (outputs - y).astype("float64")
    explained = 1 - (error**2).sum() / ((true - true.mean()) ** 2).sum()
    assert float(metric.result()) == pytest.approx(explained, abs=1e-4)


def test_rows_and_baselines(houses):
    task = Regression()
    rows = task.rows(np.array([[1.5, 2.0]], "float32"), TARGET)
    assert rows == [{"price": 1.5, "age": 2.0}]
    assert task.rows(np.array([[1.5]]), Field("value", (1,))) == [{"value": 1.5}]
    error = houses.test.arrays["value"] - houses.train.arrays["value"].astype("float64").mean(0)
    assert task.baselines(houses, houses.test) == pytest.approx(
        {
            "rmse (training mean)": np.sqrt((error**2).mean()),
            "mae (training mean)": np.abs(error).mean(),
        }
    )


def test_a_value_that_does_not_vary(houses):
    houses.train.arrays["value"][:, 1] = 40
    with pytest.raises(Refused) as error:
        Regression().check(houses)
    assert str(error.value) == (
        "data: the value 'age' is the same in all 200 training examples; there is nothing to learn."
    )


def test_values_that_float32_hardly_tells_apart(houses):
    field = Field("value", (2,), names=("time", "age"), offset=(1.6e9, 40.0), scale=(78.0, 5.0))
    data = replace(houses, spec=Spec(houses.spec.inputs, {"value": field}))
    with pytest.raises(Refused) as error:
        Regression().check(data)
    assert str(error.value) == (
        "data: the values of 'time' are near 1600000000 and spread by 78; float32 holds numbers of "
        "that size in steps of 128. Subtract a constant from them, such as the first value."
    )


def test_values_are_learned_from_python(houses, tmp_path):
    run = toolkit.train(
        {"name": "mlp", "body": [{"dense": {"units": [16]}}]},
        houses,
        optimizer={"name": "adam", "learning_rate": 0.02},
        batch_size=20,
        epochs=25,
        run_dir=tmp_path / "run",
        quiet=True,
    )
    assert run.results["test/r2"] > 0.95
    assert run.results["test/rmse"] < run.results["test/rmse (training mean)"] / 4
    y = run.model(houses.test.arrays["x"]).numpy()
    rmse = np.sqrt(((y - houses.test.arrays["value"]) ** 2).mean())
    assert run.results["test/rmse"] == pytest.approx(rmse, rel=1e-4)
    names = ("loss", "rmse", "mae", "r2", "pearson", "spearman")
    assert run.evaluate() == pytest.approx({k: run.results[f"test/{k}"] for k in names})


def test_a_csv_file_is_learned_and_new_rows_are_predicted(tmp_path):
    rows = [f"{i % 7},{'ab'[i % 2]},{i % 7 * 10 + i % 2}" for i in range(70)]
    path = tmp_path / "train.csv"
    path.write_text("\n".join(["x,c,y", *rows]), "utf-8")
    run = toolkit.train(
        {"name": "mlp", "body": [{"dense": {"units": [8]}}]},
        tabular(train=str(path), target_kind="value", test_fraction=0.2),
        optimizer={"name": "adam", "learning_rate": 0.02},
        epochs=3,
        run_dir=tmp_path / "run",
        quiet=True,
    )
    new = tmp_path / "new.csv"
    new.write_text("c,x\na,3\nb,5\n", "utf-8")
    found = run.predict(str(new), output=str(tmp_path / "out.csv"))
    assert [row["input"] for row in found] == ["1", "2"]
    assert set(found[0]) == {"input", "y"}
    new.write_text("c,x\na,three\n", "utf-8")
    with pytest.raises(Refused, match="new.csv, line 2: column 'x' holds 'three', not a number"):
        run.predict(str(new))


def test_the_task_says_how_a_tables_column_is_read(tmp_path):
    from toolkit.training.run import train

    path = tmp_path / "train.csv"
    path.write_text("\n".join(["x,y", *(f"{i},{i % 3}" for i in range(30))]), "utf-8")
    settings = {
        "model": {"name": "mlp", "body": [{"dense": {"units": [4]}}]},
        "data": {"name": "tabular", "train": str(path), "target_kind": None, "test_fraction": 0.3},
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "schedule": {"name": "constant"},
        "trainer": {"epochs": 1},
        "quiet": True,
    }
    run = train(**settings, task={"name": "regression"}, run_dir=str(tmp_path / "values"))
    assert {"test/rmse", "test/r2"} <= set(json.loads(run.results.read_text()))
    run = train(**settings, task={"name": "classification"}, run_dir=str(tmp_path / "labels"))
    assert "test/accuracy" in json.loads(run.results.read_text())
