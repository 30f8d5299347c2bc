"""Blocks of autoencoders: sizes, numbers of weights, what is cut off, and draws."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.blocks.image_decoder import image_decoder
from toolkit.blocks.image_encoder import image_encoder
from toolkit.blocks.normalize import normalize
from toolkit.blocks.sampling import sampling
from toolkit.blocks.sampling_layer import Sampling
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.models.network import build_network
from toolkit.models.rules import describe

SIZES = [(28, 28), (32, 32), (33, 21), (1, 5)]


def picture(height: int | None, width: int | None, channels: int = 1) -> Field:
    return Field("picture", (height, width, channels), "uint8")


@pytest.mark.parametrize(
    ("kernel", "downsampling", "upsampling"),
    [(3, "strides", "transposed"), (4, "max_pool", "nearest"), (2, "average_pool", "bilinear")],
)
@pytest.mark.parametrize("size", SIZES)
def test_a_decoder_gives_the_size_that_an_encoder_read(size, downsampling, upsampling, kernel):
    x = keras.Input((*size, 2))
    code = image_encoder(x, filters=[3, 4, 5], kernel=kernel, downsampling=downsampling)
    assert code.shape[1:3] == tuple(-(-n // 8) for n in size)
    y = image_decoder(code, picture(*size), filters=[4, 3, 2], kernel=kernel, upsampling=upsampling)
    assert y.shape == (None, *size, 2)
    vector = keras.Input((6,))
    y = image_decoder(vector, picture(*size), filters=[4, 3], kernel=kernel, upsampling=upsampling)
    assert y.shape == (None, *size, 3)
    assert keras.Model(vector, y)(np.ones((2, 6), "float32")).shape == (2, *size, 3)


def test_an_autoencoder_has_the_weights_of_kerass_example():
    """Of the convolutional autoencoder at keras.io: 28,353 with its last convolution."""
    inputs, code = build_network(
        {"image": Field("image", (28, 28, 1), "uint8")},
        body=[{"image_encoder": {"filters": [32, 32], "downsampling": "max_pool"}}],
    )
    assert code.layout == "grid" and code.x.shape == (None, 7, 7, 32)
    entry, features = build_network(
        {"code": Field("code_grid", (7, 7, 32))},
        body=[{"image_decoder": {"filters": [32, 32], "upsampling": "transposed"}}],
        goal=picture(28, 28),
    )
    head = keras.layers.Conv2D(1, 3, activation="sigmoid", padding="same")
    image = head(features.x)
    assert image.shape == (None, 28, 28, 1)
    decoder = keras.Model(entry, image)
    whole = keras.Model(inputs, decoder(code.x))
    assert whole.count_params() == (9 + 1) * 32 + 3 * (9 * 32 + 1) * 32 + 9 * 32 + 1 == 28_353


def test_a_variational_autoencoder_has_the_weights_of_kerass_example():
    """Of the one at keras.io: 69,076 in the encoder and 65,089 in the decoder."""
    body = [
        {"image_encoder": {}},
        {"pool": {"kind": "flatten"}},
        {"dense": {"units": 16}},
        {"sampling": {}},
    ]
    inputs, code = build_network({"image": Field("image", (28, 28, 1), "uint8")}, body=body)
    assert code.x.shape == code.latent[0].shape == (None, 2)
    encoder = keras.Model(inputs, [code.x, *code.latent])
    counted = sum(int(np.prod(v.shape)) for v in encoder.trainable_variables)
    assert counted == 320 + (9 * 32 + 1) * 64 + (7 * 7 * 64 + 1) * 16 + 2 * 17 * 2 == 69_076
    known = {"body": [{"image_decoder": {}}], "goal": picture(28, 28)}
    entry, features = build_network({"code": Field("code", (2,))}, **known)
    head = keras.layers.Conv2D(1, 3, padding="same")
    decoder = keras.Model(entry, head(features.x))
    dense, convolutions = 3 * 7 * 7 * 64, (9 * 64 + 1) * 64 + (9 * 64 + 1) * 32
    # Keras's last layer is a transposed convolution of one step, with as many weights.
    assert decoder.count_params() == dense + convolutions + 9 * 32 + 1 == 65_089


def test_what_is_cut_off_lies_on_all_sides():
    """4 x 4 doubled thrice is 32 x 32; of that the middle 28 x 28 are left."""
    x = keras.Input((3,))
    whole = keras.Model(x, image_decoder(x, picture(32, 32), filters=[2, 2, 2]))
    x = keras.Input((3,))
    part = keras.Model(x, image_decoder(x, picture(28, 27), filters=[2, 2, 2]))
    part.set_weights(whole.get_weights())
    code = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.testing.assert_array_equal(part(code), whole(code)[:, 2:30, 2:29])


def test_a_doubling_by_copies_is_what_it_says():
    x = keras.Input((2, 2, 1))
    y = image_decoder(x, filters=[1], kernel=1, upsampling="nearest", activation="linear")
    model = keras.Model(x, y)
    model.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    grid = np.array([[1.0, 2.0], [3.0, 4.0]], "float32").reshape(1, 2, 2, 1)
    np.testing.assert_allclose(
        model(grid)[0, ..., 0], [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    )


def test_images_of_varying_size():
    x = keras.Input((None, None, 1))
    y = image_decoder(image_encoder(x), picture(None, None))
    assert keras.Model(x, y)(np.ones((1, 8, 12, 1), "float32")).shape == (1, 8, 12, 32)


@pytest.mark.parametrize("goal", [None, picture(None, 28)])
def test_a_vector_without_a_size_is_refused(goal):
    with pytest.raises(Refused, match="'image_decoder' makes an image of a vector, and what it"):
        image_decoder(keras.Input((3,)), goal)


@pytest.mark.parametrize("filters", [[4], [4, 4, 4]])
def test_a_decoder_that_does_not_lead_to_the_image_is_refused(filters):
    with pytest.raises(Refused, match="an image of 28 x 28 begins .*what comes before it gives 7"):
        image_decoder(keras.Input((7, 7, 3)), picture(28, 28), filters=filters)


def test_instance_normalisation_is_that_of_each_channel_of_each_image():
    x = keras.Input((5, 4, 3))
    model = keras.Model(x, normalize(x, kind="instance", epsilon=1e-5))
    images = np.random.default_rng(0).normal(3, 2, size=(2, 5, 4, 3)).astype("float32")
    mean, spread = images.mean((1, 2), keepdims=True), images.std((1, 2), keepdims=True)
    np.testing.assert_allclose(model(images), (images - mean) / spread, atol=1e-4)


def test_instance_normalisation_that_has_no_meaning_is_refused():
    with pytest.raises(Refused, match="and a vector has one; use batch, layer or rms"):
        normalize(keras.Input((3,)), kind="instance")
    with pytest.raises(Refused, match="normalization 'instance' averages over all positions"):
        normalize(keras.Input((None, 3)), keras.Input((None,), dtype="bool"), kind="instance")
    with pytest.raises(Refused, match="block 'normalize': instance normalisation averages over"):
        describe("tokens", [{"recurrent": {}}, {"normalize": {"kind": "instance"}}])


def test_what_is_known_of_them_without_tensorflow():
    body = [{"image_encoder": {}}, {"pool": {"kind": "flatten"}}, {"sampling": {}}]
    shape = describe("image", body)
    assert (shape.reads, shape.gives, shape.samples, shape.causal) == (
        "grid",
        "vector",
        True,
        False,
    )
    assert not describe("image", [*body, {"dense": {}}]).samples
    assert describe("code", [{"dense": {}}, {"image_decoder": {}}]).gives == "grid"
    assert describe("code_grid", [{"image_decoder": {}}]).reads == "grid"
    with pytest.raises(Refused, match="block 'image_encoder' reads grid; an input of kind 'code'"):
        describe("code", [{"image_encoder": {}}])


def test_draws_have_the_mean_and_variance_that_were_learned():
    x = keras.Input((3,))
    given = sampling(x, units=2, seed=5)
    model = keras.Model(x, [given.x, *given.latent])
    z, mean, log_variance = model(np.tile([[0.3, -1.0, 2.0]], (20_000, 1)).astype("float32"))
    noise = (z - mean) / np.exp(log_variance / 2)
    np.testing.assert_allclose(np.mean(noise, 0), [0, 0], atol=0.03)
    np.testing.assert_allclose(np.var(noise, 0), [1, 1], atol=0.05)
    assert abs(np.corrcoef(noise, rowvar=False)[0, 1]) < 0.03


def test_gradients_reach_mean_and_variance():
    layer = Sampling(seed=1)
    mean, log_variance = tf.Variable([[1.0, -2.0]]), tf.Variable([[0.5, 3.0]])
    with tf.GradientTape() as tape:
        z = layer((mean, log_variance))
    to_mean, to_log_variance = tape.gradient(z, [mean, log_variance])
    np.testing.assert_allclose(to_mean, [[1.0, 1.0]])
    np.testing.assert_allclose(to_log_variance, (z - mean) / 2, rtol=1e-5)


def test_the_state_of_the_noise_is_among_the_variables():
    x = keras.Input((2,))
    model = keras.Model(x, sampling(x, seed=3).x)
    batch = np.ones((4, 2), "float32")
    first = model(batch, training=False)
    state = [np.array(v) for v in model.variables]
    second = model(batch, training=False)
    assert not np.allclose(first, second), "the same noise twice"
    for variable, value in zip(model.variables, state, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(model(batch, training=False), second)


def test_large_variances_stay_finite_in_half_precision():
    z = Sampling(seed=1, dtype="mixed_float16")((np.zeros((1, 4)), np.full((1, 4), 12.0)))
    assert z.dtype == "float16" and np.isfinite(z).all() and np.abs(z).max() > 100
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        given = sampling(keras.Input((3,)))
    finally:
        keras.config.set_dtype_policy(before)
    assert {t.dtype for t in given.latent} == {"float32"} and given.x.dtype == "float16"


def test_a_sequences_draws_keep_its_mask():
    mask = keras.Input((4,), dtype="bool")
    given = sampling(keras.Input((4, 3)), mask, units=5)
    assert given.mask is mask and given.x.shape == given.latent[0].shape == (None, 4, 5)
