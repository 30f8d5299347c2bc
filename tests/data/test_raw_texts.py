"""Where texts to predict for come from, and what is refused."""

from __future__ import annotations

import io
import sys

import pytest

from toolkit.data.labelled.raw_texts import raw_texts
from toolkit.errors import Refused

CSV = {"name": "text_classification", "text_column": "review", "delimiter": None}


def test_texts_files_folders_and_standard_input(tmp_path, monkeypatch):
    (tmp_path / "b.txt").write_text("one\ntwo\n")
    (tmp_path / "a.txt").write_text("three\nfour\n")
    (tmp_path / "c.csv").write_text('label,review\ngood,"fine, really"\nbad,dull\n')
    (tmp_path / "d.jsonl").write_text('{"text": "five"}\n')
    monkeypatch.setattr(sys, "stdin", io.StringIO("six\nseven\n"))
    assert raw_texts("a text of its own", {}) == ["a text of its own"]
    assert raw_texts(str(tmp_path / "b.txt"), {}) == ["one", "two"]
    assert raw_texts(str(tmp_path), {}) == ["three\nfour\n", "one\ntwo\n"]
    assert raw_texts(str(tmp_path / "c.csv"), CSV) == ["fine, really", "dull"]
    assert raw_texts(str(tmp_path / "d.jsonl"), {}) == ["five"]
    assert raw_texts("-", {}) == ["six", "seven"]


def test_a_line_ends_where_a_file_says_so(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes("one\u2028still one\r\ntwo\x85too\n".encode())
    lines = ["one\u2028still one", "two\x85too"]
    assert raw_texts(str(tmp_path / "a.txt"), {}) == lines
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines)))
    assert raw_texts("-", {}) == lines


def test_files_are_read_in_the_encoding_of_the_runs_own(tmp_path):
    data = {"encoding": "latin-1"}
    (tmp_path / "a.txt").write_bytes("café\n".encode("latin-1"))
    (tmp_path / "b.csv").write_bytes("text\nthé\n".encode("latin-1"))
    assert raw_texts(str(tmp_path / "a.txt"), data) == ["café"]
    assert raw_texts(str(tmp_path), data) == ["café\n"]
    assert raw_texts(str(tmp_path / "b.csv"), data) == ["thé"]


def test_a_long_text_is_no_name_of_a_file():
    assert raw_texts("word " * 1000, {}) == ["word " * 1000]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("latin.txt", b"caf\xe9\n", "line 1: not utf-8"),
        ("nul.txt", b"a\0b\n", "holds NUL bytes"),
        ("empty.txt", b"\n", "nothing to read"),
        ("table.csv", b"label,other\na,b\n", "has no column 'review'. There is: label, other"),
        ("bad.jsonl", b"{oops\n", "line 1: no JSON"),
    ],
)
def test_a_file_that_holds_no_texts(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused, match=told):
        raw_texts(str(tmp_path / name), CSV)


def test_a_file_or_folder_without_any(tmp_path, monkeypatch):
    with pytest.raises(Refused, match=r"input: no file reviews\.csv\."):
        raw_texts("reviews.csv", {})
    with pytest.raises(Refused, match=r"holds no \.txt files"):
        raw_texts(str(tmp_path), {})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8"))
    with pytest.raises(Refused, match="standard input is not UTF-8"):
        raw_texts("-", {})
