"""Data sets in sharded files: the same batches as from memory, whatever lies in them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

from toolkit.data import DATA
from toolkit.data.damage import naming_damage
from toolkit.data.pipeline import example_batches, packed_batches, stream_batches
from toolkit.data.records.records import records
from toolkit.data.records.tokens import CHUNK
from toolkit.data.spec import Dataset, Ragged, Split
from toolkit.errors import Refused
from toolkit.training.preparing import prepare

WORDS = "the quick brown fox jumps over a lazy dog and runs on to where it has not been".split()


def write(folder, documents, seed=0):
    draw = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for number in range(documents):
        lines = [" ".join(draw.choice(WORDS, draw.integers(1, 30))) for _ in range(20)]
        (folder / f"{number:02d}.txt").write_text("\n".join(lines) + "\n" * (number % 3), "utf-8")


def options(name, **given):
    """Return options as a checked configuration has them."""
    from toolkit.config.groups import GROUPS
    from toolkit.config.schema import REQUIRED

    known = GROUPS["data"].schema(name).options
    defaults = {key: option.default for key, option in known.items()}
    return {k: v for k, v in defaults.items() if v is not REQUIRED} | {"name": name, **given}


def both(folder, name, **given):
    """Return a data set from memory and from records."""
    prepare(options(name, **given), str(folder / "records"), say=lambda line: None)
    return DATA[name](**given), records(root=str(folder / "records"))


def equal(one: Dataset, other: Dataset) -> None:
    """Fail unless two data sets hold the same."""
    assert one.spec == other.spec
    assert one.encoder == other.encoder
    assert list(one.splits) == list(other.splits)
    for part, split in one.splits.items():
        for name, array in split.arrays.items():
            found = other.splits[part].arrays[name][:]
            if isinstance(array, Ragged):
                assert np.array_equal(array.starts, found.starts)
                array, found = array.values, found.values
            assert np.array_equal(array, found), (part, name)


def same_batches(one, other, steps, start=0):
    """Fail unless two orders of batches are the same, from a step on."""
    assert one.steps == other.steps
    taken = zip(one.endless(start).take(steps), other.endless(start).take(steps), strict=True)
    for first, second in taken:
        tf.nest.map_structure(lambda a, b: np.testing.assert_array_equal(a, b), first, second)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    write(folder / "text" / "train", 9)
    write(folder / "text" / "valid", 2, seed=1)
    return both(folder, "text_folder", root=str(folder / "text"))


@pytest.mark.parametrize(
    "given",
    [
        {"tokenizer": "words", "end_of_line": True, "minimum_count": 3},
        {"unit": "character"},
        {"tokenizer": "bpe", "vocabulary_size": 300},
        {"tokenizer": "bpe", "vocabulary_size": 300, "end_of_line": True},
        {"tokenizer": "sentencepiece", "vocabulary_size": 60, "lower": True},
        {"documents": "blank_line", "valid": "held"},
        {"documents": "line", "valid": "held", "tokenizer": "bpe", "vocabulary_size": 300},
    ],
    ids=lambda given: " ".join(map(str, given.values())),
)
def test_text_that_is_read_in_pieces_has_the_tokens_that_it_has_in_memory(tmp_path, given):
    write(tmp_path / "text" / "train", 7)
    write(tmp_path / "text" / "held", 2)
    equal(*both(tmp_path, "text_folder", root=str(tmp_path / "text"), **given))


def test_a_text_without_a_validation_part_ends_with_it(tmp_path):
    write(tmp_path / "text", 1)
    equal(*both(tmp_path, "text", train=str(tmp_path / "text" / "00.txt")))


def test_tokens_are_read_from_any_place_over_the_ends_of_records_and_shards(text):
    memory, disk = text
    tokens, found = memory.train.arrays["tokens"], disk.train.arrays["tokens"]
    assert len(tokens) > 2 * CHUNK
    for first, last in (
        (0, 3),
        (CHUNK - 2, CHUNK + 2),
        (5, 2 * CHUNK + 7),
        (len(tokens) - 3, None),
    ):
        assert np.array_equal(tokens[first:last], found[first:last])
    assert found[-1] == tokens[-1]
    assert np.array_equal(found.counts, np.bincount(tokens, minlength=len(found.counts)))


def test_windows_are_those_of_memory_at_any_step(text):
    memory, disk = text
    one, other = (packed_batches(d.train, d.spec, 4, 50, seed=3) for d in text)
    same_batches(one, other, one.steps + 2)
    same_batches(one, other, 3, start=one.steps * 2 - 1)
    one, other = (packed_batches(d.valid, d.spec, 4, 50) for d in text)
    same_batches(one, other, one.steps)


def test_streams_are_those_of_memory_at_any_step(text):
    one, other = (stream_batches(d.train, d.spec, 4, 50) for d in text)
    same_batches(one, other, one.steps + 2)
    same_batches(one, other, 3, start=one.steps + 5)


@pytest.mark.parametrize("name", ["digits", "synthetic"])
def test_examples_are_those_of_memory(tmp_path, name):
    memory, disk = both(tmp_path, name)
    equal(memory, disk)
    one, other = (example_batches(d.train, d.spec, 32, seed=1) for d in (memory, disk))
    same_batches(one, other, 3, start=one.steps - 1)


def test_texts_of_differing_length_are_those_of_memory_in_buckets_too(tmp_path):
    rows = "".join(
        f"{' '.join(WORDS[: 1 + i % 15])}\t{'good' if i % 2 else 'bad'}\n" for i in range(90)
    )
    (tmp_path / "train.tsv").write_text(rows, "utf-8")
    given = {"train": str(tmp_path / "train.tsv"), "text_column": 0, "label_column": 1}
    memory, disk = both(tmp_path, "text_classification", **given)
    equal(memory, disk)
    for bucket in (True, False):
        one, other = (
            example_batches(d.train, d.spec, 8, seed=1, bucket=bucket) for d in (memory, disk)
        )
        same_batches(one, other, one.steps + 1)


def test_pictures_are_kept_as_files_and_decoded_as_from_their_folder(tmp_path):
    from PIL import Image

    draw = np.random.default_rng(0)
    for number in range(8):
        folder = tmp_path / "pictures" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 256, (9, 7 + number, 3), "uint8")
        Image.fromarray(pixels).save(folder / f"{number}.{'png' if number < 5 else 'jpg'}")
    given = {"root": str(tmp_path / "pictures"), "size": (8, 6)}
    memory, disk = both(tmp_path, "image_folder", **given)
    assert memory.spec == disk.spec
    same_batches(*(example_batches(d.train, d.spec, 3, seed=1) for d in (memory, disk)), steps=4)
    assert disk.train.arrays["image"][0].startswith(b"\x89PNG")


def test_shards_are_read_with_plain_tensorflow(text):
    memory, disk = text
    shards = disk.train.arrays["tokens"].shards
    found = []
    for record in tf.data.TFRecordDataset([str(shards.folder / s.file) for s in shards.shards]):
        example = tf.train.Example.FromString(record.numpy())
        found += example.features.feature["tokens"].int64_list.value
    assert found == memory.train.arrays["tokens"].tolist()


def test_a_large_part_is_not_read_into_memory_whole(text, monkeypatch):
    monkeypatch.setattr("toolkit.data.records.tokens.IN_MEMORY", 100)
    with pytest.raises(Refused, match="more than the 100 that are allowed"):
        np.asarray(text[1].train.arrays["tokens"])


def damaged(folder, change):
    """Return a data set one of whose shards is changed once it is open."""
    write(folder / "text" / "train", 9)
    _, found = both(folder, "text_folder", root=str(folder / "text"), validation_fraction=0.3)
    shards = found.train.arrays["tokens"].shards
    change(shards.folder / shards.shards[0].file, np.fromfile(shards.index, "<i8"))
    return found


def overwrite(offset):
    def change(path, offsets):
        with open(path, "r+b") as file:
            file.seek(int(offsets[1]) + offset)
            file.write(b"\xff\xfe\xfd")

    return change


@pytest.mark.parametrize("offset", [2, 9, 100], ids=["length", "its checksum", "content"])
def test_a_damaged_record_is_named_with_its_file_and_place(tmp_path, offset):
    found = damaged(tmp_path, overwrite(offset))
    offsets = np.fromfile(found.train.arrays["tokens"].shards.index, "<i8")
    with (
        pytest.raises(
            Refused,
            match=rf"train-00000-of-00001.tfrecord: damaged: record 1, at byte {offsets[1]:,}",
        ),
        naming_damage(found.splits.values()),
    ):
        for _ in packed_batches(found.train, found.spec, 4, 50, seed=3).once():
            pass


def test_a_shard_that_goes_away_is_named(tmp_path):
    found = damaged(tmp_path, lambda path, offsets: path.unlink())
    with (
        pytest.raises(Refused, match="train-00000-of-00001.tfrecord: missing"),
        naming_damage(found.splits.values()),
    ):
        example = packed_batches(found.train, found.spec, 4, 50, seed=3)
        next(iter(example.once()))


def test_other_errors_are_not_taken_for_damage(text):
    with pytest.raises(tf.errors.InvalidArgumentError), naming_damage(text[1].splits.values()):
        raise tf.errors.InvalidArgumentError(None, None, "shapes differ")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda f: (f / "manifest.json").unlink(), "has no manifest.json"),
        (lambda f: (f / "manifest.json").write_text("{"), "manifest.json: damaged"),
        (
            lambda f: (f / "manifest.json").write_text('{"format": "records", "version": 7}'),
            "version 7; expected records, version 1",
        ),
        (lambda f: (f / "train-00000-of-00001.tfrecord").unlink(), "of-00001.tfrecord: missing"),
        (lambda f: (f / "train.index").unlink(), "train.index: missing"),
        (
            lambda f: (f / "train-00000-of-00001.tfrecord").write_bytes(b"short"),
            "damaged: 5 bytes; expected",
        ),
        (lambda f: (f / "train.label.values.npy").unlink(), "train.label.values.npy: missing"),
        (
            lambda f: (f / "train.label.values.npy").write_bytes(b"short"),
            "train.label.values.npy: damaged: 5 bytes; expected",
        ),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(tmp_path, change, fault):
    both(tmp_path, "synthetic")
    change(tmp_path / "records")
    with pytest.raises(Refused, match=fault):
        records(root=str(tmp_path / "records"))


@pytest.mark.parametrize(
    "name", ["train-00000-of-00001.tfrecord", "train.index", "train.label.values.npy"]
)
def test_checksums_find_damage_that_sizes_do_not(tmp_path, name):
    both(tmp_path, "synthetic")
    path = tmp_path / "records" / name
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    records(root=str(tmp_path / "records"))
    with pytest.raises(Refused, match=f"{name}: damaged: its checksum is not the manifest's"):
        records(root=str(tmp_path / "records"), check="full")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(b""), "No data left"),
        (lambda path: path.write_bytes(path.read_bytes()[:-4]), ""),
    ],
    ids=["missing", "empty", "cut"],
)
def test_a_manifest_of_before_lacks_the_files_beside_the_shards(tmp_path, change, why):
    write(tmp_path / "text" / "train", 4)
    given = {"root": str(tmp_path / "text"), "validation_fraction": 0.3}
    memory, disk = both(tmp_path, "text_folder", **given)
    forget_beside(tmp_path / "records")
    equal(memory, records(root=str(tmp_path / "records"), check="full"))
    change(tmp_path / "records" / "train.counts.npy")
    with pytest.raises(Refused, match=rf"train.counts.npy: missing or damaged \(.*{why}"):
        records(root=str(tmp_path / "records"))


def test_lengths_of_texts_are_never_done_without(tmp_path):
    rows = "".join(f"{' '.join(WORDS[: 1 + i % 5])}\t{'ab'[i % 2]}\n" for i in range(30))
    (tmp_path / "train.tsv").write_text(rows, "utf-8")
    given = {"train": str(tmp_path / "train.tsv"), "text_column": 0, "label_column": 1}
    both(tmp_path, "text_classification", **given)
    forget_beside(tmp_path / "records")
    (path,) = (tmp_path / "records").glob("train.*.lengths.npy")
    path.unlink()
    with pytest.raises(Refused, match=rf"{path.name}: missing or damaged"):
        records(root=str(tmp_path / "records"))


def forget_beside(folder):
    """Make a manifest one that was written before files beside the shards were noted."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    assert {file["file"] for file in content.pop("beside")} >= {"train.index", "valid.index"}
    path.write_text(json.dumps(content), "utf-8")


def test_splits_are_cut_down_into_memory(text):
    memory, disk = text
    part = disk.train.take(slice(3, 40))
    assert isinstance(part, Split)
    assert np.array_equal(part.arrays["tokens"], memory.train.arrays["tokens"][3:40])
