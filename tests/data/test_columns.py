"""Reading csv files: what is refused, with file and line."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from toolkit.data.tables.columns import Columns, locate_file, read_columns
from toolkit.errors import Refused


def written(tmp_path, text: str, name: str = "table.csv"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_cells_and_lines(tmp_path):
    read = read_columns(written(tmp_path, 'a,b\n1,"x\ny"\n\n2,z\n'))
    assert read.names == ("a", "b")
    assert read.rows == [["1", "x\ny"], ["2", "z"]]
    assert read.lines == [3, 5]  # the row ends there; the empty line is none


def test_gz_tabs_and_no_quotes(tmp_path):
    path = tmp_path / "table.tsv.gz"
    path.write_bytes(gzip.compress(b'a\tb\n"1\t2\n'))
    assert read_columns(path, delimiter="tab", quoting=False).rows == [['"1', "2"]]


def test_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    assert read_columns(path).names == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a,b\n1,2\n3\n4,5,6\n",
            "table.csv, line 3: 1 cells, but the first line names 2 columns (a, b).",
        ),
        ("", "table.csv: is empty; expected a first line that names the columns."),
        ("a,b\n", "table.csv: holds no rows below its first line, which names the columns."),
        ("a,a\n1,2\n", "table.csv, line 1: more than one column is named a."),
        ('a,b\n1,"2\n', "table.csv, line 2: unexpected end of data."),
    ],
)
def test_refused_files(tmp_path, text, message):
    with pytest.raises(Refused) as error:
        read_columns(written(tmp_path, text))
    assert message in str(error.value)


def test_every_ragged_row_is_told_up_to_five(tmp_path):
    with pytest.raises(Refused) as error:
        read_columns(written(tmp_path, "a,b\n" + "1\n" * 8))
    assert len(error.value.faults) == 6
    assert error.value.faults[-1].endswith("table.csv: 3 more such rows.")


def test_not_text(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("a,b\n1,2\nü,3\n".encode("latin-1"))
    with pytest.raises(Refused, match=r"table.csv, line 3: not utf-8"):
        read_columns(path)
    assert read_columns(path, encoding="latin-1").rows[1] == ["ü", "3"]


def test_truncated_gz(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n" * 99)[:-12])
    with pytest.raises(Refused, match="truncated gzip"):
        read_columns(path)


def test_delimiter(tmp_path):
    with pytest.raises(Refused, match="data.delimiter: expected one character, .*; got ', '"):
        read_columns(written(tmp_path, "a,b\n1,2\n"), delimiter=", ")


def test_numbers(tmp_path):
    read = read_columns(written(tmp_path, "a,b\n1, 2e3\n-.5,4\n"))
    np.testing.assert_array_equal(read.numbers(["b", "a"], "key"), [[2000, 1], [4, -0.5]])


def test_cells_that_are_no_numbers(tmp_path):
    read = read_columns(written(tmp_path, "a,b\n1,2\n,x\ninf,NaN\n"))
    with pytest.raises(Refused) as error:
        read.numbers(["a", "b"], "key")
    path = tmp_path / "table.csv"
    assert error.value.faults == [
        f"{path}, line 3: column 'a' is empty ('').",
        f"{path}, line 3: column 'b' holds 'x', not a number.",
        f"{path}, line 4: column 'a' holds 'inf', not a number.",
        f"{path}, line 4: column 'b' is empty ('NaN').",
    ]


def test_empty_cells_as_nan(tmp_path):
    read = read_columns(written(tmp_path, "a,b\n1,2\n,NA\n"))
    values = read.numbers(["a", "b"], "key", missing="mean")
    np.testing.assert_array_equal(values, [[1, 2], [np.nan, np.nan]])


def test_unknown_column(tmp_path):
    read = read_columns(written(tmp_path, "load,oil\n1,2\n"))
    with pytest.raises(Refused, match=r"key: .*has no column 'laod'. Did you mean load\?"):
        read.numbers(["laod"], "key")


def test_rows_from_python():
    read = Columns.from_rows([{"a": 1, "b": None}, {"b": "x", "a": 2.5}])
    assert read.rows == [["1", ""], ["2.5", "x"]]
    with pytest.raises(Refused, match="input, row 2: expected the columns a, b"):
        Columns.from_rows([{"a": 1, "b": 2}, {"a": 1}])
    with pytest.raises(Refused, match="no rows"):
        Columns.from_rows([])


def test_files_below_root_or_here(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    below = written(tmp_path, "a\n1\n", "below.csv.gz")
    beside = written(tmp_path / "here", "a\n1\n", "beside.csv")
    monkeypatch.chdir(tmp_path / "here")
    assert locate_file("below.csv", str(tmp_path), "data.file") == below
    assert locate_file("beside.csv", str(tmp_path), "data.file").resolve() == beside
    with pytest.raises(Refused, match=r"data.file: there is no '.*none.csv' or 'none.csv'"):
        locate_file("none.csv", str(tmp_path), "data.file")


def test_another_delimiter_is_guessed_for_the_message(tmp_path):
    with pytest.raises(Refused, match="one column only, 'a;b'. Perhaps .*=semicolon is meant"):
        read_columns(written(tmp_path, "a;b\n1;2\n"))
    assert read_columns(tmp_path / "table.csv", delimiter="semicolon").names == ("a", "b")
