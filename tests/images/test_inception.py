"""Inception-v3 as a judge, by random weights from a file: the real ones lie behind a network.

Most tests have a small network with the same ends in its place.
"""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import small_images as small
import tensorflow as tf

from toolkit.data.spec import Dataset, Field
from toolkit.errors import Refused
from toolkit.image_scores import classifier_score
from toolkit.tasks import applications
from toolkit.tasks.judging.judge import Judge, missing_judge
from toolkit.tasks.judging.judging import Judging

GREY = Field("image", (8, 8, 1), "uint8")
NAME = "InceptionV3"


PUBLISHED = keras.applications.InceptionV3


def tiny(*, weights=None, input_shape=(299, 299, 3), include_top=True, pooling="avg"):
    """Return a small network that is called and ends as Inception-v3."""
    entry = keras.Input(input_shape)
    x = keras.layers.Conv2D(6, 3, strides=40, activation="relu", name="conv")(entry)
    x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
    if include_top:
        x = keras.layers.Dense(10, activation="softmax", name="predictions")(x)
    return keras.Model(entry, x)


tiny.__module__ = PUBLISHED.__module__  # whose preprocess_input is taken


@pytest.fixture
def whole(monkeypatch):
    """The network, in place of Keras's."""
    monkeypatch.setattr(keras.applications, NAME, tiny)
    keras.utils.set_random_seed(0)
    return tiny()


@pytest.fixture
def judging(whole, tmp_path) -> Judging:
    path = tmp_path / "whole.weights.h5"
    whole.save_weights(path)
    return Judging(NAME, 5, str(path))


def pooled(whole):
    return keras.Model(whole.input, whole.get_layer("avg_pool").output)


def assert_sees(judge, whole, shape):
    """See that images come in the network's size, in colour, from -1 to 1."""
    images = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    features, chances = judge(images)
    colour = np.repeat(images, 3 // images.shape[-1], -1).astype("float32")
    prepared = tf.image.resize(colour, (299, 299), method="bilinear") / 127.5 - 1
    np.testing.assert_allclose(features, pooled(whole)(prepared), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(chances, whole(prepared), rtol=1e-3, atol=1e-6)
    again, _ = judge((images / 255).astype("float32"))
    np.testing.assert_allclose(again, features, rtol=1e-3, atol=1e-4)


def test_it_sees_the_last_pool_and_tells_classes(judging, whole):
    judging.judge.check(GREY)
    assert_sees(judging.judge, whole, (3, 8, 8, 1))
    assert_sees(judging.judge, whole, (2, 320, 310, 3))


def test_in_half_precision_it_sees_in_whole(judging, whole):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert_sees(judging.judge, whole, (3, 8, 8, 1))
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.slow
def test_the_published_network(tmp_path):
    keras.utils.set_random_seed(0)
    whole = PUBLISHED(weights=None)
    whole.save_weights(tmp_path / "whole.weights.h5")
    judge = Judge(NAME, str(tmp_path / "whole.weights.h5"))
    assert_sees(judge, whole, (3, 8, 8, 1))
    features, chances = judge(np.zeros((1, 8, 8, 1), "uint8"))
    assert features.shape == (1, 2048) and chances.shape == (1, 1000)
    pooled(whole).save_weights(tmp_path / "bare.weights.h5")
    bare, chances = Judge(NAME, str(tmp_path / "bare.weights.h5"))(np.zeros((1, 8, 8, 1), "uint8"))
    assert chances is None
    np.testing.assert_allclose(bare, features, rtol=1e-4)


def test_distance_and_score_of_what_is_made(judging):
    data = small.pictures()
    made = data.valid.arrays["image"][:4]
    task = SimpleNamespace(maker=SimpleNamespace(batches=lambda count, seed: [made], classes=()))
    test = data.test.take(slice(0, 5))
    data = Dataset(data.spec, data.train, data.valid, test)
    found = judging.made(task, data, test, 4)
    assert set(found) == {"frechet_distance", "inception_score"} == set(judging.figures)
    one, other = (judging.judge(x)[0].astype("float64") for x in (test.arrays["image"], made))
    means = np.square(one.mean(0) - other.mean(0)).sum()
    one, other = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (one, other))
    # Covariances are A'A and B'B: the trace of their product's root is the nuclear norm of A B'.
    cross = np.linalg.svd(one @ other.T, compute_uv=False).sum()
    expected = means + np.square(one).sum() + np.square(other).sum() - 2 * cross
    assert found["frechet_distance"] == pytest.approx(expected, rel=1e-4)
    assert found["inception_score"] == classifier_score(judging.judge(made)[1])


def test_many_images_are_looked_at_in_parts(judging, monkeypatch):
    from toolkit.tasks.judging import judge

    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), "uint8")
    at_once, _ = judging.judge(images)
    monkeypatch.setattr(judge, "AT_ONCE", 2)
    np.testing.assert_allclose(judging.judge(images)[0], at_once, rtol=1e-3, atol=1e-5)


def test_weights_without_classes(whole, tmp_path):
    pooled(whole).save_weights(tmp_path / "bare.weights.h5")
    features, chances = Judge(NAME, str(tmp_path / "bare.weights.h5"))(np.zeros((2, 8, 8, 1)))
    assert chances is None
    np.testing.assert_allclose(features, pooled(whole)(tf.fill((2, 299, 299, 3), -1.0)), rtol=1e-3)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save_weights(
        tmp_path / "other.weights.h5"
    )
    with pytest.raises(Refused, match="task.judge_weights: .* holds no weights of InceptionV3"):
        Judge(NAME, str(tmp_path / "other.weights.h5")).check(GREY)


def test_what_cannot_be_is_told_first(judging, monkeypatch):
    assert missing_judge({"judge": NAME, "judge_weights": judging.weights}) == []
    assert missing_judge({"judge": NAME, "judge_weights": "no.h5"}) == [
        "task.judge_weights: no file no.h5."
    ]
    (told,) = missing_judge({"judge": "runs/judge", "judge_weights": "no.h5"})
    assert told == "task.judge_weights: is for task.judge=InceptionV3; here it is runs/judge."
    (told,) = missing_judge({"judge": None, "judge_weights": "no.h5"})
    assert told == "task.judge_weights: is for task.judge=InceptionV3; there is no judge."
    with pytest.raises(Refused, match="looks at images of 3 channels; those of the data have 4"):
        judging.judge.check(Field("image", (8, 8, 4), "uint8"))

    def offline(**options):
        raise OSError("URL fetch failure")

    monkeypatch.setattr(applications.keras.applications, NAME, offline)
    with pytest.raises(Refused, match=r"cannot be had \(URL fetch failure\)\. .*judge_weights=FIL"):
        Judge(NAME).check(GREY)
