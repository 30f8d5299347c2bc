"""Preparing: in pieces, by several processes, stopped and gone on with."""

from __future__ import annotations

import gzip
import json
import os

import numpy as np
import pytest

from toolkit.data import DATA
from toolkit.data.prepare import text as texts
from toolkit.data.prepare.documents import documents
from toolkit.data.prepare.learned import Sample
from toolkit.data.prepare.pool import run_jobs
from toolkit.data.prepare.raw_text import RawText
from toolkit.data.prepare.stretches import Stretch, stretches
from toolkit.data.records.records import records
from toolkit.errors import Refused
from toolkit.training.preparing import prepare

WORDS = "the quick brown fox jumps über a lazy dog and runs on to where it has not been".split()
FULL = "/dev/full"


def write(folder, documents=4, lines=40, end="\n"):
    draw = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(documents):
        text = [" ".join(draw.choice(WORDS, draw.integers(0, 20))) for _ in range(lines)]
        (folder / f"{number}.txt").write_bytes(end.join(text).encode())
    return folder


def options(folder, **given):
    from toolkit.config.groups import GROUPS

    known = GROUPS["data"].schema("text_folder").options
    defaults = {key: option.default for key, option in known.items()}
    return {**defaults, "name": "text_folder", "root": str(folder), **given}


def prepared(folder, output, say=lambda line: None, workers=1, sample=64, **given):
    data = options(folder, **given)
    prepare(data, str(output), say=say, workers=workers, sample=sample, shard_size=1)
    return records(root=str(output))


def same(folder, found, **given):
    """Fail unless what was prepared is what is loaded."""
    expected = DATA["text_folder"](root=str(folder), **given)
    assert expected.spec == found.spec
    for part, split in expected.splits.items():
        tokens = found.splits[part].arrays["tokens"]
        assert np.array_equal(split.arrays["tokens"], tokens[:]), part


@pytest.fixture
def tiny(monkeypatch):
    """Let a shard hold 2,000 bytes of text, and a part of it 300 characters."""
    monkeypatch.setattr("toolkit.data.prepare.text.MEBIBYTE", 2000)
    monkeypatch.setattr("toolkit.data.prepare.text.AT_A_TIME", 100)
    monkeypatch.setattr("toolkit.data.prepare.documents.PART", 300)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize(
    "given",
    [
        {"tokenizer": "words", "end_of_line": True},
        {"unit": "character"},
        {"tokenizer": "bpe", "vocabulary_size": 300},
        {"tokenizer": "bpe", "vocabulary_size": 300, "end_of_line": True},
        {"documents": "blank_line", "valid": "held"},
        {"documents": "line", "valid": "held", "end_of_line": True},
    ],
    ids=lambda given: " ".join(map(str, given.values())),
)
def test_where_a_text_is_cut_changes_no_token(tmp_path, monkeypatch, tiny, given, end):
    write(tmp_path / "text" / "train", end=end)
    write(tmp_path / "text" / "held", end=end)
    if "tokenizer" in given:
        monkeypatch.setattr("toolkit.data.prepare.documents.PART", 1 << 20)  # one tokenizer for all
        sample = list(Sample(RawText.of(options(tmp_path / "text", **given), 0), "train", 1 << 30))
        monkeypatch.setattr(Sample, "__iter__", lambda _: iter(sample))
        monkeypatch.setattr("toolkit.data.prepare.documents.PART", 300)
    found = prepared(tmp_path / "text", tmp_path / "out", **given)
    assert len(list((tmp_path / "out").glob("train-*.tfrecord"))) > 2
    same(tmp_path / "text", found, **given)


def test_a_shard_may_hold_no_token(tmp_path, tiny):
    folder = write(tmp_path / "text" / "train", 2)
    (folder / "00.txt").write_text("\n" * 5000)
    write(tmp_path / "text" / "valid", 1)
    found = prepared(tmp_path / "text", tmp_path / "out")
    assert 0 in [s.tokens for s in found.train.arrays["tokens"].shards.shards]
    same(tmp_path / "text", found)


@pytest.mark.parametrize("count", [1, 10])
def test_files_that_hold_nothing_are_no_documents_to_carve_from(tmp_path, tiny, count):
    folder = write(tmp_path / "text", count)
    (folder / "00.txt").write_text("")
    (folder / "11.txt").write_text("\ufeff \n\x1e\n" + "\n" * 70_000)
    (folder / "e.txt.gz").write_bytes(gzip.compress(b"\n \r\n"))
    same(folder, prepared(folder, tmp_path / "out"))


def test_gzipped_files_and_other_encodings_are_read_whole(tmp_path, tiny):
    folder = write(tmp_path / "text" / "train", 3)
    (folder / "z.txt.gz").write_bytes(gzip.compress((folder / "0.txt").read_bytes()))
    same(tmp_path / "text", prepared(tmp_path / "text", tmp_path / "out"))
    for path in folder.glob("*.txt"):
        path.write_bytes(path.read_text("utf-8").encode("utf-16"))
    (folder / "z.txt.gz").unlink()
    found = prepared(tmp_path / "text", tmp_path / "wide", encoding="utf-16")
    same(tmp_path / "text", found, encoding="utf-16")


def test_several_processes_write_what_one_writes(tmp_path, tiny):
    write(tmp_path / "text" / "train")
    prepared(tmp_path / "text", tmp_path / "one")
    prepared(tmp_path / "text", tmp_path / "two", workers=2)
    one, two = (sorted((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert [p.name for p in one] == [p.name for p in two]
    for first, second in zip(one, two, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


def test_a_prepare_that_was_stopped_goes_on(tmp_path, monkeypatch, tiny):
    write(tmp_path / "text" / "train")
    prepared(tmp_path / "text", tmp_path / "whole")
    made, work = [], texts.write_shard

    def stopped(tokenizing, job):
        if len(made) == 3:
            (tmp_path / "out" / "unfinished" / f"{job.name}.part").write_bytes(b"half a shard")
            raise KeyboardInterrupt
        made.append(work(tokenizing, job))
        return made[-1]

    monkeypatch.setattr(texts, "write_shard", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path / "text", tmp_path / "out")
    with pytest.raises(Refused, match="run its command again"):
        records(root=str(tmp_path / "out"))
    with pytest.raises(
        Refused, match="unfinished prepare of something else.*'auto' there, 'words'"
    ):
        prepared(tmp_path / "text", tmp_path / "out", tokenizer="words")
    times = {name: os.stat(tmp_path / "out" / name).st_mtime_ns for name in made}
    monkeypatch.setattr(texts, "write_shard", work)
    lines = []
    prepared(tmp_path / "text", tmp_path / "out", say=lines.append)
    assert any(line.startswith("3 of ") for line in lines)
    assert times == {name: os.stat(tmp_path / "out" / name).st_mtime_ns for name in made}
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("size", [0, 300], ids=["empty", "cut"])
def test_a_shard_whose_note_is_not_whole_is_made_again(tmp_path, monkeypatch, size):
    write(tmp_path / "text" / "train")
    prepared(tmp_path / "text", tmp_path / "whole")
    work = texts.write_shard

    def stopped(tokenizing, job):
        work(tokenizing, job)
        note = tmp_path / "out" / "unfinished" / f"{job.name}.npz"
        note.write_bytes(note.read_bytes()[:size])
        raise KeyboardInterrupt

    monkeypatch.setattr(texts, "write_shard", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path / "text", tmp_path / "out")
    monkeypatch.setattr(texts, "write_shard", work)
    prepared(tmp_path / "text", tmp_path / "out")
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes(), path.name


def test_a_finished_folder_is_left_as_it_is_and_no_other_data_goes_into_it(tmp_path):
    folder = write(tmp_path / "text" / "train")
    prepared(tmp_path / "text", tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    lines = []
    prepared(tmp_path / "text", tmp_path / "out", say=lines.append)
    assert lines[0].endswith("is prepared already")
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    with pytest.raises(Refused, match="holds other records.*data.lower: False there, True now"):
        prepared(tmp_path / "text", tmp_path / "out", lower=True)
    with open(folder / "0.txt", "a") as file:
        file.write("more")
    with pytest.raises(Refused, match="holds other records.*sources"):
        prepared(tmp_path / "text", tmp_path / "out")


def test_pictures_that_changed_under_their_names_are_other_data(tmp_path, monkeypatch):
    from PIL import Image

    from toolkit.config.groups import GROUPS
    from toolkit.data.prepare import examples

    def paint(name, grey):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (grey, grey, grey)).save(path)

    def prepare_into(name):
        lines = []
        prepare(data, str(tmp_path / name), say=lines.append)
        return lines

    def stopped(*_, **__):
        raise KeyboardInterrupt

    for i in range(8):
        paint(f"{'ab'[i % 2]}/{i}.png", 20 * i)
    known = GROUPS["data"].schema("image_folder").options
    data = {key: option.default for key, option in known.items()}
    data |= {"name": "image_folder", "root": str(tmp_path / "pictures"), "size": (4, 4)}
    prepare_into("whole")
    assert prepare_into("whole")[0].endswith("is prepared already")
    monkeypatch.setattr(examples, "run_jobs", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepare_into("begun")
    paint("a/2.png", 250)
    with pytest.raises(Refused, match="whole' holds other records.*sources"):
        prepare_into("whole")
    with pytest.raises(Refused, match="begun' is an unfinished prepare of something else.*sources"):
        prepare_into("begun")


def test_a_folder_of_other_files_is_refused_and_nothing_is_left_of_a_fault(tmp_path):
    write(tmp_path / "text" / "train")
    with pytest.raises(Refused, match="none of prepare's"):
        prepared(tmp_path / "text", tmp_path / "text")
    for path in (tmp_path / "text" / "train").iterdir():
        path.write_text("")
    with pytest.raises(Refused, match="is empty; expected text"):
        prepared(tmp_path / "text", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_changes_while_it_is_read_is_named(tmp_path, tiny):
    folder = write(tmp_path / "text" / "train")
    last = folder / "3.txt"

    def say(line):
        if ": 1 of " in line:
            last.write_bytes(last.read_bytes() + b" dog")

    with pytest.raises(Refused, match=r"3\.txt: changed while it was read; prepare it anew"):
        prepared(tmp_path / "text", tmp_path / "out", say=say)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_stretch_that_its_file_no_longer_holds_is_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a line\n" * 10)
    assert "".join(Stretch(str(path), 7, 70).blocks("utf-8")) == "a line\n" * 9
    with pytest.raises(Refused, match=r"a\.txt: changed while it was read"):
        list(Stretch(str(path), 7, 71).blocks("utf-8"))


@pytest.mark.skipif(not os.path.exists(FULL), reason=f"there is no {FULL} here")
def test_a_full_disk_is_told_in_one_sentence(tmp_path):
    write(tmp_path / "text" / "train")
    aside = tmp_path / "out" / "unfinished"
    aside.mkdir(parents=True)
    (aside / "train-00000-of-00001.tfrecord.part").symlink_to(FULL)
    with pytest.raises(
        Refused, match=r"disk full: no room in '.*out'\. Free some and run the same"
    ):
        prepared(tmp_path / "text", tmp_path / "out")


def test_what_is_no_text_is_named_with_its_file(tmp_path):
    folder = write(tmp_path / "text" / "train")
    (folder / "1.txt").write_bytes(b"a line\n" * 3 + b"\xff")
    with pytest.raises(Refused, match=r"1.txt, near byte 21: not utf-8 \(byte 0xff\)"):
        prepared(tmp_path / "text", tmp_path / "out")
    (folder / "1.txt").write_bytes(b"a \0 line")
    with pytest.raises(Refused, match="1.txt, near byte 0: holds NUL bytes"):
        prepared(tmp_path / "text", tmp_path / "out")


@pytest.mark.parametrize(("name", "reason"), [("etth1", "a series"), ("multi30k", "its scores")])
def test_data_that_examples_do_not_tell_whole_is_refused(tmp_path, data_root, name, reason):
    from toolkit.config.groups import GROUPS

    known = GROUPS["data"].schema(name).options
    data = {key: option.default for key, option in known.items()}
    with pytest.raises(Refused, match=f"data={name}: cannot be prepared: {reason}"):
        prepare({**data, "name": name, "root": str(data_root)}, str(tmp_path / "out"))


def test_a_sample_is_bounded_and_spread_over_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("toolkit.data.prepare.learned.PART", 1000)
    folder = write(tmp_path / "text" / "train", 8)
    text = RawText.of(options(tmp_path / "text", validation_fraction=0.2), 0)
    total = sum(path.stat().st_size for path in text.paths["train"])
    whole = "".join(part for _, part in Sample(text, "train", total))
    some = [part for _, part in Sample(text, "train", 4000)]
    assert 2000 < sum(map(len, some)) < 8000 < len(whole)
    places = [whole.index(part[5:60]) / len(whole) for part in some if len(part) > 60]
    assert min(places) < 0.3 and max(places) > 0.6
    assert folder.is_dir()


@pytest.fixture
def small_sample(tiny, monkeypatch):
    """Let ``sample=1`` be 2,000 bytes, in parts of 1,000."""
    monkeypatch.setattr("toolkit.data.prepare.learned.PART", 1000)
    monkeypatch.setattr(Stretch.blocks, "__defaults__", (1000,))


def test_a_gzipped_text_longer_than_the_sample_has_unknown_words(tmp_path, small_sample):
    folder = tmp_path / "text" / "train"
    folder.mkdir(parents=True)
    text = "the cat sat on the mat\n" * 1000 + "new words " * 200
    (folder / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
    lines = []
    found = prepared(tmp_path / "text", tmp_path / "out", say=lines.append, sample=1)
    assert found.spec.input.vocabulary[0] == "<unk>"
    assert any("not in the vocabulary" in line for line in lines)
    assert any("spread evenly over the files; gzipped" in line for line in lines)


@pytest.mark.parametrize("most", [4000, 10**6])
def test_each_gzipped_file_has_its_share_of_a_sample(tmp_path, small_sample, most):
    folder = tmp_path / "text" / "train"
    folder.mkdir(parents=True)
    for number, lines in enumerate([500, 20, 500, 500]):
        text = f"words of {number}\n" * lines
        (folder / f"{number}.txt.gz").write_bytes(gzip.compress(text.encode()))
    text = RawText.of(options(tmp_path / "text", validation_fraction=0), 0)
    sample = Sample(text, "train", most)
    parts = [part for _, part in sample]
    read = ["".join(parts).count(str(number)) for number in range(4)]
    assert sample.whole == (most == 10**6)
    if sample.whole:
        assert read == [500, 20, 500, 500]
    else:
        assert read[1] == 20 and all(40 < count < 250 for count in (read[0], *read[2:]))
        assert 4000 <= sample.read < 8000


def test_files_are_cut_into_jobs_of_about_one_size(tmp_path):
    folder = write(tmp_path / "text", 6)
    paths = sorted(folder.iterdir())
    total = sum(path.stat().st_size for path in paths)
    jobs = stretches(paths, 1500, "utf-8", "file")
    assert total // 1500 - 2 <= len(jobs) <= total // 1500 + 3
    for path in paths:  # each byte once, in order
        found = [s for job in jobs for s in job if s.path == str(path)]
        assert [s.start for s in found] == [0, *(s.stop for s in found[:-1])]
        assert found[-1].ends
    assert stretches(paths, 10**9, "utf-8", "file") == [tuple(Stretch(str(p)) for p in paths)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("file", [(True, "a b\n\nc\n \nd")]),
        ("blank_line", [(True, "a b"), (True, "c"), (True, "d")]),
        ("line", [(True, "a b"), (True, "c"), (True, "d")]),
        ("none", [(False, "\n\na b\n\nc\n \nd\n")]),
    ],
)
def test_documents_are_told_apart(kind, expected):
    text = "\n\na b\n\nc\n \nd\n"
    for size in (1, 4, 100):  # in blocks of any size
        blocks = [text[at : at + size] for at in range(0, len(text), size)]
        assert list(documents(blocks, kind, begins=True, ends=True)) == expected


def test_the_manifest_says_what_the_shards_hold(tmp_path):
    write(tmp_path / "text" / "train")
    prepared(tmp_path / "text", tmp_path / "out")
    content = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    (shard,) = content["groups"]["train"]
    path = tmp_path / "out" / shard["file"]
    assert path.stat().st_size == shard["bytes"]
    assert (content["format"], content["version"]) == ("records", 1)
    assert content["encoder"]["name"] == "TextEncoder"


class Counted:
    """Work that says how often its process was given it."""

    times = 0

    def __setstate__(self, state):
        Counted.times += 1

    def __getstate__(self):
        return {"held": None}

    def __call__(self, job):
        return job, Counted.times


def test_each_process_is_given_its_work_once():
    assert sorted(run_jobs(Counted(), range(5), 2)) == [(job, 1) for job in range(5)]
