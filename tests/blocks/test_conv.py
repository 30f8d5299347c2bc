"""Convolutions: where windows lie, and what is refused."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from toolkit.blocks.conv import conv
from toolkit.blocks.options import Activation, Initializer
from toolkit.blocks.pool import pool
from toolkit.blocks.residual import residual
from toolkit.blocks.resnet import resnet
from toolkit.errors import Refused


def test_causal_convolutions_do_not_look_ahead():
    x = keras.Input((8, 2))
    y, _ = conv(x, filters=[3, 3], kernel=3, dilation=2, causal=True)
    model = keras.Model(x, y)
    a = np.random.default_rng(0).normal(size=(1, 8, 2)).astype("float32")
    b = a.copy()
    b[:, 5:] += 1
    np.testing.assert_array_equal(model(a)[:, :5], model(b)[:, :5])
    assert not np.allclose(model(a)[:, 5:], model(b)[:, 5:])


def test_a_masked_convolution_of_real_words_is_kerass():
    x, mask = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    y, _ = conv(x, mask, filters=4, kernel=3, activation="linear")
    model = keras.Model([x, mask], y)
    layer = keras.layers.Conv1D(4, 3, padding="same")
    layer.build((None, None, 3))
    layer.set_weights(model.get_weights())
    words = np.random.default_rng(0).normal(size=(2, 7, 3)).astype("float32")
    np.testing.assert_allclose(model([words, np.ones((2, 7), bool)]), layer(words), atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_small_images_are_no_error(size):
    x = keras.Input((size, size, 1))
    y, _ = conv(x, filters=[2, 3, 4], kernel=5, padding="valid", pool=2)
    y, _ = pool(y, kind="average", size=3)
    assert all(n >= 1 for n in y.shape[1:])


def test_images_of_varying_size():
    x = keras.Input((None, None, 1))
    y, _ = conv(x, filters=[2, 3], kernel=3, padding="valid", pool=2)
    y, _ = pool(y)
    model = keras.Model(x, y)
    assert model(np.ones((1, 1, 9, 1), "float32")).shape == (1, 3)


def test_causal_images_are_refused():
    with pytest.raises(Refused, match="causal needs one axis in time; the input has 2"):
        conv(keras.Input((8, 8, 1)), causal=True)


def test_separable_volumes_are_refused():
    with pytest.raises(Refused, match="separable is for one or two axes; the input has 3"):
        conv(keras.Input((8, 8, 8, 1)), separable=True)


def test_neighbours_in_a_vector_are_refused():
    with pytest.raises(Refused, match="a vector has no neighbouring positions for kind 'max'"):
        pool(keras.Input((8,)), kind="max")


def test_the_pad_shortcut_has_no_weights():
    x = keras.Input((4, 4, 2))
    y, _ = residual(x, filters=5, blocks=1, strides=2)
    model = keras.Model(x, y)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    image = np.random.default_rng(0).uniform(size=(1, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(model(image)[..., :2], image[:, ::2, ::2], atol=1e-6)
    np.testing.assert_array_equal(model(image)[..., 2:], np.zeros((1, 2, 2, 3)))


def test_options_that_a_large_residual_network_has_not_are_refused():
    with pytest.raises(Refused, match="depth 50 is KerasHub's network.*leave out l2"):
        resnet(keras.Input((224, 224, 3)), depth=50, l2=0.1)
    with pytest.raises(Refused, match="depth 50 reads images"):
        resnet(keras.Input((224, 3)), depth=50)


def test_the_shared_names_are_kerass():
    for name in Activation.__args__:
        keras.activations.get(name)
    for name in Initializer.__args__:
        keras.initializers.get(name)
