"""Networks that compute again what they did not keep: the same numbers, and what cannot be."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.models import rematerialize as module
from toolkit.models.network import build_network
from toolkit.models.rematerialize import rematerialize
from toolkit.models.segments import segments_of

WORDS = ("<pad>", "<unk>", *"abcdef")
TEXT = Field("tokens", (None,), "int32", vocabulary=WORDS, special={"pad": 0, "end": 2})
IMAGE = Field("image", (8, 8, 1), "uint8")
STACK = {"units": 8, "layers": 2, "heads": 2, "dropout": 0.2, "attention_dropout": 0.2}
BERT = {"layers": 2, "units": 8, "heads": 2, "intermediate": 16, "dropout": 0.2}
BODIES = {
    "decoder": (TEXT, [{"decoder": STACK}]),
    "encoder with rotary positions": (TEXT, [{"encoder": {**STACK, "positions": "rotary"}}]),
    "attention": (TEXT, [{"attention": {"units": 8, "heads": 2, "dropout": 0.2}}] * 3),
    "bert": (TEXT, [{"backbone": BERT}]),
    "deberta": (TEXT, [{"backbone": {**BERT, "family": "deberta"}}]),
    "recurrent": (TEXT, [{"recurrent": {"units": 8, "layers": 3, "dropout": 0.2}}]),
    "conv": (IMAGE, [{"conv": {"filters": [4] * 3, "normalization": "batch", "dropout": 0.2}}]),
    "resnet": (IMAGE, [{"resnet": {"depth": 8}}]),
    "resnet of KerasHub": (IMAGE, [{"resnet": {"depth": 18}}]),
}


@pytest.fixture
def again(monkeypatch):
    """Give a list that grows by each segment that will be computed again."""
    segments = []

    def noted(segment, given):
        segments.append(segment)
        return original(segment, given)

    original = module.recomputed
    monkeypatch.setattr(module, "recomputed", noted)
    return segments


def trained(field, body, rematerialized, *, jit=False, steps=2):
    """Return losses, and all variables, those of generators too, after a few steps."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    inputs, features = build_network({"x": field}, body=body, stem={"tokens": {"units": 8}})
    x = features.x
    if features.layout == "grid":
        x = layers.Flatten()(x)
    elif features.layout == "sequence":
        x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, layers.Dense(3, dtype="float32")(x))
    if rematerialized:
        rematerialize([model])
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit)
    draw = np.random.default_rng(0)
    if field is TEXT:
        batch = draw.integers(1, len(WORDS), (4, 9)).astype("int32")
        batch[2, 5:] = 0
    else:
        batch = draw.integers(0, 256, (4, *field.shape)).astype("uint8")
    losses = [model.train_on_batch({"x": batch}, np.ones((4, 3), "float32")) for _ in range(steps)]
    return losses, [variable.numpy() for variable in model.variables]


def assert_alike(field, body, *, tolerance=1e-4, **options):
    (losses, kept), (others, computed) = (
        trained(field, body, rematerialized, **options) for rematerialized in (False, True)
    )
    np.testing.assert_allclose(others, losses, rtol=tolerance)
    assert any("int" in str(values.dtype) for values in kept) or field is IMAGE
    for one, other in zip(kept, computed, strict=True):
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance)


SLOW = ("attention", "deberta", "encoder with rotary positions", "recurrent", "resnet of KerasHub")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in BODIES]
)
def test_the_numbers_are_those_without(name, again):
    field, body = BODIES[name]
    assert_alike(field, body)
    assert again


@pytest.mark.parametrize("name", ["conv", pytest.param("decoder", marks=pytest.mark.slow)])
def test_it_holds_for_steps_that_xla_compiles(name, again):
    assert_alike(*BODIES[name], jit=True)
    assert again


@pytest.mark.parametrize("name", ["decoder", pytest.param("resnet", marks=pytest.mark.slow)])
def test_it_holds_in_half_precision(name, again):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert_alike(*BODIES[name], tolerance=0.02)
    finally:
        keras.config.set_dtype_policy("float32")
    assert again


def test_masks_are_handed_on_between_layers(again):
    keras.utils.set_random_seed(0)
    entry = keras.Input((None,), dtype="int32")
    x = layers.Embedding(9, 4, mask_zero=True)(entry)
    for _ in range(4):
        x = layers.Dense(4)(layers.Dense(32, "relu")(layers.Dense(32)(x)))
    model = keras.Model(entry, layers.GlobalAveragePooling1D()(x))
    batch, gradients = np.array([[3, 1, 0, 0], [2, 5, 4, 7]]), []
    for _ in range(2):

        @tf.function(autograph=False)
        def gradient():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(model(batch, training=True) ** 2)
            return tape.gradient(loss, [v.value for v in model.trainable_variables[1:]])

        gradients.append(gradient())
        rematerialize([model])
    assert again
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)


def test_segments_are_the_whole_network_and_keep_little_of_it():
    x = entry = keras.Input((16, 8))
    for _ in range(8):
        x = layers.Add()([x, layers.Dense(8)(layers.Dense(64, "relu")(layers.Dense(64)(x)))])
    segments = segments_of(keras.Model(entry, x))
    assert sum(len(segment.nodes) for segment in segments) == 8 * 4
    assert len(segments) > 4
    assert all(tensor.shape[-1] == 8 for segment in segments for tensor in segment.outputs)


def test_evaluation_is_as_it_was(again):
    entry = keras.Input((4,))
    x = layers.BatchNormalization()(layers.Dropout(0.5)(layers.Dense(5, "relu")(entry)))
    model = keras.Model(entry, layers.Dense(2)(layers.Dense(5, "relu")(layers.Dense(5)(x))))
    batch = np.ones((3, 4), "float32")
    before = model(batch).numpy()
    rematerialize([model])
    np.testing.assert_array_equal(model(batch, training=False).numpy(), before)
    assert not again


class Noisy(layers.Layer):
    """Draws from TensorFlow's own generator."""

    def call(self, x):
        return keras.ops.relu(x + tf.random.normal(tf.shape(x)))


class Elsewhere(layers.Layer):
    """Draws from a generator that is not a layer's."""

    def call(self, x):
        return keras.ops.relu(x + keras.random.normal(keras.ops.shape(x)))


@pytest.mark.parametrize(
    ("layer", "what"),
    [(Noisy, "TensorFlow's RandomStandardNormal"), (Elsewhere, "a generator not its own")],
)
def test_a_layer_that_would_draw_anew_is_refused(layer, what):
    entry = keras.Input((4,))
    x = layers.Dense(64)(entry)
    for _ in range(3):
        x = layers.Dense(4)(layers.Dense(64)(layer()(x)))
    model = keras.Model(entry, x)
    rematerialize([model])
    with pytest.raises(Refused, match=f"trainer.rematerialize=true: .* draws from {what}"):
        tf.function(lambda batch: model(batch, training=True), autograph=False)(tf.ones((2, 4)))


def test_a_loss_of_what_a_layer_gives_is_refused():
    entry = keras.Input((4,))
    model = keras.Model(entry, layers.Dense(2, activity_regularizer="l2", name="last")(entry))
    with pytest.raises(Refused, match="layer 'last' has an activity_regularizer"):
        rematerialize([model])
