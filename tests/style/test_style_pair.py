"""The two pictures of style transfer, found and brought to a size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from two_pictures import files, pair

import toolkit
from toolkit.data.pipeline import example_batches
from toolkit.errors import Refused


def test_each_keeps_its_own_size(tmp_path):
    data = pair(tmp_path)
    assert data.spec.input.shape == (12, 16, 3) and data.spec.target.shape == (10, 20, 3)
    assert len(data.train) == 4 and len(data.valid) == 1 and data.test is None
    batches = example_batches(data.train, data.spec, 1, seed=1)
    found = files(tmp_path)
    for x, y, _ in batches.endless().take(5):
        np.testing.assert_array_equal(x["image"][0], np.asarray(Image.open(found["content"])))
        np.testing.assert_array_equal(y[0], np.asarray(Image.open(found["style"])))


def test_sizes(tmp_path):
    both = pair(tmp_path, size=(6, 8))
    assert both.spec.input.shape == both.spec.target.shape == (6, 8, 3)
    apart = pair(tmp_path, size=(6, 8), style_size=(5, 4), channels=1)
    assert apart.spec.input.shape == (6, 8, 1) and apart.spec.target.shape == (5, 4, 1)


def test_a_crop_is_the_middle(tmp_path):
    cropped = pair(tmp_path, size=(12, 16), style_size=(10, 10)).train.decode({})["style"]
    style = np.asarray(Image.open(files(tmp_path)["style"]))
    np.testing.assert_array_equal(cropped, style[:, 5:15])


def test_names_below_the_root_and_two_that_come_along(tmp_path):
    files(tmp_path)
    options = {"root": str(tmp_path), "content": "style.png"}
    assert toolkit.load_data("style_pair", **options).spec.input.shape == (10, 20, 3)
    usual = toolkit.load_data("style_pair")
    assert usual.spec.input.shape == usual.spec.target.shape == (427, 640, 3)
    assert any("china.jpg, 427 x 640 pixels" in note for note in usual.notes)


def test_what_is_no_picture(tmp_path):
    found = files(tmp_path)
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(Refused) as refusal:
        toolkit.load_data("style_pair", content="none.png", style=str(tmp_path / "text.png"))
    missing, wrong = refusal.value.faults
    assert missing.startswith("data.content: there is no file 'none.png'; expected a picture")
    assert wrong.startswith("data.style: ") and "not a png, jpeg, webp, gif or bmp picture" in wrong
    whole = (tmp_path / "content.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Refused, match="a damaged picture"):
        toolkit.load_data("style_pair", **found | {"content": str(tmp_path / "cut.png")})
