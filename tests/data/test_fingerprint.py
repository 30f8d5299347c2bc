"""Fingerprints of splits: what changes them, and what does not."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from toolkit.data import fingerprint as module
from toolkit.data.fingerprint import fingerprint
from toolkit.data.images.image_folder import image_folder
from toolkit.data.records.shards import Shard, Shards
from toolkit.data.records.tokens import StoredTokens
from toolkit.data.spec import Ragged, Split


@pytest.fixture
def photos(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (2, 2)).save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path / "photos"


def prints(folder, **options):
    splits = image_folder(root=str(folder), validation_fraction=0.2, **options).splits
    return [fingerprint(split) for split in splits.values()]


def test_a_folder_may_be_moved_but_not_gain_or_lose_a_file(photos, tmp_path):
    before = prints(photos)
    assert prints(photos) == before and before[0] != before[1]
    assert not set(prints(photos, seed=1)) & set(before)
    moved = shutil.copytree(photos, tmp_path / "elsewhere" / "pictures")
    assert prints(moved) == before
    (moved / "a" / "3.png").rename(moved / "a" / "33.png")
    assert prints(moved) != before
    (photos / "b" / "9.png").unlink()
    assert not set(prints(photos)) & set(before)


def test_arrays_and_rows_of_differing_length():
    rows = Split({"x": Ragged.from_rows([[1, 2], [3]])})
    assert fingerprint(rows) == fingerprint(Split({"x": Ragged.from_rows([[1, 2], [3]])}))
    assert fingerprint(rows) != fingerprint(Split({"x": Ragged.from_rows([[1], [2, 3]])}))
    series = np.arange(6.0)
    assert fingerprint(Split({"x": series})) != fingerprint(Split({"x": series[::-1]}))
    cut = [fingerprint(Split({"x": series}, rows=rows)) for rows in ((0, 3), (3, 6))]
    assert cut[0] != cut[1]


def test_of_a_large_array_some_rows_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "ENOUGH", 80)
    large = np.arange(1000)
    assert fingerprint(Split({"x": large})) != fingerprint(Split({"x": np.roll(large, 1)}))
    assert fingerprint(Split({"x": large})) != fingerprint(Split({"x": large[:-1]}))


def test_what_lies_on_disk_is_known_by_its_checksums(tmp_path):
    def tokens(checksum, last=5):
        shards = Shards(tmp_path, [Shard("a.tfrecord", 1, 5, 9, checksum)], tmp_path / "a.index")
        return Split({"tokens": StoredTokens(shards, 0, last, np.ones(3, "int64"))})

    assert fingerprint(tokens("1f")) == fingerprint(tokens("1f"))
    assert len({fingerprint(tokens(*given)) for given in (("1f",), ("2e",), ("1f", 4))}) == 3
