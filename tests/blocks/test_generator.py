"""Networks that make images: sizes, numbers of weights, conditions, and what is refused."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from toolkit.blocks import facts, with_defaults
from toolkit.blocks.generator import PUBLISHED, generator
from toolkit.blocks.image_layers import ImageLayers
from toolkit.blocks.image_residual import reflecting
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.models.network import build_network
from toolkit.models.rules import describe

SIZES = [(28, 28), (32, 32), (33, 21), (3, 5)]


def picture(height: int | None, width: int | None, channels: int = 3) -> Field:
    return Field("picture", (height, width, channels), "uint8")


def weights(x: object, y: object) -> int:
    """Return the number of weights that are trained."""
    return sum(int(np.prod(v.shape)) for v in keras.Model(x, y).trainable_variables)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("upsampling", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize("architecture", ["dcgan", "resnet"])
def test_an_image_of_noise_has_the_size_that_is_asked_for(size, upsampling, architecture):
    x = keras.Input((5,))
    options = {"architecture": architecture, "upsampling": upsampling, "filters": [4, 3, 2]}
    y = generator(x, None, picture(*size), **options)
    assert y.shape == (None, *size, 2)
    assert keras.Model(x, y)(np.ones((2, 5), "float32")).shape == (2, *size, 2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("upsampling", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize(("architecture", "channels"), [("unet", 2), ("translator", 4)])
def test_an_image_of_an_image_has_its_size(size, upsampling, architecture, channels):
    x = keras.Input((*size, 3))
    options = {"architecture": architecture, "upsampling": upsampling, "filters": [4, 3, 5]}
    y = generator(x, None, picture(*size), **options)
    assert y.shape == (None, *size, channels)
    assert keras.Model(x, y)(np.ones((2, *size, 3), "float32")).shape == (2, *size, channels)


def test_the_weights_of_a_dcgan():
    x = keras.Input((100,))
    y = generator(x, None, picture(28, 28))
    norms = 2 * (128 + 128 + 64)
    assert weights(x, y) == 100 * 7 * 7 * 128 + 16 * 128 * 128 + 16 * 128 * 64 + norms == 1_021_056


def test_the_weights_of_a_dcgan_as_published():
    """Radford et al., figure 1: 4 x 4 x 1024, doubled four times; the last gives the image."""
    x = keras.Input((100,))
    y = generator(x, None, picture(32, 32), filters=[1024, 512, 256], kernel=5, init_std=0.02)
    dense, norms = 100 * 4 * 4 * 1024, 2 * (1024 + 1024 + 512 + 256)
    convolutions = 25 * (1024 * 1024 + 1024 * 512 + 512 * 256)
    assert weights(x, y) == dense + convolutions + norms


def test_the_weights_of_a_residual_generator():
    x = keras.Input((128,))
    y = generator(x, None, picture(32, 32), architecture="resnet", filters=[256, 256, 256])
    dense = 128 * 4 * 4 * 256
    block = 256 * 256 + 2 * 9 * 256 * 256 + 2 * 2 * 256  # beside, two convolutions, two norms
    assert weights(x, y) == dense + 3 * block + 2 * 256


def test_the_weights_of_a_unet():
    x = keras.Input((64, 64, 3))
    y = generator(x, architecture="unet")
    down = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 64 + 512 + 2 * (128 + 256)
    up = 16 * (512 * 256 + 512 * 128 + 256 * 64 + 128 * 32) + 2 * (256 + 128 + 64 + 32)
    assert weights(x, y) == down + up == 6_231_296


def test_the_weights_of_a_translator_are_cyclegans():
    """11,378,179 with offsets, affine norms left out, and the last 7 x 7 convolution (Zhu)."""
    x = keras.Input((256, 256, 3))
    y = generator(x, architecture="translator")
    around = 49 * 3 * 64 + 2 * 9 * (64 * 128 + 128 * 256)
    kernels = around + 18 * 9 * 256 * 256
    norms = 2 * (64 + 128 + 256 + 18 * 256 + 128 + 64)
    assert weights(x, y) == kernels + norms
    offsets = norms // 2
    assert kernels + offsets + 49 * 64 * 3 + 3 == 11_378_179


@pytest.mark.parametrize("architecture", list(PUBLISHED))
def test_kernels_start_as_published(architecture):
    vector = architecture in ("dcgan", "resnet")
    x = keras.Input((16,) if vector else (16, 16, 3))
    options = {"filters": [32, 32], "residual_blocks": 1 if architecture == "translator" else None}
    goal = picture(16, 16)
    for init_std in (None, 0.1):
        y = generator(x, None, goal, architecture=architecture, init_std=init_std, **options)
        kernels = [v.numpy() for v in keras.Model(x, y).variables if v.name == "kernel"]
        assert len(kernels) >= 3
        wanted = init_std or PUBLISHED[architecture].init_std
        for kernel in kernels:
            if wanted is None:  # Glorot and Bengio, 2010: uniform within this
                *window, read, given = kernel.shape
                bound = np.sqrt(6 / (np.prod(window) * (read + given)))
                assert 0.9 * bound < np.abs(kernel).max() <= bound
            else:
                np.testing.assert_allclose(kernel.std(), wanted, rtol=0.1)
        sames = [k for k in kernels if k.shape == kernels[-1].shape]
        assert all(not np.array_equal(k, kernels[-1]) for k in sames[:-1]), "kernels start alike"


@pytest.mark.parametrize("architecture", list(PUBLISHED))
@pytest.mark.parametrize("condition_by", ["embedding", "concatenate"])
def test_a_condition_changes_the_image(architecture, condition_by):
    vector = architecture in ("dcgan", "resnet")
    field = Field("code", (6,)) if vector else Field("image", (9, 8, 2))
    condition = keras.Input((10,))
    options = {"architecture": architecture, "filters": [8, 8], "normalization": "none"}
    body = [{"generator": {**options, "condition_by": condition_by, "init_std": 0.3}}]
    known = {"body": body, "goal": picture(9, 8)}
    inputs, features = build_network({"x": field}, condition=condition, **known)
    assert features.layout == "grid"
    (x,) = inputs.values()
    model = keras.Model([x, condition], features.x)
    one = np.random.default_rng(0).normal(size=(1, *field.shape)).astype("float32")
    images = model([np.repeat(one, 10, axis=0), np.eye(10, dtype="float32")]).numpy()
    assert all(np.abs(images[0] - other).max() > 1e-4 for other in images[1:])

    inputs, without = build_network({"x": field}, **known)
    more = weights([x, condition], features.x) - weights(*inputs.values(), without.x)
    first = 3 * 2 * 8 if vector else (49 if architecture == "translator" else 16) * 8
    if condition_by == "concatenate":
        assert more == 10 * first
    else:
        assert more == (10 * 50 + 50 * first if vector else 10 * 9 * 8 + first)


def test_units_of_a_condition():
    x, condition = keras.Input((6,)), keras.Input((10,))
    y = generator(x, condition, picture(8, 8), filters=[4], condition_units=7)
    (embedding,) = [
        v.numpy() for v in keras.Model([x, condition], y).variables if v.shape == (10, 7)
    ]
    assert 0.7 < embedding.std() < 1.3  # as strong as the noise


def test_a_unet_sees_the_image_at_every_size():
    """Without its innermost convolution it still tells where a pixel was."""
    x = keras.Input((16, 16, 1))
    y = generator(
        x, architecture="unet", filters=[4, 4, 4], normalization="none", init_std=0.3, dropout=0
    )
    model = keras.Model(x, y)
    halves = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    halves = [layer for layer in halves if type(layer) is keras.layers.Conv2D]
    assert [layer.strides for layer in halves] == [(2, 2)] * 3
    halves[-1].kernel.assign(np.zeros(halves[-1].kernel.shape))
    image = np.zeros((2, 16, 16, 1), "float32")
    image[1, 3, 12] = 1
    far = np.abs(np.diff(model(image), axis=0)[0]).max(-1)
    assert far[2:5, 11:14].max() > 1e-3
    np.testing.assert_array_equal(far[12:, :4], np.zeros((4, 4)))


@pytest.mark.parametrize(("entries", "dropped"), [(1, 0), (2, 1), (4, 3), (6, 3)])
def test_a_unets_dropout_is_in_the_innermost_on_the_way_up(entries, dropped):
    x = keras.Input((64, 64, 3))
    y = generator(x, architecture="unet", filters=[4] * entries)
    layers = keras.Model(x, y).layers
    rates = [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.5] * dropped


def test_mirrored_borders_leave_no_mark():
    x = keras.Input((6, 5, 1))
    layers = ImageLayers(3, "none", "linear")
    model = keras.Model(x, reflecting(x, 1, 7, layers))
    assert model.output_shape == (None, 6, 5, 1)
    flat = model(np.ones((1, 6, 5, 1), "float32")).numpy()
    np.testing.assert_allclose(flat, np.full_like(flat, flat[0, 0, 0, 0]), rtol=1e-5)


def test_largest_singular_values_become_one():
    x = keras.Input((8,))
    y = generator(x, None, picture(8, 8), filters=[6, 4], spectral_normalization=True, init_std=0.5)
    model = keras.Model(x, y)
    noise = np.random.default_rng(0).normal(size=(4, 8)).astype("float32")
    for _ in range(50):
        model(noise, training=True)
    kernels = [v.numpy() for v in model.trainable_variables if v.name == "kernel"]
    assert len(kernels) == 3
    for kernel in kernels:
        largest = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
        np.testing.assert_allclose(largest, 1, rtol=0.02)


def test_what_is_known_of_it_without_tensorflow():
    for architecture in PUBLISHED:
        vector = architecture in ("dcgan", "resnet")
        body = [{"generator": {"architecture": architecture}}]
        shape = describe("code" if vector else "image", body)
        assert (shape.reads, shape.gives) == ("vector" if vector else "grid", "grid")
    with pytest.raises(Refused, match="'generator' reads grid; an input of kind 'code' gives vec"):
        describe("code", [{"generator": {"architecture": "unet"}}])
    with pytest.raises(Refused, match="architecture 'unet' has no residual_blocks of its own; lea"):
        describe("image", [{"generator": {"architecture": "unet", "residual_blocks": 3}}])


def test_the_texts_of_options_name_the_defaults():
    """The docstring's numbers are those of the table."""
    text = " ".join(generator.__doc__.split())
    lists = [str(PUBLISHED[name].filters) for name in ("dcgan", "resnet", "unet", "translator")]
    assert f"Null: {', '.join(lists[:3])} and {lists[3]}, in the order" in text
    options = with_defaults(generator, {"architecture": "unet"})
    assert facts("generator").reads(options) == ("grid",)


def test_what_cannot_be_made_is_refused():
    noise, image = keras.Input((4,)), keras.Input((8, 8, 3))
    with pytest.raises(Refused, match="block 'generator' makes an image of a vector, and what it"):
        generator(noise)
    with pytest.raises(Refused, match="unet gives an image of the size that it reads, 8 x 8; the"):
        generator(image, None, picture(16, 16), architecture="unet")
    with pytest.raises(Refused, match="translator reads images of one fixed height and width"):
        generator(keras.Input((None, None, 3)), architecture="translator")
    with pytest.raises(Refused, match="block 'generator': architecture 'dcgan' has no residual_bl"):
        generator(noise, None, picture(8, 8), residual_blocks=2)
