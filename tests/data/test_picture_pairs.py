"""Pictures without classes, in pairs, and of two sorts: what is found, decoded and refused."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from toolkit.data import DATA
from toolkit.data.batching import Batching
from toolkit.data.files.named_files import missing_files
from toolkit.data.images.paired_images import paired_images
from toolkit.data.images.unlabelled_images import unlabelled_images
from toolkit.data.images.unpaired_images import unpaired_images
from toolkit.data.pipeline import example_batches
from toolkit.data.spec_json import _field, _field_json
from toolkit.errors import Refused

CONF = Path(__file__).resolve().parents[2] / "conf" / "data"
MINE = ["unlabelled_images", "paired_images", "unpaired_images", "camvid", "abc"]


def save(path: Path, colour, size=(6, 4)) -> None:
    """Write a picture of one colour, or of pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(colour, np.ndarray):
        Image.fromarray(colour).save(path)
    else:
        Image.new("RGB", size, colour).save(path)


def shade(kind: int, i: int) -> tuple[int, int, int]:
    """Return the colour of picture i of kind 0 (A) or 1 (B): the second number is i in both."""
    return (200 * kind, 10 * i, 7)


@pytest.fixture
def folders(tmp_path):
    """Two folders with pairs of the same names, endings aside."""
    for i in range(8):
        save(tmp_path / "maps" / f"{i}.png", shade(0, i))
        save(tmp_path / "photos" / "more" / ".." / f"{i}.bmp", shade(1, i))
    (tmp_path / "photos" / "more").rmdir()
    return tmp_path


@pytest.fixture
def halves(tmp_path):
    """Pictures that hold A at the left and B at the right."""
    for part, count in (("train", 6), ("val", 3)):
        for i in range(count):
            pixels = np.zeros((4, 10, 3), "uint8")
            pixels[:, :5], pixels[:, 5:] = shade(0, i), shade(1, i)
            save(tmp_path / part / f"{i}.png", pixels)
    return tmp_path


def decoded(data, split=None):
    """Return images and pictures of a split, in order."""
    batches = [*example_batches(split or data.train, data.spec, 3).once()]
    images = np.concatenate([x["image"].numpy() for x, _, _ in batches])
    return images, np.concatenate([y.numpy() for _, y, _ in batches])


# === unlabelled ===


def test_unlabelled_pictures_are_found_everywhere(tmp_path):
    for i in range(10):
        save(tmp_path / ("deep/er" if i % 2 else ".") / f"{i}.png", shade(0, i))
    data = unlabelled_images(root=str(tmp_path), validation_fraction=0.2, test_fraction=0.1)
    assert [len(s) for s in data.splits.values()] == [7, 2, 1]
    assert data.spec.targets == {} and data.spec.input.shape == (4, 6, 3)
    assert data.notes == (
        f"size: 4 x 6 pixels, as in {tmp_path / '0.png'}.",
        "test: 1 of 10 images held back (seed=0).",
        "validation: 2 of 9 training examples held back (validation_fraction=0.2, seed=0).",
    )
    seen = np.concatenate([decoded(data, s)[0][:, 0, 0, 1] for s in data.splits.values()])
    assert sorted(seen) == [10 * i for i in range(10)]
    ((x, y, weight),) = example_batches(
        data.train, data.spec, 7, seed=1, augment={"flip": {}}
    ).once()
    assert x["image"].shape == (7, 4, 6, 3) and y.shape == weight.shape == (7,)


def test_unlabelled_parts_that_are_given(tmp_path):
    for part, count in (("train", 4), ("valid", 2), ("test", 1)):
        for i in range(count):
            save(tmp_path / part / "class" / f"{i}.png", shade(0, i))
    data = unlabelled_images(root=str(tmp_path), size=(2, 2), channels=1, test_fraction=0.5)
    assert [len(s) for s in data.splits.values()] == [4, 2, 1] and data.notes == ()
    assert decoded(data)[0].shape == (4, 2, 2, 1)


def test_unlabelled_pictures_that_are_refused(tmp_path):
    save(tmp_path / "one" / "1.png", shade(0, 1))
    (tmp_path / "empty").mkdir()
    for arguments, text in (
        ({}, r"data=unlabelled_images: which folder\? Give data.root=FOLDER"),
        ({"root": "nowhere"}, r"data.root: there is no folder 'nowhere'; expected one with your p"),
        ({"root": str(tmp_path / "empty")}, r"data.train: '.*empty' holds no pictures \(.png, .j"),
        ({"root": str(tmp_path / "one")}, r"one': 1 picture; expected at least 2 to train on"),
        (
            {"root": str(tmp_path), "train": "one", "valid": "one"},
            r"data.train and data.valid name the same folder, '.*one'; expected two different",
        ),
        (
            {"train": str(tmp_path), "valid": str(tmp_path / "one")},
            r"data.valid: '.*one' lies in '.*', which is data.train and is searched through",
        ),
    ):
        with pytest.raises(Refused, match=text):
            unlabelled_images(**arguments)
    (tmp_path / "one" / "2.png").write_text("no picture")
    with pytest.raises(Refused, match=r"2\.png: not a png, jpeg, webp, gif or bmp picture"):
        unlabelled_images(root=str(tmp_path / "one"))


# === pairs ===


def test_pairs_of_two_folders(folders):
    data = paired_images(root=str(folders), a="maps", b="photos", validation_fraction=0.25)
    assert [len(s) for s in data.splits.values()] == [6, 2]
    assert data.spec.target.kind == "picture" and not data.spec.target.unpaired
    images, pictures = decoded(data)
    assert images.dtype == pictures.dtype == np.uint8 and images.shape == (6, 4, 6, 3)
    assert (images[..., 0] == 0).all() and (pictures[..., 0] == 200).all()
    np.testing.assert_array_equal(images[..., 1], pictures[..., 1])
    turned = paired_images(root=str(folders), a="maps", b="photos", direction="b_to_a")
    images, pictures = decoded(turned)
    assert (images[..., 0] == 200).all() and (pictures[..., 0] == 0).all()


def test_pairs_side_by_side(halves):
    data = paired_images(root=str(halves))
    assert data.notes == (f"size: 4 x 5 pixels, as in {halves / 'train' / '0.png'}.",)
    images, pictures = decoded(data)
    assert images.shape == (6, 4, 5, 3)
    for i in range(6):
        assert (images[i] == shade(0, i)).all() and (pictures[i] == shade(1, i)).all()
    images, pictures = decoded(paired_images(root=str(halves), direction="b_to_a", size=(8, 6)))
    assert images.shape == pictures.shape == (6, 8, 6, 3)
    assert (images[3] == shade(1, 3)).all() and (pictures[3] == shade(0, 3)).all()


def test_channels_of_both_sides(halves):
    data = paired_images(root=str(halves), channels=1, target_channels=3)
    images, pictures = decoded(data)
    assert images.shape[-1] == 1 and pictures.shape[-1] == 3
    assert data.spec.input.shape == (4, 5, 1) and data.spec.target.shape == (4, 5, 3)
    assert data.encoder.channels == 1


@pytest.mark.parametrize("layout", ["letters", "parts", "sides", "named"])
def test_layouts_of_two_folders(tmp_path, layout):
    place = {
        "letters": lambda part, side: f"{part}{side.upper()}",
        "parts": lambda part, side: f"{part}/{side}",
        "sides": lambda part, side: f"{side}/{part}",
        "named": lambda part, side: f"my {part}/{side}",
    }[layout]
    for part, count in (("train", 5), ("test", 2)):
        for i in range(count):
            for kind, side in enumerate("ab"):
                save(tmp_path / place(part, side) / f"{i}.png", shade(kind, i))
    given = {"root": str(tmp_path)}
    if layout != "letters":
        given |= {"a": "a", "b": "b"}
    if layout == "named":
        given |= {"train": "my train", "test": "my test"}
    data = paired_images(**given, validation_fraction=0.2)
    assert [len(s) for s in data.splits.values()] == [4, 1, 2]
    images, pictures = decoded(data, data.test)
    np.testing.assert_array_equal(images[..., 1], pictures[..., 1])
    if layout != "named":
        assert len(unpaired_images(**given).test) == 2


def test_files_without_a_partner_are_named_and_counted(folders):
    for i in range(12):
        save(folders / "maps" / f"alone{i:02}.png", shade(0, i))
    save(folders / "photos" / "other.png", shade(1, 0))
    given = {"root": str(folders), "a": "maps", "b": "photos"}
    with pytest.raises(Refused) as refused:
        paired_images(**given)
    faults = refused.value.faults
    assert len(faults) == 12
    photos, maps = folders / "photos", folders / "maps"
    assert faults[0] == f"{maps / 'alone00.png'}: no picture of the same name in '{photos}'."
    assert faults[10] == "… and 3 more files without a partner."
    assert faults[11].startswith("13 files without a partner in all; the files of a pair have one")
    data = paired_images(**given, broken="skip")
    assert len(data.train) + len(data.valid) == 8
    assert data.notes[0] == "train: 13 files without a partner were left out."


def test_sizes_that_differ(folders, halves):
    save(folders / "photos" / "3.bmp", shade(1, 3), (12, 8))
    given = {"root": str(folders), "a": "maps", "b": "photos"}
    with pytest.raises(Refused) as refused:
        paired_images(**given)
    maps, photos = folders / "maps", folders / "photos"
    assert refused.value.faults == [
        f"{maps / '3.png'}: 4 x 6 pixels, and its partner {photos / '3.bmp'} has 8 x 12.",
        "Expected both pictures of a pair to have one size; data.size=[HEIGHT,WIDTH] brings them "
        "to one.",
    ]
    assert decoded(paired_images(**given, size=(4, 6)))[1].shape[1:] == (4, 6, 3)
    save(halves / "train" / "odd.png", shade(0, 0), (7, 4))
    with pytest.raises(Refused, match=r"odd\.png: 4 x 7 pixels cannot be cut into two halves"):
        paired_images(train=str(halves / "train"))


def test_pairs_that_are_refused(folders):
    given = {"root": str(folders), "a": "maps", "b": "photos"}
    save(folders / "photos" / "2.png", shade(1, 2))
    for arguments, text in (
        ({}, r"data=paired_images: which folders\? Give data.a=FOLDER and data.b=FOLDER"),
        ({"root": str(folders), "a": "maps"}, r"data.a=maps, and no data.b; give both folders"),
        ({**given, "b": "foto"}, r"data.b: there is no folder 'foto' or '.*foto'\."),
        ({**given, "b": "maps"}, r"data.a \(train\) and data.b \(train\) name the same folder"),
        ({**given, "test": "held"}, r"data.test: there is no folder 'held/maps' or '.*held/maps'"),
        (given, r"photos': .*2\.bmp, .*2\.png: one name with several endings; which is the partn"),
    ):
        with pytest.raises(Refused, match=text):
            paired_images(**arguments)
    (folders / "photos" / "2.png").unlink()
    (folders / "photos" / "5.bmp").write_bytes(b"")
    with pytest.raises(Refused, match=r"5\.bmp: an empty file, not a picture"):
        paired_images(**given)
    data = paired_images(**given, broken="skip")
    assert len(data.train) + len(data.valid) == 7
    (folders / "maps" / "test").mkdir()
    save(folders / "maps" / "test" / "1.png", shade(0, 1))
    with pytest.raises(Refused, match=r"maps/test': the test part of a, and there is none of b"):
        paired_images(**given)


def test_folders_are_looked_for_before_anything_is_loaded(folders):
    keys = dict.fromkeys(("train", "valid", "test", "a", "b"))
    there = {**keys, "name": "paired_images", "root": str(folders), "a": "maps", "b": "photos"}
    assert missing_files(there) == []
    (fault,) = missing_files({**there, "a": "mops"})
    assert fault.startswith("data.a: there is no folder 'mops'")
    assert missing_files({**keys, "name": "unlabelled_images", "root": str(folders)}) == []
    (fault,) = missing_files(
        {"name": "unpaired_images", "root": str(folders), "a": None, "b": None}
    )
    assert fault.startswith(f"data=unpaired_images: '{folders}' has no trainA/ and trainB/. Give ")


# === no pairs ===


@pytest.fixture
def sorts(tmp_path):
    """Eleven pictures A and four B."""
    for kind, (side, count) in enumerate((("A", 11), ("B", 4))):
        for i in range(count):
            save(tmp_path / f"train{side}" / f"{i}.png", shade(kind, i))
    return tmp_path


def beside(data, seed, first, epochs=1):
    """Return the numbers of image and picture in each example of some epochs."""
    batches = example_batches(data.train, data.spec, 4, seed=seed)
    found = batches.endless(first * batches.steps).take(epochs * batches.steps)
    pixels = [(x["image"][:, 0, 0], y[:, 0, 0]) for x, y, _ in found.as_numpy_iterator()]
    images, pictures = (np.concatenate(side) for side in zip(*pixels, strict=True))
    assert set(images[:, 0]) != set(pictures[:, 0]) and len(set(images[:, 0])) == 1
    both = np.stack([images[:, 1] // 10, pictures[:, 1] // 10])
    return np.split(both, epochs, axis=1)


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_the_larger_folder_makes_an_epoch_and_the_other_is_rematched(sorts, direction):
    data = unpaired_images(root=str(sorts), direction=direction, validation_fraction=0.1)
    assert len(data.train) == 10 and len(data.valid) == 1
    assert data.spec.target.unpaired
    assert data.notes[-1] == "train: 10 a and 3 b make 10 examples an epoch."
    epochs = beside(data, 1, 0, 3)
    large, small = (0, 1) if direction == "a_to_b" else (1, 0)
    matches = []
    for epoch in epochs:
        assert len(set(epoch[large])) == 10  # each once
        counts = np.unique(epoch[small], return_counts=True)[1]
        assert len(counts) == 3 and set(counts) <= {3, 4}
        matches.append(dict(zip(epoch[large], epoch[small], strict=True)))
    assert matches[0] != matches[1] != matches[2] != matches[0]
    if direction == "a_to_b":
        np.testing.assert_array_equal(*beside(data, 1, 1), epochs[1])  # going on from there
        assert not np.array_equal(*beside(data, 2, 1), epochs[1])


def test_evaluation_keeps_the_same_pictures_beside_each_other(sorts):
    data = unpaired_images(root=str(sorts), validation_fraction=0.3)
    one, other = decoded(data, data.valid), decoded(data, data.valid)
    np.testing.assert_array_equal(one[1], other[1])
    assert len(one[0]) == 3 and len(np.unique(one[1][:, 0, 0, 1])) == 1


def test_no_picture_is_both_trained_on_and_held_back(sorts):
    data = unpaired_images(root=str(sorts), validation_fraction=0.3, test_fraction=0.2)
    for name in ("image", "picture"):
        parts = [set(split.arrays[name]) for split in data.splits.values()]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
        assert len(set.union(*parts)) == (11 if name == "image" else 4)
    assert [note.split(":")[0] for note in data.notes[1:5]] == ["a", "a", "b", "b"]


def test_sorts_that_are_refused(sorts):
    for arguments, text in (
        ({}, r"data=unpaired_images: which folders\? Give data.a=FOLDER and data.b=FOLDER"),
        ({"root": str(sorts), "a": "trainA", "b": "trainA"}, r"name the same folder, '.*trainA'"),
        ({"a": str(sorts / "trainA"), "b": str(sorts)}, r"trainA' lies in '.*', which is data.b"),
    ):
        with pytest.raises(Refused, match=text):
            unpaired_images(**arguments)
    save(sorts / "testA" / "1.png", shade(0, 1))
    with pytest.raises(Refused, match=r"testA': the test part of a, and there is none of b; exp"):
        unpaired_images(root=str(sorts))


def test_a_field_is_saved_with_what_it_says_of_pairs(sorts):
    import json

    field = unpaired_images(root=str(sorts)).spec.target
    assert _field(json.loads(json.dumps(_field_json(field)))) == field


# === configuration ===


@pytest.mark.parametrize("name", MINE)
def test_yaml_has_every_key_with_its_default_and_a_comment(name):
    text = (CONF / f"{name}.yaml").read_text()
    config = yaml.safe_load(text)
    parameters = dict(inspect.signature(DATA[name]).parameters)
    parameters.pop("seed", None)
    config.pop("defaults", None)
    assert list(config) == ["name", *parameters, *inspect.signature(Batching).parameters]
    doc = inspect.getdoc(DATA[name])
    for key, parameter in parameters.items():
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert f"\n    {key}: " in doc
        default = parameter.default
        if key != "root":
            assert config[key] == (list(default) if isinstance(default, tuple) else default), key
    for line in text.partition("\nname: ")[2].splitlines()[1:]:
        assert not line or "  # " in line, line
