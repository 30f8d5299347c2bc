"""Image data sets: what they hold, and what they say of bad files."""

from __future__ import annotations

import gzip
import inspect
import os
import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from toolkit.data import DATA
from toolkit.data.batching import Batching
from toolkit.data.damage import naming_damage
from toolkit.data.files.named_files import missing_files
from toolkit.data.images import pictures
from toolkit.data.images.cifar10 import CLASSES, cifar10
from toolkit.data.images.digits import digits
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.images.image_folder import image_folder
from toolkit.data.images.mnist import fashion_mnist, mnist, read_idx
from toolkit.data.images.unlabelled_images import unlabelled_images
from toolkit.data.pipeline import example_batches
from toolkit.data.synthetic import synthetic
from toolkit.data.tfds import tfds
from toolkit.errors import Refused

CONF = Path(__file__).resolve().parents[2] / "conf" / "data"
MINE = ["digits", "mnist", "fashion_mnist", "cifar10", "image_folder", "synthetic", "tfds"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep downloads of other runs out of sight, and the network out of reach."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def idx(array: np.ndarray) -> bytes:
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes((0, 0, 8, array.ndim)) + shape + array.astype("uint8").tobytes()


@pytest.fixture
def idx_root(tmp_path):
    """A folder with a small set in MNIST's form."""
    random = np.random.default_rng(0)
    folder = tmp_path / "fashion_mnist"
    folder.mkdir()
    for part, n in (("train", 30), ("t10k", 7)):
        images = idx(random.integers(0, 256, (n, 28, 28)))
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(n) % 10))
    return tmp_path


@pytest.fixture
def shapes(tmp_path):
    """Folders of small pictures: red and blue, of several formats."""
    for part, n in (("train", 6), ("val", 2), ("test", 2)):
        for name, colour in (("blue", (0, 0, 255)), ("red", (255, 0, 0))):
            folder = tmp_path / part / name
            folder.mkdir(parents=True)
            for i in range(n):
                ending = ("png", "bmp", "gif", "jpg")[i % 4]
                Image.new("RGB", (6, 4), colour).save(folder / f"{i}.{ending}")
    return tmp_path


def one(split, i=0):
    """Decode one example as the pipeline does."""
    import tensorflow as tf

    row = {name: tf.constant(array[i : i + 1])[0] for name, array in split.arrays.items()}
    return {name: value.numpy() for name, value in split.decode(row).items()}


# === what the sets hold ===


def test_mnist(data_root):
    data = mnist(root=str(data_root))
    assert [len(s) for s in data.splits.values()] == [54_000, 6_000, 10_000]
    image = data.test.arrays["image"]
    assert image.shape == (10_000, 28, 28, 1) and image.dtype == np.uint8
    assert data.test.arrays["label"][:5].tolist() == [7, 2, 1, 0, 4]
    assert data.test.arrays["label"].dtype == np.int32
    assert data.notes == (
        "validation: 6,000 of 60,000 training examples held back "
        "(validation_fraction=0.1, seed=0).",
    )
    assert data.spec.target.classes == tuple("0123456789")


def test_validation_part_depends_on_the_seed_alone(idx_root):
    def held(seed):
        return fashion_mnist(root=str(idx_root), seed=seed).valid.arrays["image"]

    np.testing.assert_array_equal(held(1), held(1))
    assert not np.array_equal(held(1), held(2))
    data = fashion_mnist(root=str(idx_root), validation_fraction=0.5)
    assert (len(data.train), len(data.valid), len(data.test)) == (15, 15, 7)
    assert data.spec.target.classes[9] == "Ankle boot"


def test_digits():
    data = digits(seed=3)
    assert [len(s) for s in data.splits.values()] == [1293, 144, 360]
    assert data.train.arrays["image"].max() == 255
    np.testing.assert_array_equal(data.test.arrays["image"], digits(seed=4).test.arrays["image"])


def test_cifar10_subset_is_said_to_be_one(data_root):
    data = cifar10(root=str(data_root))
    assert [len(s) for s in data.splits.values()] == [3600, 400, 1000]
    assert data.test.arrays["label"][:4].tolist() == [3, 8, 8, 0]  # cat, ship, ship, airplane
    assert data.notes[0].startswith(
        "cifar10: a SUBSET of 4,000 of 50,000 training and 1,000 of 10,000 test images"
    )
    assert data.notes[0].endswith("not comparable with published results.")


def test_cifar10_zip_holds_the_same_photographs(data_root):
    lossless = cifar10(root=str(data_root)).test.arrays
    zipped = cifar10(root=str(data_root), layout="zip").test.arrays
    cats = [arrays["image"][arrays["label"] == 3][0].astype(float) for arrays in (lossless, zipped)]
    assert np.abs(cats[0] - cats[1]).mean() < 12  # the zip's are jpeg


def write_batches(folder, names, n=3):
    random = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for name in names:
        records = random.integers(0, 256, (n, 3073), "uint8")
        records[:, 0] %= 10
        (folder / name).write_bytes(records.tobytes())


def test_cifar10_whole_set_and_planes(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    write_batches(folder, [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"])
    (folder / "batches.meta.txt").write_text("\n".join(CLASSES))
    data = cifar10(root=str(tmp_path))
    assert (len(data.train) + len(data.valid), len(data.test)) == (15, 3)
    raw = np.frombuffer((folder / "test_batch.bin").read_bytes(), "uint8").reshape(3, 3073)
    image = data.test.arrays["image"][1]
    assert image[2, 5].tolist() == [raw[1, 1 + plane * 1024 + 2 * 32 + 5] for plane in range(3)]


def test_cifar10_folders(tmp_path):
    for part in ("train", "test"):
        for name in CLASSES:
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(3):
                Image.new("RGB", (32, 32), (i, 0, 0)).save(tmp_path / part / name / f"{i}.jpg")
    data = cifar10(root=str(tmp_path))
    assert data.spec.target.classes == CLASSES
    assert [len(s) for s in data.splits.values()] == [27, 3, 30]


@pytest.mark.parametrize("kind", ["image", "tokens", "series", "table"])
def test_synthetic_can_be_learned(kind):
    data = synthetic(kind=kind, examples=400, classes=3, noise=0.5)
    assert [len(s) for s in data.splits.values()] == [400, 80, 80]

    def vectors(split):
        if kind != "tokens":
            return np.asarray(split.arrays[kind], "float64").reshape(len(split), -1)
        count = len(data.spec.input.vocabulary)
        return np.stack([np.bincount(row, minlength=count) for row in split.arrays[kind]])

    x, y = vectors(data.train), data.train.arrays["label"]
    if kind == "tokens":  # words of a class have ids of one remainder
        x = np.stack([x[:, 2 + c :: 3].sum(1) for c in range(3)], 1)
        xt = np.stack([vectors(data.test)[:, 2 + c :: 3].sum(1) for c in range(3)], 1)
    else:
        xt = vectors(data.test)
    means = np.stack([x[y == c].mean(0) for c in range(3)])
    guess = np.argmin(((xt[:, None] - means) ** 2).sum(-1), -1)
    assert (guess == data.test.arrays["label"]).mean() > 0.85
    again = synthetic(kind=kind, examples=400, classes=3, noise=0.5).train.arrays[kind]
    first = data.train.arrays[kind]
    np.testing.assert_array_equal(getattr(first, "values", first), getattr(again, "values", again))


# === picture files ===


def test_image_folder(shapes):
    data = image_folder(root=str(shapes))
    assert data.spec.target.classes == ("blue", "red")
    assert data.spec.input.shape == (4, 6, 3)
    assert [len(s) for s in data.splits.values()] == [12, 4, 4]
    assert data.notes == (f"size: 4 x 6 pixels, as in {shapes / 'train' / 'blue' / '0.png'}.",)
    for i in range(12):
        row = one(data.train, i)
        expected = [0, 0, 255] if row["label"] == 0 else [255, 0, 0]
        assert row["image"].dtype == np.uint8 and row["image"].shape == (4, 6, 3)
        assert np.abs(row["image"].astype(int) - expected).max() <= 2


@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
def test_size_channels_and_resize(shapes, resize):
    data = image_folder(root=str(shapes), size=(8, 8), channels=1, resize=resize)
    image = one(data.train)["image"]
    assert image.shape == (8, 8, 1)
    assert image.max() == 29  # blue in grey
    assert (image.min() == 0) == (resize == "pad")


def test_crop_takes_the_middle(tmp_path):
    pixels = np.zeros((4, 8, 3), "uint8")
    pixels[:, 2:6] = 200
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(2):
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    data = image_folder(root=str(tmp_path), size=(4, 4), resize="crop", channels=1)
    assert (one(data.train)["image"] >= 199).all()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
def test_pictures_of_every_mode(tmp_path, mode):
    for ending in ("png", "bmp") if mode in ("L", "RGBA") else ("png",):
        path = tmp_path / f"x.{ending}"
        Image.new("L", (3, 2), 255).convert(mode).save(path)
        for channels in (1, 3):
            image = one(ImageEncoder((2, 3), channels).encode([path]))["image"]
            assert image.shape == (2, 3, channels) and (image == 255).all()


def test_grey_pictures_are_not_changed_on_the_way(tmp_path):
    pixels = np.arange(256, dtype="uint8").reshape(16, 16)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    image = one(ImageEncoder((16, 16), 1).encode([tmp_path / "x.png"]))["image"]
    np.testing.assert_array_equal(image[..., 0], pixels)


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_pictures(tmp_path, lossless):
    pixels = Image.effect_noise((9, 7), 50).convert("RGBA")
    pixels.save(tmp_path / "x.webp", lossless=lossless)
    expected = np.asarray(Image.open(tmp_path / "x.webp").convert("RGB"))
    image = one(ImageEncoder((7, 9), 3).encode([tmp_path / "x.webp"]))["image"]
    np.testing.assert_array_equal(image, expected)
    assert one(ImageEncoder((7, 9), 1).encode([tmp_path / "x.webp"]))["image"].shape == (7, 9, 1)


def test_jfif_pictures_are_jpegs(shapes):
    red = shapes / "train" / "red"
    (red / "3.jpg").rename(red / "3.jfif")
    assert len(image_folder(root=str(shapes)).train) == 12


def test_one_folder_is_carved(shapes):
    data = image_folder(root=str(shapes / "train"), validation_fraction=0.25, test_fraction=0.25)
    assert [len(s) for s in data.splits.values()] == [7, 2, 3]
    everything = np.concatenate([s.arrays["image"] for s in data.splits.values()])
    assert len(set(everything)) == 12
    assert data.notes[1] == "test: 3 of 12 images held back (seed=0)."


def test_nothing_to_validate_on(shapes):
    train = str(shapes / "train")
    for load in (image_folder, unlabelled_images):
        with pytest.raises(Refused) as refused:
            load(root=train, validation_fraction=0.0)
        assert refused.value.faults == [
            "data.validation_fraction: 0, and there is no folder of validation pictures beside "
            f"'{train}'; the best epoch is chosen on these: give either."
        ]
    assert len(image_folder(root=str(shapes), validation_fraction=0.0).valid) == 4


def test_folders_by_key(shapes):
    data = image_folder(train=str(shapes / "train"), valid=str(shapes / "test"))
    assert data.test is None and len(data.valid) == 4
    data = image_folder(root=str(shapes), train="val", valid="test", test="train")
    assert [len(s) for s in data.splits.values()] == [4, 4, 12]


def test_encoder_round_trip(shapes):
    encoder = image_folder(root=str(shapes), size=(5, 7), resize="pad").encoder
    again = ImageEncoder.from_json(encoder.to_json())
    assert again == encoder and again.size == (5, 7)
    split = again.encode([shapes / "train" / "red" / "0.png"])
    assert len(split) == 1 and one(split)["image"].shape == (5, 7, 3)


def test_pipeline_decodes_and_augments(shapes):
    data = image_folder(root=str(shapes))
    steps = {"flip": {"vertical": True}, "crop": {"padding": 1}, "mixup": None}
    batches = example_batches(data.train, data.spec, 5, seed=1, augment=steps)
    ((x, y, weight), *_) = batches.once()
    assert x["image"].shape == (5, 4, 6, 3) and x["image"].dtype == "uint8"
    assert y.shape == (5, 2) and weight.shape == (5,)


# === bad input ===


def test_a_png_that_is_a_text_file(shapes):
    bad = shapes / "train" / "red" / "7.png"
    bad.write_text("I am no picture.")
    (shapes / "train" / "red" / "8.jpg").write_bytes(b"")
    (shapes / "train" / "red" / "9.jpg").write_bytes(b"\0" * 100)
    with pytest.raises(Refused) as refused:
        image_folder(root=str(shapes))
    assert refused.value.faults == [
        f"{bad}: not a png, jpeg, webp, gif or bmp picture: it starts with b'I am no picture.'.",
        f"{bad.with_name('8.jpg')}: an empty file, not a picture.",
        f"{bad.with_name('9.jpg')}: not a png, jpeg, webp, gif or bmp picture: it starts with "
        f"{bytes(16)!r}.",
        "Remove these files, or set data.broken=skip to leave them out.",
    ]
    data = image_folder(root=str(shapes), broken="skip")
    assert len(data.train) == 12
    assert data.notes[0] == f"{shapes / 'train'}: 3 files that are no pictures were left out."
    with pytest.raises(Refused, match="it starts with b'I am no picture.'"):
        data.encoder.encode([bad])


def test_pictures_of_kinds_that_cannot_be_read_are_counted(shapes):
    train = shapes / "train"
    for name in ("blue/8.tiff", "red/8.HEIC", "red/9.tiff"):
        (train / name).write_bytes(b"anything")
    left = "3 pictures of a kind that cannot be read (.heic, .tiff)"
    note = f"{train}: left out: {left}; save them as png or jpeg."
    assert image_folder(root=str(shapes)).notes[0] == note
    assert unlabelled_images(root=str(shapes)).notes[0] == note


def test_a_class_of_pictures_that_cannot_be_read_is_refused(shapes):
    for folder, name in (("train", "green"), ("val", "grey")):
        (shapes / folder / name).mkdir()
        (shapes / folder / name / "1.tif").write_bytes(b"anything")
    with pytest.raises(Refused) as refused:
        image_folder(root=str(shapes))
    assert refused.value.faults == [
        f"'{shapes / 'train' / 'green'}': 1 picture of a kind that cannot be read (.tif), and no "
        "other.",
        "Save these as png or jpeg, or remove the folders.",
    ]
    with pytest.raises(Refused, match=r"grey' holds no pictures .* There is: 1 picture of a kind"):
        unlabelled_images(root=str(shapes / "val" / "grey"))


def test_links_that_lead_back_are_not_followed(shapes, tmp_path):
    red = shapes / "train" / "red"
    more = tmp_path / "elsewhere" / "more"
    more.mkdir(parents=True)
    Image.new("RGB", (6, 4), (255, 0, 0)).save(more / "7.png")
    for name, target in (("all", shapes), ("up", red.parent), ("other", red.parent / "blue")):
        (red / name).symlink_to(target)
    for name in ("more", "again"):
        (red / name).symlink_to(more)
    (more / "round").symlink_to(more)
    data = image_folder(root=str(red.parent), validation_fraction=0.2)
    paths = [os.path.realpath(p) for s in data.splits.values() for p in s.arrays["image"]]
    assert len(paths) == len(set(paths)) == 13
    assert len(unlabelled_images(train=str(red.parent), size=(4, 6)).train) == 12


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "gif", "bmp"])
def test_a_cut_off_picture_is_named(shapes, ending):
    path = shapes / "train" / "red" / f"7.{ending}"
    Image.effect_noise((40, 40), 50).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[:-150])
    with pytest.raises(Refused, match=rf"7\.{ending}: a damaged picture: "):
        image_folder(root=str(shapes))


def test_damage_in_the_middle_is_found_by_the_full_check(shapes):
    path = shapes / "train" / "red" / "7.png"
    Image.effect_noise((40, 40), 50).save(path)
    data = path.read_bytes()
    path.write_bytes(data[:200] + bytes(40) + data[240:])
    dataset = image_folder(root=str(shapes))
    assert len(dataset.train) == 13
    with pytest.raises(Refused, match=r"7\.png: a damaged picture: "):
        image_folder(root=str(shapes), check="full")
    with (
        pytest.raises(Refused, match=r"7\.png: a damaged picture: "),
        naming_damage(dataset.splits.values()),
    ):
        list(example_batches(dataset.train, dataset.spec, 4).once())


def test_a_bmp_with_a_palette_is_named(tmp_path):
    for mode in ("1", "P"):
        path = tmp_path / f"{mode}.bmp"
        Image.effect_noise((9, 9), 50).convert("RGB").convert(mode).save(path)
        with pytest.raises(Refused, match=r"a bmp picture with a palette .*; save it as png\."):
            ImageEncoder((9, 9), 3).encode([path])


def test_an_animated_webp_is_named(tmp_path):
    first = Image.effect_noise((9, 9), 50).convert("RGB")
    first.save(tmp_path / "x.webp", save_all=True, append_images=[first.rotate(90)])
    with pytest.raises(Refused, match=r"an animated webp picture; save it as gif or png\."):
        ImageEncoder((9, 9), 3).encode([tmp_path / "x.webp"])


def test_many_bad_files_are_counted(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(14)]
    with pytest.raises(Refused) as refused:
        pictures.refuse(pictures.faults(paths), "Do something.")
    assert len(refused.value.faults) == 12
    assert refused.value.faults[0] == f"{paths[0]}: cannot be read: No such file or directory."
    assert refused.value.faults[-2] == "… and 4 more files that are no pictures."


def test_folders_that_cannot_be_trained_on(tmp_path, shapes):
    for arguments, text in (
        ({}, r"which folder\? Give data.root=FOLDER, with train/<class>/ or <class>/ in it"),
        (
            {"root": "nowhere"},
            r"data.root: there is no folder 'nowhere'; expected one with",
        ),
        ({"train": "nowhere"}, r"data.train: there is no folder 'nowhere'"),
        ({"root": str(shapes / "train" / "red")}, r"red': no subfolders; expected one for each cl"),
    ):
        with pytest.raises(Refused, match=text):
            image_folder(**arguments)
    empty = tmp_path / "empty"
    (empty / "a").mkdir(parents=True)
    (empty / "b").mkdir()
    with pytest.raises(Refused, match=r"empty': its 2 subfolders hold no pictures \(.png, .jpg"):
        image_folder(root=str(empty))
    Image.new("RGB", (2, 2)).save(empty / "a" / "1.png")
    with pytest.raises(Refused, match=r"empty': one class only, 'a'; expected two or more"):
        image_folder(root=str(empty))


def test_a_class_that_training_has_not(shapes):
    (shapes / "val" / "rad").mkdir()
    Image.new("RGB", (2, 2)).save(shapes / "val" / "rad" / "1.png")
    with pytest.raises(Refused, match=r"rad': training has no class 'rad'\. Did you mean red\?"):
        image_folder(root=str(shapes))


def test_damaged_idx_files(tmp_path, idx_root):
    folder = idx_root / "fashion_mnist"
    images, labels = folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte"
    whole, names = images.read_bytes(), labels.read_bytes()
    images.write_bytes(whole[:2000])
    with pytest.raises(Refused, match=r"images-idx3-ubyte\.gz: a damaged or truncated gzip file"):
        fashion_mnist(root=str(idx_root))
    images.write_bytes(gzip.compress(gzip.decompress(whole)[:-1]))
    with pytest.raises(Refused, match=r"its header says 30 x 28 x 28 bytes, and 23,519 follow"):
        fashion_mnist(root=str(idx_root))
    images.write_bytes(b"a text file, not digits")
    with pytest.raises(Refused, match="not an idx file of 3 dimensions: expected it to start with"):
        fashion_mnist(root=str(idx_root))
    images.write_bytes(whole)
    labels.write_bytes(idx(np.zeros(29)))
    with pytest.raises(Refused, match=r"has 30 images, .* 29 labels"):
        fashion_mnist(root=str(idx_root))
    labels.write_bytes(idx(np.full(30, 77)))
    with pytest.raises(Refused, match=r"a label 77; expected 0 to 9"):
        fashion_mnist(root=str(idx_root))
    labels.write_bytes(b"")
    with pytest.raises(Refused, match="not an idx file of 1 dimensions"):
        read_idx(labels, 1)
    labels.write_bytes(names)
    assert len(fashion_mnist(root=str(idx_root)).test) == 7


def test_damaged_cifar10(tmp_path):
    names = ["data_batch_1_first4000.bin", "test_batch_first1000.bin"]
    write_batches(tmp_path / "cifar10", names)
    path = tmp_path / "cifar10" / names[0]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Refused, match=r"9,218 bytes are no whole number of records of 3,073"):
        cifar10(root=str(tmp_path))
    path.write_bytes(bytes([11]) * 3073)
    with pytest.raises(Refused, match="a label 11; expected 0 to 9"):
        cifar10(root=str(tmp_path))
    with pytest.raises(Refused, match=r"data.layout=folders: no train/<class>/ and test/<class>/"):
        cifar10(root=str(tmp_path), layout="folders")
    (tmp_path / "cifar10" / "cifar10_jpeg_subset.zip").write_text("not a zip")
    with pytest.raises(Refused, match=r"cifar10_jpeg_subset.zip: damaged \(File is not a zip"):
        cifar10(root=str(tmp_path), layout="zip")


# === TensorFlow Datasets ===


def test_tfds_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(Refused, match=r"needs the package tensorflow-datasets, .* extra \[tfds\]"):
        tfds(dataset="mnist")


@pytest.fixture
def package(monkeypatch):
    """A stand-in for TensorFlow Datasets with one small set."""

    class NotFound(ValueError):
        pass

    class Builder:
        info = types.SimpleNamespace(
            features={
                "image": None,
                "text": None,
                "label": types.SimpleNamespace(names=["cat", "dog"]),
            },
            splits={"train": None, "test": None},
        )

        def download_and_prepare(self):
            pass

        def as_dataset(self, split, shuffle_files):
            if split.partition("[")[0] not in self.info.splits:
                raise ValueError("unknown split")
            random, n = np.random.default_rng(0), 10 if split == "train" else 4
            side = 5 if split != "train[:1]" else None
            texts = [b"A good one!", b"the bad, bad film"]
            return [
                {
                    "text": texts[i % 2],
                    "image": random.integers(0, 256, (side or 3 + i, 6, 3), "uint8"),
                    "label": i % 2,
                }
                for i in range(n)
            ]

    def builder(name, data_dir):
        if name != "pets":
            raise NotFound(name)
        return Builder()

    module = types.SimpleNamespace(
        builder=builder,
        as_numpy=lambda rows: rows,
        list_builders=lambda: ["pets", "cars"],
        core=types.SimpleNamespace(DatasetNotFoundError=NotFound),
    )
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)


def test_tfds(package):
    data = tfds(dataset="pets", validation_fraction=0.2)
    assert data.spec.input.shape == (5, 6, 3) and data.spec.target.classes == ("cat", "dog")
    assert [len(s) for s in data.splits.values()] == [8, 2, 4]
    assert tfds(dataset="pets", size=(2, 3), test=None).train.arrays["image"].shape[1:] == (2, 3, 3)
    for arguments, text in (
        ({"dataset": "pest"}, r"data.dataset: no 'pest' in TensorFlow Datasets. Did you mean pets"),
        ({"input_feature": "imgae"}, r"no feature 'imgae'. Did you mean image\?"),
        ({"test": "tset"}, r"data.test: no split 'tset' \(unknown split\). There is: train, test"),
        ({"train": "train[:1]"}, r"the images have 4 different sizes; give one"),
    ):
        with pytest.raises(Refused, match=text):
            tfds(**{"dataset": "pets", **arguments})


def test_splits_of_tfds_are_no_files():
    assert missing_files({"name": "tfds", "root": None, "train": "train", "test": "test"}) == []


def test_tfds_texts(package):
    data = tfds(dataset="pets", kind="tokens", vocabulary_size=5, max_length=3)
    assert data.spec.input.vocabulary == ("<pad>", "<unk>", "a", "good", "one")
    assert data.test.arrays["tokens"].lengths.tolist() == [3, 3, 3, 3]
    assert data.encoder.encode(["Good dog"]).arrays["tokens"][0].tolist() == [3, 1]


# === configuration ===


@pytest.mark.parametrize("name", MINE)
def test_yaml_has_every_key_with_its_default_and_a_comment(name):
    text = (CONF / f"{name}.yaml").read_text()
    config = yaml.safe_load(text)
    parameters = dict(inspect.signature(DATA[name]).parameters)
    seed = parameters.pop("seed")
    assert seed.default == 0
    batching = list(inspect.signature(Batching).parameters)
    config.pop("defaults", None)
    assert list(config) == ["name", *parameters, *batching]
    doc = inspect.getdoc(DATA[name])
    for key, parameter in parameters.items():
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert f"\n    {key}: " in doc
        if key != "root" and parameter.default is not parameter.empty:
            assert config[key] == parameter.default, key
    for line in text.partition("\nname: ")[2].splitlines()[1:]:
        assert not line or "  # " in line, line
