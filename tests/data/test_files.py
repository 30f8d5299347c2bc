"""Files: found by name, and damage named."""

from __future__ import annotations

import gzip
import inspect
import os

import pytest
from PIL import Image

from toolkit.data import DATA
from toolkit.data.files.finding import find, read_bytes, read_text, sha256
from toolkit.data.files.named_files import missing_files
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


FILES = {
    "text": ("a.txt", "one two\n" * 9),
    "text_classification": ("a.csv", "text,label\na,x\nb,y\n"),
    "tabular": ("a.csv", "x,label\n1,x\n2,y\n"),
    "summaries": ("a.csv", "text,summary\na b,a\nb c,b\n"),
    "parallel": ("a.csv", "source,target\na,b\nb,c\n"),
    "conll": ("a.conll", "Ann B-PER\nis O\n"),
    "squad": ("a.json", '{"data": []}'),
}


@pytest.mark.parametrize("part", ["valid", "test"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_of_one_part_only(tmp_path, name, part):
    file, content = FILES[name]
    (tmp_path / file).write_text(content)
    (tmp_path / "link").symlink_to(tmp_path / file)
    (tmp_path / "inner").mkdir()
    for other in (file, f"inner/../{file}", *(["link"] if name not in ("parallel",) else [])):
        given = {"train": str(tmp_path / file), part: str(tmp_path / other)}
        with pytest.raises(Refused) as refused:
            DATA[name](**given)
        (fault,) = refused.value.faults
        assert fault.startswith(f"data.train and data.{part} name the same file, '")
        defaults = {
            key: parameter.default
            for key, parameter in inspect.signature(DATA[name]).parameters.items()
            if parameter.default is not parameter.empty
        }
        assert missing_files({"name": name, **defaults, **given}) == [fault]


@pytest.mark.parametrize("name", ["text_folder", "image_folder", "unlabelled_images"])
def test_a_folder_is_of_one_part_only(tmp_path, name):
    for folder in ("one/a", "one/b", "two/a", "two/b"):
        (tmp_path / folder).mkdir(parents=True)
        Image.new("RGB", (2, 2)).save(tmp_path / folder / "1.png")
        (tmp_path / folder / "1.txt").write_text("some words\n")
    load, one = DATA[name], tmp_path / "one"
    (tmp_path / "link").symlink_to(one)
    for other, told in (
        (one, "data.train and data.valid name the same folder"),
        (tmp_path / "link", "data.train and data.valid name the same folder"),
        (one / "a", "which is data.train and is searched through"),
    ):
        with pytest.raises(Refused, match=told):
            load(train=str(one), valid=str(other))
    for ending in ("png", "txt"):
        (tmp_path / "two" / "a" / f"2.{ending}").symlink_to(one / "a" / f"1.{ending}")
    with pytest.raises(Refused, match=r"two/a/2\.\w+' is the same file as '.*one/a/1\.\w+'; exp"):
        load(train=str(one), valid=str(tmp_path / "two"))


def test_a_picture_is_of_one_class_only(tmp_path):
    (tmp_path / "a").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "a" / "1.png")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(Refused, match=r"b/1\.png' is the same file as '.*a/1\.png'; expected each"):
        DATA["image_folder"](root=str(tmp_path))


def test_a_folder_or_nothing_in_place_of_a_file(tmp_path):
    with pytest.raises(Refused, match="cannot be read: Is a directory"):
        read_bytes(tmp_path)
    with pytest.raises(Refused, match="cannot be read: No such file"):
        read_bytes(tmp_path / "none")
