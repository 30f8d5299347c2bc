"""Columns of csv, tsv and jsonl files."""

from __future__ import annotations

import gzip
import json

import pytest

from toolkit.data.tables.reading import BETWEEN, read_table
from toolkit.errors import Refused

NAMES = {"data.text_column": "text", "data.label_column": "label"}
NUMBERS = {"data.text_column": 0, "data.label_column": 1}


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def write(content, name="table.csv"):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return tmp_path / name

    return write


def refusal(path, columns=NAMES, **options):
    """What a file is refused with."""
    with pytest.raises(Refused) as error:
        read_table(path, columns=columns, **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.csv", 'id,label,text\n1,x,"so, ""it"" is"\n\n2,y,no\n', {}),
        ("a.csv.gz", 'id,label,text\n1,x,"so, ""it"" is"\n2,y,no\n', {}),
        ("a.tsv", 'label\ttext\nx\tso, "it" is\ny\tno\n', {"quoting": False}),
        ("a.TSV", 'label\ttext\nx\tso, "it" is\ny\tno\n', {}),
        ("a.txt", 'label;text\nx;so, "it" is\ny;no\n', {"delimiter": ";"}),
        ("a.txt", 'label\ttext\nx\tso, "it" is\ny\tno\n', {"delimiter": "tab"}),
        ("a.csv", '\ufefflabel,text\r\nx,"so, ""it"" is"\r\ny,no\r\n', {}),
        ("a.csv", '"so, ""it"" is",x\nno,y\n', {"columns": NUMBERS}),
        ("a.csv", 't,l\n"so, ""it"" is",x\nno,y\n', {"columns": NUMBERS, "header": True}),
        (
            "a.jsonl",
            '{"text": "so, \\"it\\" is", "label": "x"}\n\n{"label": "y", "text": "no"}',
            {},
        ),
    ],
)
def test_the_same_rows(write, name, content, options):
    read = read_table(write(content, name), **{"columns": NAMES, **options})
    assert read.rows == [['so, "it" is', "x"], ["no", "y"]]


def test_lines_are_known(write):
    content = 'text,label\n"two\nlines",x\n\nno,y\n'
    assert read_table(write(content), columns=NAMES).lines == [3, 5]
    content = '{"text": "a", "label": 1}\n\n{"text": "b", "label": 2}\n'
    assert read_table(write(content, "a.jsonl"), columns=NAMES).lines == [1, 3]


def test_other_encodings(write):
    path = write("text,label\nÜber,x\n".encode("utf-16"))
    assert read_table(path, columns=NAMES, encoding="utf-16").rows == [["Über", "x"]]


def test_cells_of_any_length(write):
    path = write(f"text,label\n{'word ' * 100_000},x\n")
    assert len(read_table(path, columns=NAMES).rows[0][0]) == 500_000


def test_json_values(write):
    rows = [{"text": "a", "label": value} for value in (1, 2.5, True, None, ["x", "y"])]
    path = write("\n".join(map(json.dumps, rows)), "a.jsonl")
    cells = [row[1] for row in read_table(path, columns=NAMES).rows]
    assert cells == ["1", "2.5", "true", "", f"x{BETWEEN}y"]


def test_missing_column(write):
    path = write("txet,label\na,x\n")
    assert refusal(path) == (
        f"data.text_column: {path} has no column 'text'. Did you mean txet? If its first line "
        "names no columns, give numbers instead, from 0."
    )


def test_missing_number(write):
    path = write("a,x\n")
    assert refusal(path, {"data.label_column": 2}) == (
        f"data.label_column: {path} has no column 2; it has 2, the first being 0."
    )


def test_names_without_a_header(write):
    path = write("a,x\n")
    assert refusal(path, header=False) == (
        "data.text_column: 'text', but without a header columns have numbers: expected 0 to 1, or "
        "data.header=true."
    )


def test_a_name_twice(write):
    path = write("text,text,label\na,b,x\n")
    assert refusal(path) == (f"data.text_column: {path} has 2 columns named 'text'; give a number.")


def test_ragged_rows(write):
    path = write("text,label\na,x\nb\nc,y,z\n")
    assert refusal(path).split("\n") == [
        f"{path}, line 3: 1 cells, but the first line names 2 columns (text, label).",
        f"{path}, line 4: 3 cells, but the first line names 2 columns (text, label).",
    ]
    path = write("a,x\nb\n")
    assert refusal(path, NUMBERS) == f"{path}, line 2: 1 cells, but the first line has 2."


def test_quotes_that_are_text(write):
    path = write('text\tlabel\nfine\t1\n"good" film\t1\n', "a.tsv")
    assert refusal(path) == (
        f"{path}, line 3: '\t' expected after '\"'. The row begins in line 3; where quotes are "
        "plain text, turn quoting off."
    )
    rows = read_table(path, columns=NAMES, quoting=False).rows
    assert rows[1] == ['"good" film', "1"]


def test_empty_files(write):
    assert refusal(write("")) == f"{write('')}: is empty; expected rows."
    path = write("text,label\n")
    assert refusal(path) == (
        f"{path}: holds no rows below its first line, which names the columns."
    )
    path = write("\n", "a.jsonl")
    assert refusal(path) == f"{path}: is empty; expected one JSON object a line."


def test_unknown_sort_of_file(write):
    path = write("a b", "table.dat")
    assert refusal(path) == (
        f"{path}: cannot tell what is between its cells; expected a name that ends in .csv, .tsv "
        "or .jsonl (or .gz), or data.delimiter (',', ';', tab, …)."
    )


def test_json_that_is_none(write):
    path = write('{"text": "a", "label": 1}\n{"text": \n[1]\n{"txt": 1, "label": 2}\n', "a.jsonl")
    assert refusal(path).split("\n") == [
        f"{path}, line 2: no JSON (Expecting value at character 10); expected one object a line.",
        f"{path}, line 3: expected a JSON object, got [1].",
        f"{path}, line 4: has no 'text' (data.text_column). Did you mean txt?",
    ]
    path = write('{"text": {"en": "a"}, "label": 1}\n', "a.jsonl")
    assert refusal(path) == (
        f'{path}, line 1: \'text\' holds {{"en": "a"}}; expected text (data.text_column).'
    )
    assert refusal(path, NUMBERS) == (
        f"data.text_column: 0, but {path} has names instead of numbers."
    )


def test_many_faults_are_counted(write):
    path = write("x\n" * 9, "a.jsonl")
    assert len(refusal(path).split("\n")) == 6
    assert refusal(path).endswith(f"{path}: 4 more such lines.")
