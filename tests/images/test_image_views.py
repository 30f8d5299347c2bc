"""What is shown of networks that make images."""

from __future__ import annotations

import io

import numpy as np
import pytest
import small_images as small
from google.protobuf import text_format
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.util import tensor_util

from toolkit.data.spec import Field
from toolkit.training.loggers.views.codes import drawn
from toolkit.training.loggers.views.drawn import columns
from toolkit.training.loggers.views.reconstructions import lines, pictures, table
from toolkit.training.loggers.views.traversals import plane, varied, ways_between
from toolkit.training.sheet import GAP, as_bytes, colours, folded, sheet


def events(folder):
    """Return pictures and names of scalars, by tag."""
    images, scalars = {}, set()
    for path in sorted((folder / "tensorboard").glob("events*")):
        for event in LegacyEventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.tag.startswith("samples/"):
                    png = tensor_util.make_ndarray(value.tensor).tolist()[2]
                    pixels = np.asarray(Image.open(io.BytesIO(png)))
                    images.setdefault(value.tag, []).append(pixels)
                elif value.tag.startswith(("epoch/", "step/")):
                    scalars.add(value.tag)
    return images, scalars


def test_a_game_shows_each_class_in_a_row_and_both_networks_figures(runs):
    images, scalars = events(runs["game"])
    assert [*images] == ["samples/drawn"] and len(images["samples/drawn"]) == 3
    first, *_, last = images["samples/drawn"]
    assert first.shape == last.shape and (first != last).any()
    assert last.shape[0] == 3 * (40 + GAP) + GAP
    figures = {"loss", "discriminator_loss", "discriminator_accuracy"}
    figures |= {"gradient_norm", "discriminator_gradient_norm"}
    assert {f"{part}/{name}" for part in ("epoch", "step") for name in figures} <= scalars


def test_a_code_of_two_numbers_shows_its_plane_and_its_points(runs):
    images, _ = events(runs["variational"])
    names = ("reconstructions", "drawn", "traversals", "interpolations", "codes")
    assert {*images} == {f"samples/{name}" for name in names}
    assert images["samples/traversals"][0].shape == (15 * 42 + 2, 15 * 42 + 2, 3)
    assert images["samples/interpolations"][0].shape[0] == 2 * 42 + 2  # five examples: two pairs
    assert images["samples/reconstructions"][0].shape[0] == 2 * 42 + 2


def test_what_was_read_stands_between_original_and_reconstruction(runs):
    images, _ = events(runs["denoising"])
    assert {*images} == {"samples/reconstructions"}
    pixels = images["samples/reconstructions"][-1]
    assert pixels.shape[0] == 3 * 42 + 2
    rows = [pixels[GAP + i * 42 : i * 42 + 42, -42:-GAP, 0][2::5, 2::5] for i in range(3)]
    original = small.pictures().valid.arrays["image"][-1, ..., 0]
    np.testing.assert_array_equal(rows[0], original)
    gone = (rows[1] == 0) & (original > 0)
    assert 0.1 < gone.mean() < 0.7
    np.testing.assert_array_equal(rows[1][~gone], original[~gone])


@pytest.mark.parametrize(("name", "width"), [("variational", 2), ("denoising", 8)])
def test_the_projector_has_codes_with_classes_and_images(runs, name, width):
    folder = runs[name] / "tensorboard"
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (found,) = config.embeddings
    assert list(found.tensor_shape) == [30, width]
    codes = np.fromfile(folder / found.tensor_path, "float32").reshape(30, width)
    assert len(np.unique(codes, axis=0)) > 1
    assert (folder / found.metadata_path).read_text().splitlines() == [*small.CLASSES] * 10
    assert list(found.sprite.single_image_dim) == [8, 8]
    square = np.asarray(Image.open(folder / found.sprite.image_path))
    assert square.shape == (48, 48, 3)  # six by six, of which thirty are taken
    expected = small.pictures().valid.arrays["image"][7, ..., 0]
    np.testing.assert_array_equal(square[8:16, 8:16, 0], expected)


def test_a_sheet_has_each_image_at_its_place():
    images = np.arange(6, dtype="uint8")[:, None, None, None] * np.ones((6, 2, 3, 1), "uint8")
    picture = sheet(folded(images, 4))
    assert picture.shape == (2 * (2 + GAP) + GAP, 4 * (3 + GAP) + GAP, 3)
    assert (picture[GAP : GAP + 2, GAP : GAP + 3] == 0).all()
    assert (picture[4 + GAP : 6 + GAP, 5 + GAP : 8 + GAP] == 5).all()
    assert (picture[4 + GAP :, 10 + GAP :] == 255).all(), "nothing is there"
    large = sheet([list(images[:1])], ["a name that is much longer than there is room for it"], 5)
    assert large.shape[0] == 4 + 2 * GAP and large.shape[1] < 180


def test_channels_become_colours():
    assert colours(np.full((1, 1, 1), 0.5)).tolist() == [[[128, 128, 128]]]
    assert colours(np.array([[[1, 2]]], "uint8")).tolist() == [[[1, 1, 1]]]
    assert colours(np.array([[[1, 2, 3, 4]]], "uint8")).tolist() == [[[1, 2, 3]]]
    assert as_bytes(np.array([-1.0, 2.0])).tolist() == [0, 255]


def test_ways_through_codes():
    ways = varied(np.array([5.0, 6.0, 7.0], "float32"), 3)
    assert ways.shape == (3, 3, 3)
    assert ways[1].tolist() == [[5, -3, 7], [5, 0, 7], [5, 3, 7]]
    assert varied(np.zeros(30, "float32"), 9).shape == (10, 9, 30)
    assert plane(3)[0].tolist() == [[-3, 3], [0, 3], [3, 3]], "the second number grows upwards"
    between = ways_between(np.array([[0.0], [2.0], [4.0]]), 3)
    assert between.tolist() == [[[0], [1], [2]]]
    assert columns(28) == 10 and columns(256) == 4 and columns(5000) == 2


def test_rows_and_windows_that_are_given_back():
    field = Field("table", (2,), names=("a", "b"))
    parts = {"original": np.array([[1.0, 2.0]]), "reconstruction": np.array([[1.5, 2.5]])}
    assert table(parts, field).splitlines()[2] == "| a=1 b=2 | a=1.5 b=2.5 |"
    wave = np.sin(np.arange(20.0)).reshape(1, 20, 1)
    picture = lines({"original": wave, "reconstruction": wave / 2}, Field("series", (20, 1)))
    assert picture.ndim == 3 and (picture < 255).any()
    image = {"original": np.full((2, 4, 4, 1), 0.5), "reconstruction": np.ones((2, 4, 4, 1))}
    assert pictures(image, Field("image", (4, 4, 1))).shape[0] == 2 * 42 + 2


def test_points_are_drawn_with_and_without_classes():
    codes = np.random.default_rng(0).normal(size=(50, 2))
    plain = drawn(codes, None, (), 1)
    named = drawn(codes, np.arange(50) % 12, [str(i) for i in range(12)], 1)
    assert plain.shape == named.shape and (plain != named).any()
