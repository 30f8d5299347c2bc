"""Forecasting: windows, scaling inside the network, errors and baselines against plain NumPy."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest

import toolkit
from toolkit.data.series.rows import from_values, series
from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.models.network import build_network
from toolkit.tasks.forecast import Forecast
from toolkit.training.predict import predict

LINEAR = {"name": "linear", "body": [{"series_linear": {"horizon": 3}}]}
GRU = {"name": "gru", "body": [{"recurrent": {"cell": "gru", "units": 4, "layers": 1}}]}


def waves(rows: int = 120) -> np.ndarray:
    """Two variables with a season of six rows, a trend and a little noise."""
    t = np.arange(rows)
    noise = np.random.default_rng(0).normal(0, 0.05, (rows, 2))
    season = np.stack([np.sin(t * np.pi / 3), np.cos(t * np.pi / 3)], 1)
    return season * [3, 50] + np.stack([t / 40, 200 - t], 1) + noise


@pytest.fixture
def data():
    return from_values(waves(), ["load", "oil"], (80, 100, 120), "standard", where="waves")


def network(task: Forecast, target: Field, model: dict) -> keras.Model:
    field = Field("series", (task.context, 2), names=target.names)
    inputs, features = build_network({"series": field}, body=model["body"])
    outputs = task.head(features, target)
    return keras.Model(inputs, task.finish(outputs))


def windows(values: np.ndarray, rows: tuple[int, int], context: int, horizon: int):
    """Return every window the slow way: what is seen, and what follows."""
    first = [r for r in range(*rows) if r - context >= 0 and r + horizon <= rows[1]]
    return (
        np.stack([values[r - context : r] for r in first]),
        np.stack([values[r : r + horizon] for r in first]),
    )


@pytest.mark.parametrize("normalization", ["none", "last", "instance"])
@pytest.mark.parametrize("model", [LINEAR, GRU], ids=["linear", "gru"])
def test_the_scaling_lies_inside_the_network(data, model, normalization, tmp_path):
    task = Forecast(context=8, horizon=3, normalization=normalization)
    target = data.spec.target
    net = network(task, target, model)
    net.set_weights([w + 0.1 for w in net.get_weights()])
    x = waves()[None, 30:38].astype("float32")
    offset, scale = np.array(target.offset), np.array(target.scale)
    standard = (x - offset) / scale
    level, spread = 0.0, 1.0
    if normalization == "last":
        level = standard[:, -1:]
    elif normalization == "instance":
        level = standard.mean(1, keepdims=True)
        spread = np.sqrt(standard.var(1, keepdims=True) + 1e-5)
    inner = net.get_layer("forecaster")
    forecast = inner(((standard - level) / spread).astype("float32")).numpy()
    expected = (forecast * spread + level) * scale + offset
    np.testing.assert_allclose(net({"series": x}).numpy(), expected, rtol=1e-4)
    net.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(again({"series": x}).numpy(), net({"series": x}).numpy())


def test_a_new_linear_model_repeats_what_normalization_took(data):
    x = waves()[None, 30:38].astype("float32")
    for normalization, kept in (("last", x[:, -1:]), ("instance", x.mean(1, keepdims=True))):
        task = Forecast(context=8, horizon=3, normalization=normalization)
        y = network(task, data.spec.target, LINEAR)({"series": x}).numpy()
        np.testing.assert_allclose(y, np.repeat(kept, 3, axis=1), rtol=1e-5)


@pytest.mark.parametrize("targets", [None, ["oil"], ["oil", "load"]])
def test_losses_metrics_and_baselines_are_those_of_numpy(data, targets):
    task = Forecast(context=8, horizon=3, targets=targets, seasonal_period=6)
    task.check(data)
    target = data.spec.target
    columns = [target.names.index(name) for name in targets or target.names]
    scale = np.array(target.scale)[columns]
    x, y = windows(waves(), data.test.rows, 8, 3)
    assert len(x) == len(task.origins(data.test)) == 20 - 3 + 1
    y = y[..., columns]
    forecast = y + np.random.default_rng(1).normal(0, scale, y.shape)
    error = (forecast - y) / scale
    metrics = task.metrics(target)
    expected = {
        "mse": np.square(error).mean(),
        "mae": np.abs(error).mean(),
        "mae_original": np.abs(forecast - y).mean(),
    }
    assert set(metrics) == set(expected)
    for name, metric in metrics.items():
        for part in (slice(0, 5), slice(5, None)):  # a short batch counts by what it holds
            metric.update_state(y[part], forecast[part], sample_weight=np.ones(len(y[part])))
        assert float(metric.result()) == pytest.approx(expected[name], rel=1e-4)
    loss = task.loss(y.astype("float32"), forecast.astype("float32"))
    np.testing.assert_allclose(loss, np.square(error).mean((1, 2)), rtol=1e-4)

    last = (x[:, -1:, columns] - y) / scale
    season = (x[:, [2, 3, 4]][..., columns] - y) / scale  # six rows before each forecast row
    found = task.baselines(data, data.test)
    assert found == pytest.approx(
        {
            "mse (naive)": np.square(last).mean(),
            "mae (naive)": np.abs(last).mean(),
            "mse (seasonal naive)": np.square(season).mean(),
            "mae (seasonal naive)": np.abs(season).mean(),
        },
        rel=1e-4,
    )


@pytest.mark.parametrize("kind", ["mae", "huber"])
def test_other_losses(data, kind):
    task = Forecast(context=8, horizon=3, loss=kind)
    task.metrics(data.spec.target)
    scale = np.array(data.spec.target.scale)
    y = np.zeros((4, 3, 2), "float32")
    error = np.random.default_rng(0).normal(0, 2, y.shape)
    huber = np.where(np.abs(error) < 1, error**2 / 2, np.abs(error) - 0.5)
    expected = {"mae": np.abs(error), "huber": huber}[kind].mean((1, 2))
    np.testing.assert_allclose(task.loss(y, (error * scale).astype("float32")), expected, rtol=1e-4)


def test_the_season_wraps_where_the_horizon_is_longer(data):
    task = Forecast(context=8, horizon=9, seasonal_period=6)
    found = task.baselines(data, data.test)
    values = (waves() - data.spec.target.offset) / data.spec.target.scale
    errors = []
    for row in range(100, 120 - 9 + 1):
        season = values[row - 6 : row]
        errors.append(np.concatenate([season, season[:3]]) - values[row : row + 9])
    assert found["mse (seasonal naive)"] == pytest.approx(np.square(errors).mean(), rel=1e-4)
    assert set(Forecast(context=5, horizon=2, seasonal_period=6).baselines(data, data.test)) == {
        "mse (naive)",
        "mae (naive)",
    }


def test_refused_tasks(data):
    with pytest.raises(Refused, match="task.targets: .* no variable 'olil'. Did you mean oil"):
        Forecast(context=8, horizon=3, targets=["olil"]).check(data)
    with pytest.raises(Refused, match="task.targets: an empty list"):
        Forecast(context=8, horizon=3, targets=[]).check(data)
    far = replace(data.spec.target, offset=(2e7, 0.0), scale=(1.0, 1.0))
    far = replace(data, spec=Spec(data.spec.inputs, {"future": far}))
    with pytest.raises(Refused, match="values of '.*' are near 20000000 and spread by 1; float32"):
        Forecast(context=8, horizon=3).check(far)
    with pytest.raises(Refused) as error:
        Forecast(context=78, horizon=21).check(data)
    assert error.value.faults == [
        f"data: the {name} rows {first} to {last} hold no window of task.context=78 rows and the "
        "task.horizon=21 rows after them; give more rows, or a shorter context or horizon."
        for name, (first, last) in {
            "train": (0, 80),
            "valid": (80, 100),
            "test": (100, 120),
        }.items()
    ]
    with pytest.raises(Refused, match="the model forecasts 3 rows, but task.horizon=4"):
        network(Forecast(context=8, horizon=4), data.spec.target, LINEAR)


def test_a_forecast_is_learned_saved_and_read_again(data, tmp_path):
    run = toolkit.train(
        LINEAR,
        data,
        task={"name": "forecast", "context": 12, "horizon": 3, "seasonal_period": 6, "stride": 2},
        optimizer={"name": "adam", "learning_rate": 0.03},
        batch_size=7,
        epochs=30,
        run_dir=tmp_path / "run",
        quiet=True,
    )
    results = run.results
    assert results["test/mse"] < results["test/mse (seasonal naive)"] < results["test/mse (naive)"]
    # The saved network takes and gives original units, and has the error that was reported.
    x, y = windows(waves().astype("float32"), data.test.rows, 12, 3)
    assert len(x) == 18, "every window of the test rows, whatever the stride in training"
    error = (run.model(x).numpy() - y) / data.spec.target.scale
    assert results["test/mse"] == pytest.approx(np.square(error).mean(), rel=1e-4)
    assert results["test/mae"] == pytest.approx(np.abs(error).mean(), rel=1e-4)

    source = tmp_path / "now.csv"
    source.write_text("oil,load\n" + "\n".join(f"{b},{a}" for a, b in waves(40)), "utf-8")
    rows = predict(run=str(run.path), input=str(source), output=str(tmp_path / "next.csv"))
    expected = run.model(waves(40)[None, -12:].astype("float32")).numpy()[0]
    assert [(row["window"], row["step"]) for row in rows] == [(0, 1), (0, 2), (0, 3)]
    np.testing.assert_allclose([[r["load"], r["oil"]] for r in rows], expected, rtol=1e-5)
    with open(tmp_path / "next.csv") as file:
        assert [float(row["oil"]) for row in csv.DictReader(file)] == [r["oil"] for r in rows]
    source.write_text("oil,load\n1,2\n", "utf-8")
    with pytest.raises(Refused, match="task.context=12 rows; there are 1"):
        predict(run=str(run.path), input=str(source))


def test_a_forecaster_opens_where_the_toolkit_is_not(data, tmp_path):
    net = network(Forecast(context=8, horizon=3), data.spec.target, LINEAR)
    net.save(tmp_path / "model.keras")
    code = (
        "import sys, json, keras, numpy as np; model = keras.models.load_model('model.keras');"
        "x = np.arange(16, dtype='float32').reshape(1, 8, 2);"
        "print(json.dumps([model({'series': x}).numpy().tolist(), 'toolkit' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found, imported = json.loads(done.stdout.splitlines()[-1])
    x = np.arange(16, dtype="float32").reshape(1, 8, 2)
    np.testing.assert_allclose(found, net({"series": x}).numpy(), rtol=1e-6)
    assert not imported


def test_from_a_csv_file_to_a_forecast(tmp_path):
    path = tmp_path / "plant.csv"
    path.write_text("load,oil\n" + "\n".join(f"{a},{b}" for a, b in waves()), "utf-8")
    run = toolkit.train(
        GRU,
        series(file=str(path)),
        task={"name": "forecast", "context": 6, "horizon": 2, "targets": ["oil"]},
        epochs=1,
        run_dir=tmp_path / "run",
        quiet=True,
    )
    assert run.model(np.zeros((5, 6, 2), "float32")).shape == (5, 2, 1)
    assert {"test/mse", "test/mae", "test/mae_original", "test/mse (naive)"} <= set(run.results)


def test_every_test_window_of_etth1(data_root):
    from toolkit.data.pipeline import window_batches
    from toolkit.data.series.etth1 import etth1

    data = etth1(root=str(data_root))
    task = Forecast(context=336, horizon=96)
    task.check(data)
    batches = window_batches(data.test, data.spec, 256, task.window)
    assert batches.examples == len(task.origins(data.test)) == 2785
    # "Repeat" of Zeng et al. 2023, table 2: 1.295 and 0.713.
    found = task.baselines(data, data.test)
    assert found["mse (naive)"] == pytest.approx(1.295, abs=2e-3)
    assert found["mae (naive)"] == pytest.approx(0.713, abs=1e-3)


@pytest.mark.parametrize("model", [LINEAR, GRU], ids=["linear", "gru"])
def test_large_units_in_half_precision(model, tmp_path):
    values = waves() * 1e4 + 3e6  # beyond the largest number of float16
    data = from_values(values, ["a", "b"], (80, 100, 120), "standard", where="waves")
    try:
        run = toolkit.train(
            model,
            data,
            task={"name": "forecast", "context": 8, "horizon": 3},
            epochs=1,
            precision="mixed_float16",
            run_dir=tmp_path / "run",
            quiet=True,
        )
        forecast = run.model(values[None, :8].astype("float32")).numpy()
    finally:
        keras.config.set_dtype_policy("float32")
    assert forecast.dtype == "float32" and np.isfinite(forecast).all()
    assert np.isfinite(run.results["test/mse"])
