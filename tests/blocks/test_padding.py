"""However far a batch of texts is padded, features of its words stay what they are."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from toolkit.blocks import BLOCKS
from toolkit.errors import Refused

CASES = [
    ("conv", {"filters": [3, 4], "kernel": 3}),
    ("conv", {"filters": 3, "kernel": 4, "padding": "valid"}),
    ("conv", {"filters": 3, "kernels": [2, 3, 5]}),
    ("conv", {"filters": [3, 4], "strides": 2, "kernel": 4}),
    ("conv", {"filters": [3, 4, 5], "pool": 2, "normalization": "batch"}),
    ("conv", {"filters": [3, 3], "causal": True, "dilation": 2}),
    ("conv", {"filters": [3, 3], "separable": True}),
    ("pool", {"kind": "max", "size": 3, "strides": 2}),
    ("pool", {"kind": "average", "size": 3}),
    ("pool", {"kind": "auto"}),
    ("pool", {"kind": "global_max"}),
    ("pool", {"kind": "global_average"}),
    ("residual", {"filters": 5, "blocks": 2, "strides": 2}),
    ("residual", {"filters": 5, "blocks": 1, "shortcut": "projection", "bias": True}),
    ("resnet", {"depth": 8, "filters": 2}),
    ("dense", {"units": 3, "normalization": "batch"}),
    ("normalize", {"kind": "batch"}),
]


def texts(length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two texts of 5 and 3 words and their mask, padded to a length with rubbish."""
    x = np.full((2, length, 4), 7.0, "float32")
    mask = np.zeros((2, length), bool)
    for row, words in enumerate((5, 3)):
        x[row, :words] = np.random.default_rng(row).normal(size=(words, 4))
        mask[row, :words] = True
    return x, mask


def network(name: str, options: dict) -> keras.Model:
    x, mask = keras.Input((None, 4)), keras.Input((None,), dtype="bool")
    y = BLOCKS[name](x, mask, **options)
    if isinstance(y, tuple):
        y = y[0] if y[1] is None else list(y)
    return keras.Model([x, mask], y)


def real(result):
    """Return the features of real positions, those of all texts in one array."""
    if isinstance(result, list):
        return np.asarray(result[0])[np.asarray(result[1])]
    return np.asarray(result)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_more_padding_changes_nothing(name, options, training):
    model = network(name, options)
    for layer in model.layers:  # a running mean of 0 would hide a mistake
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(np.full(layer.moving_mean.shape, 0.3))
    results = [model(list(texts(n)), training=training) for n in (5, 6, 7, 12)]
    if not isinstance(results[0], list) and results[0].ndim == 3:
        results = [[r, texts(n)[1]] for r, n in zip(results, (5, 6, 7, 12), strict=True)]
    for result in results[1:]:
        np.testing.assert_allclose(real(result), real(results[0]), atol=1e-5)


@pytest.mark.parametrize("kind", ["global_max", "global_average"])
def test_a_text_without_words_gives_zeros(kind):
    model = network("pool", {"kind": kind})
    y = model([np.ones((1, 3, 4), "float32"), np.zeros((1, 3), bool)])
    np.testing.assert_array_equal(y, np.zeros((1, 4)))


def test_max_of_negative_features_is_not_that_of_the_padding():
    model = network("pool", {"kind": "max", "size": 2})
    x, mask = -np.ones((1, 3, 4), "float32"), np.array([[True, True, True]])
    y, after = model([x, mask])
    np.testing.assert_array_equal(y, -np.ones((1, 2, 4)))
    np.testing.assert_array_equal(after, [[True, True]])


def test_average_does_not_count_padding():
    model = network("pool", {"kind": "average", "size": 2})
    y, _ = model([np.ones((1, 4, 4), "float32"), np.array([[True, True, True, False]])])
    np.testing.assert_allclose(y, np.ones((1, 2, 4)))


def test_group_norm_of_texts_is_refused():
    with pytest.raises(Refused, match="normalization 'group' averages over all positions"):
        network("normalize", {"kind": "group"})
    with pytest.raises(Refused, match="normalization 'group' averages over all positions"):
        network("conv", {"normalization": "group"})


def test_flattening_texts_is_refused():
    with pytest.raises(Refused, match="only what has a fixed size can be flattened"):
        network("pool", {"kind": "flatten"})
