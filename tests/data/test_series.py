"""Time series: cuts by time, scaling by the training rows, and what is refused."""

from __future__ import annotations

import datetime
import json

import numpy as np
import pytest

from toolkit.data.series.etth1 import etth1
from toolkit.data.series.rows import series
from toolkit.data.series.series_encoder import SeriesEncoder
from toolkit.errors import Refused
from toolkit.training.predict import read_input

RAW = np.random.default_rng(0).normal(5.0, 3.0, (50, 2)).round(4)


def csv_file(tmp_path, rows=None, header="time,load,oil,place", times=None):
    rows = RAW if rows is None else rows
    times = range(len(rows)) if times is None else times
    lines = [f"{t},{a},{b},Ulm" for t, (a, b) in zip(times, rows, strict=True)]
    path = tmp_path / "plant.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return str(path)


def test_values_cuts_and_scale(tmp_path):
    data = series(file=csv_file(tmp_path), time_column="time", borders=(30, 40, 48))
    assert (data.train.rows, data.valid.rows, data.test.rows) == ((0, 30), (30, 40), (40, 48))
    for split in data.splits.values():
        np.testing.assert_array_equal(split.arrays["series"], RAW.astype("float32"))
        assert split.arrays["series"].dtype == "float32"
    field = data.spec.target
    assert (field.kind, field.names, field.shape) == ("future", ("load", "oil"), (None, 2))
    np.testing.assert_allclose(field.offset, RAW[:30].mean(0))  # the training rows' alone
    np.testing.assert_allclose(field.scale, RAW[:30].std(0))
    assert data.spec.input.scale == field.scale
    assert "columns without numbers are left out: place" in data.notes[0]


def test_minmax_none_and_fractions(tmp_path):
    data = series(
        file=csv_file(tmp_path),
        columns=["oil"],
        scale="minmax",
        train_fraction=0.6,
        valid_fraction=0.2,
    )
    assert (data.train.rows, data.valid.rows, data.test.rows) == ((0, 30), (30, 40), (40, 50))
    assert data.spec.input.offset == (RAW[:30, 1].min(),)
    assert data.spec.input.scale == pytest.approx((np.ptp(RAW[:30, 1]),))
    data = series(file=csv_file(tmp_path), columns=["oil"], scale="none")
    assert data.spec.input.scale is None
    data = series(file=csv_file(tmp_path), columns=["oil"], train_fraction=0.8, valid_fraction=0.2)
    assert data.test is None


def test_interpolated_cells(tmp_path):
    rows = [[f"{a}", f"{b}"] for a, b in RAW]
    rows[0][0] = rows[10][1] = rows[11][1] = ""
    path = csv_file(tmp_path, rows)
    data = series(file=path, columns=["load", "oil"], missing="interpolate")
    values = data.train.arrays["series"]
    assert values[0, 0] == np.float32(RAW[1, 0])
    third = (RAW[12, 1] - RAW[9, 1]) / 3
    np.testing.assert_allclose(values[10:12, 1], [RAW[9, 1] + third, RAW[9, 1] + 2 * third], 1e-6)
    assert data.notes == (f"{path}: 3 empty cells lie on a line between their neighbours.",)
    with pytest.raises(Refused) as error:
        series(file=path, columns=["load", "oil"])
    assert error.value.faults[:2] == [
        f"{path}, line 2: column 'load' is empty ('').",
        f"{path}, line 12: column 'oil' is empty ('').",
    ]


def refusal(**options) -> str:
    with pytest.raises(Refused) as error:
        series(**options)
    return str(error.value)


def test_refused_columns(tmp_path):
    path = csv_file(tmp_path)
    text = refusal(file=path, columns=["laod"])
    assert text == f"data.columns: {path} has no column 'laod'. Did you mean load?"
    assert "time_column" in refusal(file=path, time_column="when")
    text = refusal(file=path, columns=["place"])
    assert text.splitlines()[0] == f"{path}, line 2: column 'place' holds 'Ulm', not a number."
    flat = RAW.copy()
    flat[:35, 1] = 4.2
    text = refusal(file=csv_file(tmp_path, flat), columns=["oil"])
    assert text == (
        f"{path}: column 'oil' has the same value in all 35 training rows, so it cannot be scaled: "
        "leave it out of data.columns, or set data.scale=none."
    )
    assert series(file=path, columns=["oil"], scale="none").spec.input.scale is None


def test_a_slip_in_a_column_of_numbers_is_told_and_not_left_out(tmp_path):
    rows = [[f"{a}", f"{b}"] for a, b in RAW]
    rows[20][1] = "4,2x"
    path = tmp_path / "plant.csv"
    path.write_text("\n".join(["load;oil", *(";".join(row) for row in rows)]), "utf-8")
    text = refusal(file=str(path), delimiter=";")
    assert text == f"{path}, line 22: column 'oil' holds '4,2x', not a number."


def test_times(tmp_path):
    path = csv_file(tmp_path, times=[*range(20), 18, *range(21, 50)])
    text = refusal(file=path, time_column="time")
    assert text == (
        f"{path}, line 22: time '18' is before that of the row above ('19'); sort the rows by time."
    )
    stamps = [f"2016-07-{1 + i // 24:02d} {i % 24:02d}:00:00" for i in range(50)]
    assert not any(
        "steps" in n
        for n in series(file=csv_file(tmp_path, times=stamps), time_column="time").notes
    )
    stamps[49] = "2016-09-01 00:00:00"
    data = series(file=csv_file(tmp_path, times=stamps), time_column="time")
    assert "the steps of time are not all equal" in data.notes[-1]
    stamps[3] = "noon"
    text = refusal(file=csv_file(tmp_path, times=stamps), time_column="time")
    assert text.startswith(f"{path}, line 5: time column 'time' holds 'noon'; expected")


def days(start, form, step=1):
    first = datetime.date.fromisoformat(start)
    return [f"{first + datetime.timedelta(i * step):{form}}" for i in range(50)]


@pytest.mark.parametrize(
    ("form", "start", "noted"),
    [
        ("%d/%m/%Y", "2020-01-01", True),
        ("%d.%m.%Y 12:00", "2020-01-13", True),
        ("%m/%d/%Y", "2020-01-01", False),
        ("%Y/%m/%d", "2020-01-01", False),
    ],
)
def test_dates_are_read_in_one_way(tmp_path, form, start, noted):
    path = csv_file(tmp_path, times=days(start, form))
    notes = series(file=path, time_column="time").notes
    told = [f"{path}: the times of column 'time' are read with the day before the month."]
    assert list(notes[1:]) == told * noted  # and all steps are equal


def test_dates_that_no_one_way_reads(tmp_path):
    times = days("2020-01-01", "%d/%m/%Y")
    times[-1] = "02/28/2020"
    path = csv_file(tmp_path, times=times)
    assert refusal(file=path, time_column="time") == (
        f"{path}, line 14: time column 'time' holds '13/01/2020', and other rows have the month "
        "before the day: write all alike; expected a number or a time such as 2016-07-01 00:00:00."
    )
    times = days("2020-01-01", "%d/%m/%Y")
    times[20], times[21] = times[21], times[20]
    text = refusal(file=csv_file(tmp_path, times=times), time_column="time")
    assert f"{path}, line 23: time '21/01/2020' is before that of the row above" in text


def test_times_below_a_second(tmp_path):
    stamps = [f"2016-07-01 00:00:{i // 4:02d}.{i % 4 * 25:02d}" for i in range(50)]
    assert len(series(file=csv_file(tmp_path, times=stamps), time_column="time").notes) == 1
    stamps[5], stamps[6] = stamps[6], stamps[5]
    path = csv_file(tmp_path, times=stamps)
    text = refusal(file=path, time_column="time")
    assert text.startswith(f"{path}, line 8: time '2016-07-01 00:00:01.25' is before that of")


@pytest.mark.parametrize("borders", [(30, 30, 40), (40, 30, 50), (10, 20, 51)])
def test_refused_borders(tmp_path, borders):
    text = refusal(file=csv_file(tmp_path), borders=borders)
    assert text.startswith(f"data.borders {list(borders)}: expected three row numbers that grow")
    assert "at most 50, the rows of" in text


def test_refused_fractions(tmp_path):
    text = refusal(file=csv_file(tmp_path), train_fraction=0.9, valid_fraction=0.2)
    assert text.startswith("data.train_fraction 0.9 and data.valid_fraction 0.2: both above 0")


def test_encoder_reads_columns_by_name_and_round_trips(tmp_path):
    path = csv_file(tmp_path)
    encoder = series(file=path, columns=["oil", "load"]).encoder
    again = SeriesEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again == encoder
    split = again.encode(path)
    np.testing.assert_array_equal(split.arrays["series"], RAW[:, ::-1].astype("float32"))
    assert split.rows == (50, 50)
    np.testing.assert_array_equal(again.encode(RAW).arrays["series"], RAW.astype("float32"))
    other = tmp_path / "other.csv"
    other.write_text("load\n1\n", "utf-8")
    with pytest.raises(Refused, match="input: .*other.csv has no column 'oil'"):
        again.encode(other)


@pytest.mark.parametrize("missing", ["interpolate", "refuse"])
def test_gaps_in_new_rows_are_what_they_were_in_training(tmp_path, missing):
    data = series(file=csv_file(tmp_path), columns=["load", "oil"], missing=missing)
    rows = [[f"{a}", f"{b}"] for a, b in RAW]
    rows[10][1] = ""
    path = csv_file(tmp_path, rows)
    options = {"missing": missing}
    if missing == "refuse":
        with pytest.raises(Refused, match=r"line 12: column 'oil' is empty"):
            read_input(path, data.spec, data.encoder, options, None)
        return
    names, split = read_input(path, data.spec, data.encoder, options, None)
    assert names == ["next"]
    expected = np.float32((RAW[9, 1] + RAW[11, 1]) / 2)
    assert split.arrays["series"][10, 1] == pytest.approx(expected)


def test_etth1_is_the_literatures(data_root):
    data = etth1(root=str(data_root))
    values = data.train.arrays["series"]
    assert values.shape == (17420, 7)
    assert (data.train.rows, data.valid.rows, data.test.rows) == (
        (0, 8640),
        (8640, 11520),
        (11520, 14400),
    )
    from sklearn.preprocessing import StandardScaler

    fitted = StandardScaler().fit(values[:8640].astype("float64"))
    np.testing.assert_allclose(data.spec.input.offset, fitted.mean_, rtol=1e-6)
    np.testing.assert_allclose(data.spec.input.scale, fitted.scale_, rtol=1e-6)
    assert etth1(root=str(data_root), columns=["OT"]).spec.input.names == ("OT",)


def test_etth1_cut_short(data_root, tmp_path):
    lines = (data_root / "ett" / "ETTh1.csv").read_text().splitlines()[:101]
    (tmp_path / "ETTh1.csv").write_text("\n".join(lines))
    with pytest.raises(Refused, match="ETTh1.csv: 100 rows, but the split .* needs 14400"):
        etth1(root=str(tmp_path))
