"""Networks that judge images: sizes, numbers of weights, parts, conditions, what is refused."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.blocks.discriminator import PUBLISHED, discriminator
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.models.network import build_network
from toolkit.models.rules import describe

SIZES = [(28, 28), (32, 32), (33, 21), (3, 5)]


def weights(x: object, y: object) -> int:
    """Return the number of weights that are trained."""
    return sum(int(np.prod(v.shape)) for v in keras.Model(x, y).trainable_variables)


@pytest.mark.parametrize("size", SIZES)
def test_shapes(size):
    x = keras.Input((*size, 3))
    half = [-(-n // 2) for n in size]
    quarter = [-(-n // 4) for n in size]
    assert discriminator(x, filters=[4, 3]).shape == (None, quarter[0] * quarter[1] * 3)
    assert discriminator(x, filters=[4, 3], architecture="resnet").shape == (None, 3)
    assert discriminator(x, filters=[4, 3], architecture="patch").shape == (None, *half, 3)


@pytest.mark.parametrize("architecture", ["resnet", "patch"])
def test_images_of_varying_size(architecture):
    x, condition = keras.Input((None, None, 1)), keras.Input((3,))
    options = {"architecture": architecture, "filters": [4, 3], "condition_by": "concatenate"}
    model = keras.Model([x, condition], discriminator(x, condition, **options))
    y = model([np.ones((2, 9, 7, 1), "float32"), np.eye(3, dtype="float32")[:2]])
    assert y.shape == ((2, 3) if architecture == "resnet" else (2, 5, 4, 3))


def test_the_weights_of_a_dcgan():
    x = keras.Input((28, 28, 1))
    y = discriminator(x)
    assert y.shape == (None, 7 * 7 * 128)
    assert weights(x, y) == 16 * 64 + 64 + 16 * 64 * 128 + 2 * 128 == 132_416


def test_the_weights_of_a_patchgan_are_pix2pixs():
    """2,768,705 for a pair of images of three channels, with the last convolution (Isola)."""
    x = keras.Input((256, 256, 6))
    y = discriminator(x, architecture="patch")
    mine = 16 * (6 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 64 + 2 * (128 + 256 + 512)
    assert weights(x, y) == mine
    assert mine + 16 * 512 + 1 == 2_768_705


def test_the_weights_of_a_residual_discriminator():
    """Gulrajani et al., 2017, table 4: two blocks that halve, two that do not."""
    x = keras.Input((32, 32, 3))
    y = discriminator(x, architecture="resnet")
    first = 3 * 128 + 128 + 9 * 3 * 128 + 128 + 9 * 128 * 128 + 128
    two = 2 * (9 * 128 * 128 + 128)
    assert weights(x, y) == first + two + 128 * 128 + 128 + 2 * two


@pytest.mark.parametrize(("entries", "part"), [(2, 16), (3, 34), (4, 70)])
def test_parts_have_the_size_that_is_told(entries, part):
    """How far the pixels lie apart that one judgement of a 4 x 4 convolution depends on."""
    x = keras.Input((160, 160, 1))
    options = {"filters": [2] * entries, "normalization": "none", "init_std": 0.3}
    y = discriminator(x, architecture="patch", **options)
    y = keras.layers.Conv2D(1, 4, padding="same")(y)
    model = keras.Model(x, y)
    image = tf.Variable(np.random.default_rng(0).normal(size=(1, 160, 160, 1)).astype("float32"))
    with tf.GradientTape() as tape:
        judged = model(image)[0, y.shape[1] // 2, y.shape[2] // 2, 0]
    touched = np.argwhere(np.abs(tape.gradient(judged, image)[0, ..., 0]) > 0)
    assert (np.ptp(touched, axis=0) + 1).tolist() == [part, part]


@pytest.mark.parametrize("architecture", list(PUBLISHED))
@pytest.mark.parametrize("condition_by", ["embedding", "concatenate"])
def test_a_condition_changes_the_judgement(architecture, condition_by):
    condition = keras.Input((10,))
    options = {"architecture": architecture, "filters": [6, 6], "normalization": "none"}
    body = [{"discriminator": {**options, "condition_by": condition_by, "init_std": 0.3}}]
    field = {"image": Field("image", (9, 8, 2))}
    inputs, features = build_network(field, body=body, condition=condition)
    assert features.layout == ("grid" if architecture == "patch" else "vector")
    model = keras.Model([*inputs.values(), condition], features.x)
    one = np.random.default_rng(0).normal(size=(1, 9, 8, 2)).astype("float32")
    told = model([np.repeat(one, 10, axis=0), np.eye(10, dtype="float32")]).numpy()
    assert all(np.abs(told[0] - other).max() > 1e-4 for other in told[1:])

    entry, without = build_network(field, body=body)
    more = model.count_params() - keras.Model(*entry.values(), without.x).count_params()
    channel = (9 + 1) * 6 if architecture == "resnet" else 16 * 6
    assert more == (10 * channel if condition_by == "concatenate" else 10 * 9 * 8 + channel)


def test_an_embedding_of_images_of_varying_size_is_refused():
    with pytest.raises(Refused, match="these images vary in size; use condition_by: concatenate"):
        discriminator(keras.Input((None, 8, 1)), keras.Input((3,)), architecture="patch")


def test_a_layer_norm_is_over_the_whole_image():
    x = keras.Input((8, 8, 1))
    options = {"filters": [3, 4], "normalization": "layer", "activation": "linear"}
    model = keras.Model(x, discriminator(x, **options))
    images = np.random.default_rng(0).normal(size=(5, 8, 8, 1)).astype("float32")
    features = keras.Model(x, model.layers[-3].output)(images)
    assert features.shape == (5, 2, 2, 4)
    flat = np.reshape(features, (5, -1)).astype("float64")
    spread = np.sqrt(flat.var(axis=1, keepdims=True) + 1e-3)
    wanted = (flat - flat.mean(axis=1, keepdims=True)) / spread
    np.testing.assert_allclose(model(images), wanted, atol=1e-5)


def test_the_gradient_of_a_gradient_reaches_every_kernel():
    """As the gradient penalty of Wasserstein GANs needs it."""
    for options in (
        {"normalization": "layer"},
        {"architecture": "resnet", "normalization": "instance"},
        {"architecture": "patch", "normalization": "group", "spectral_normalization": True},
    ):
        x = keras.Input((8, 8, 1))
        y = discriminator(x, filters=[4, 4], **options)
        if len(y.shape) == 4:
            y = keras.layers.Flatten()(y)
        model = keras.Model(x, keras.layers.Dense(1)(y))
        images = tf.constant(np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32"))
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(images)
                judged = model(images, training=True)
            slope = inner.gradient(judged, images)
            norm = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=(1, 2, 3)))
            penalty = tf.reduce_mean(tf.square(norm - 1))
        kernels = [v for v in model.trainable_variables if v.name == "kernel"]
        for gradient in outer.gradient(penalty, kernels):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0


def test_the_largest_singular_values_become_one():
    x = keras.Input((8, 8, 2))
    options = {"filters": [5, 6], "normalization": "none", "spectral_normalization": True}
    model = keras.Model(x, discriminator(x, init_std=0.5, **options))
    image = np.ones((1, 8, 8, 2), "float32")
    before = model(image, training=False)
    np.testing.assert_array_equal(model(image, training=False), before)
    for _ in range(50):
        model(image, training=True)
    kernels = [v.numpy() for v in model.trainable_variables if v.name == "kernel"]
    assert len(kernels) == 2
    for kernel in kernels:
        largest = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
        np.testing.assert_allclose(largest, 1, rtol=0.02)


def test_the_first_convolution_has_no_normalisation():
    for architecture, filters in (("dcgan", [4, 5, 6]), ("patch", [4, 5, 6])):
        x = keras.Input((16, 16, 3))
        layers = keras.Model(x, discriminator(x, architecture=architecture, filters=filters)).layers
        names = [type(layer).__name__ for layer in layers]
        assert names[1:6] == [
            "Conv2D", "Activation", "Conv2D", "BatchNormalization", "Activation"
        ]  # fmt: skip
        convolutions = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]
        assert [layer.use_bias for layer in convolutions] == [True, False, False]


def test_the_slope_below_zero():
    x = keras.Input((1, 1, 1))
    model = keras.Model(x, discriminator(x, filters=[1], kernel=1))
    model.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    images = np.array([-5.0, 5.0], "float32").reshape(2, 1, 1, 1)
    np.testing.assert_allclose(model(images)[:, 0], [-1.0, 5.0])


def test_what_is_known_of_it_without_tensorflow():
    assert describe("image", [{"discriminator": {}}]).gives == "vector"
    assert describe("image", [{"discriminator": {"architecture": "patch"}}]).gives == "grid"
    with pytest.raises(Refused, match="'discriminator' reads grid; an input of kind 'tokens'"):
        describe("tokens", [{"discriminator": {}}])
    with pytest.raises(Refused, match="architecture 'patch' has no residual_blocks; leave them o"):
        describe("image", [{"discriminator": {"architecture": "patch", "residual_blocks": 1}}])
    with pytest.raises(Refused, match="block 'discriminator': architecture 'dcgan' has no residua"):
        discriminator(keras.Input((8, 8, 1)), residual_blocks=1)
    with pytest.raises(Refused, match="dcgan reads images of one fixed height and width, and the"):
        discriminator(keras.Input((None, 8, 1)))


def test_the_texts_of_options_name_the_defaults():
    text = " ".join(discriminator.__doc__.split())
    lists = [str(PUBLISHED[name].filters) for name in ("dcgan", "resnet", "patch")]
    assert f"Null: {lists[0]}, {lists[1]} and {lists[2]}, in the order" in text
