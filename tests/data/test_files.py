"""Files: found by name, and damage named."""

from __future__ import annotations

import gzip
import os

import pytest

from toolkit.data.files.finding import find, read_bytes, read_text, sha256
from toolkit.errors import Refused


def test_plain_before_gzipped_and_folders_in_order(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.txt.gz").write_bytes(gzip.compress(b"1"))
    assert find("x.txt", tmp_path, ("a", "b")) == tmp_path / "b" / "x.txt.gz"
    (tmp_path / "b" / "x.txt").write_text("1")
    assert find("x.txt", tmp_path, ("a", "b")) == tmp_path / "b" / "x.txt"
    assert find("x.txt", tmp_path / "b", ("q/b",)) == tmp_path / "b" / "x.txt"
    assert find("x.txt", tmp_path) is None


def test_reads_gzip_by_content(tmp_path):
    (tmp_path / "x").write_bytes(gzip.compress(b"abc"))
    assert read_bytes(tmp_path / "x") == b"abc"
    assert sha256(tmp_path / "x") != sha256(__file__)


@pytest.mark.parametrize("spoil", [lambda data: data[:-20], lambda data: data[:30] + data[40:]])
def test_a_damaged_gz_is_named(tmp_path, spoil):
    (tmp_path / "x.gz").write_bytes(spoil(gzip.compress(os.urandom(5000))))
    with pytest.raises(Refused, match=r"x\.gz: a damaged or truncated gzip file \(.*Delete it"):
        read_bytes(tmp_path / "x.gz")


def test_not_utf8_and_nul_are_named_with_their_line(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"one\ntwo\ncaf\xe9\n")
    with pytest.raises(Refused, match=r"x\.txt, line 3: not utf-8 \(byte 0xe9\)"):
        read_text(path)
    assert read_text(path, "latin-1").endswith("café\n")
    path.write_bytes(b"one\nt\0wo\n")
    with pytest.raises(Refused, match=r"x\.txt, line 2: holds NUL bytes"):
        read_text(path)
    path.write_bytes(b"\xef\xbb\xbfone\n")
    assert read_text(path) == "one\n"


def test_a_folder_or_nothing_in_place_of_a_file(tmp_path):
    with pytest.raises(Refused, match="cannot be read: Is a directory"):
        read_bytes(tmp_path)
    with pytest.raises(Refused, match="cannot be read: No such file"):
        read_bytes(tmp_path / "none")
