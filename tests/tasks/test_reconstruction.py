"""Autoencoders: errors against NumPy, noise, codes, and what is saved."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.tasks.codes import linear_probe, reconstruction
from toolkit.tasks.codes.importance import ImportanceBound
from toolkit.tasks.codes.noises import noisy
from toolkit.tasks.codes.reconstruction import Reconstruction
from toolkit.tasks.codes.variational import Variational
from toolkit.training.assemble import assemble
from toolkit.training.batches import evaluation_batches, training_batches

SIDE = 8


def pictures(dtype="uint8", channels=1, examples=60):
    """Squares at two places, which are their classes."""
    random = np.random.default_rng(0)
    label = random.integers(0, 2, examples).astype("int32")
    image = random.integers(0, 60, (examples, SIDE, SIDE, channels)).astype("float32")
    image[label == 1, :4, :4] += 180
    image[label == 0, 4:, 4:] += 180
    image = image.astype("uint8") if dtype == "uint8" else image / 255
    fields = (
        Field("image", (SIDE, SIDE, channels), dtype),
        Field("label", (), "int32", None, ("a", "b")),
    )
    spec = Spec({"image": fields[0]}, {"label": fields[1]})

    def part(rows):
        return Split({"image": image[rows], "label": label[rows]})

    return Dataset(spec, part(slice(0, 40)), part(slice(40, 50)), part(slice(50, None)))


def rows():
    """A table whose last column is the sum of the first two."""
    x = np.random.default_rng(1).normal(size=(50, 3)).astype("float32")
    x[:, 2] = x[:, 0] + x[:, 1]
    field = Field("table", (3,), offset=(1.0, 0.0, 0.0), scale=(2.0, 1.0, 1.0))
    spec = Spec({"x": field}, {"value": Field("value", ())})

    def part(rows):
        return Split({"x": x[rows], "value": x[rows, 0]})

    return Dataset(spec, part(slice(0, 30)), part(slice(30, 40)), part(slice(40, None)))


CONV = {
    "name": "m",
    "encoder": [{"image_encoder": {"filters": [4]}}],
    "decoder": [{"image_decoder": {"filters": [4]}}],
}
DRAWN = {
    "name": "m",
    "encoder": [{"dense": {"units": [8]}}, {"sampling": {"units": 3}}],
    "decoder": [{"dense": {"units": [8]}}],
}
DENSE = {
    "name": "m",
    "encoder": [{"dense": {"units": [2]}}],
    "decoder": [{"dense": {"units": [4]}}],
}


def ready(task, data, model):
    """Return the data as the task has it, and the networks."""
    spec = task.shaped(data.spec)
    data = Dataset(spec, data.train, data.valid, data.test)
    task.check(data)
    trainable = assemble(model, spec, task, batch_size=10)
    trainable.objective.compile(optimizer=keras.optimizers.Adam(0.01))
    return data, trainable


def scores(trainable, data, task, split="test"):
    batches = evaluation_batches(data.splits[split], data.spec, task, Batching(batch_size=4))
    return trainable.objective.evaluate(batches.once(), return_dict=True, verbose=0)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "mae"])
def test_losses_are_those_of_the_saved_network(dtype, loss):
    task = Reconstruction(loss=loss)
    data, trainable = ready(task, pictures(dtype), CONV)
    told = scores(trainable, data, task)
    image = data.test.arrays["image"]
    top = 255 if dtype == "uint8" else 1
    given = trainable.inference(image).numpy().astype("float64") / top
    truth = image.astype("float64") / top
    assert given.shape == truth.shape
    expected = {
        "cross_entropy": -(truth * np.log(given) + (1 - truth) * np.log(1 - given)).mean(),
        "mse": ((truth - given) ** 2).mean(),
        "mae": np.abs(truth - given).mean(),
    }
    assert told["loss"] == pytest.approx(expected[loss], rel=1e-4)
    assert told["mse"] == pytest.approx(expected["mse"], rel=1e-4)


def test_errors_of_other_values_are_standardised_and_outputs_in_their_units():
    task = Reconstruction()
    data, trainable = ready(task, rows(), DENSE)
    told = scores(trainable, data, task)
    x = data.test.arrays["x"]
    error = (trainable.inference(x).numpy() - x) / [2, 1, 1]
    assert told["loss"] == pytest.approx((error**2).mean(), rel=1e-4)


def test_encoder_and_decoder_are_the_network_in_two_halves(tmp_path):
    task = Reconstruction()
    data, trainable = ready(task, pictures(), CONV)
    trainable.save(tmp_path / "model.keras")
    whole, encoder, decoder = (
        keras.models.load_model(tmp_path / f"{name}.keras")
        for name in ("model", "encoder", "decoder")
    )
    image = data.test.arrays["image"]
    np.testing.assert_allclose(decoder(encoder(image)), whole(image), atol=1e-3)


@pytest.mark.parametrize("noise", ["gaussian", "masking", "salt_and_pepper", "patch"])
def test_noise_is_in_what_is_read_and_not_in_what_is_learned(noise):
    task = Reconstruction(noise=noise, amount=0.3)
    data, _ = ready(task, pictures(), CONV)
    batching = Batching(batch_size=40)
    x, y, _ = next(iter(training_batches(data, task, batching, seed=1).endless()))
    assert x["image"].dtype == tf.uint8
    clean = {row.tobytes() for row in data.train.arrays["image"]}
    assert {row.tobytes() for row in y.numpy()} == clean
    changed = (x["image"].numpy() != y.numpy()).mean()
    assert 0.05 < changed < (1.0 if noise == "gaussian" else 0.4)
    again, *_ = next(iter(training_batches(data, task, batching, seed=1).endless()))
    np.testing.assert_array_equal(again["image"], x["image"])
    other, *_ = next(iter(training_batches(data, task, batching, seed=2).endless()))
    assert (other["image"].numpy() != x["image"].numpy()).any()


def test_each_noise_does_what_it_says():
    values = tf.fill((200, 10, 10, 3), 0.5)
    seed = tf.constant([1, 2], "int64")
    gaussian = noisy(values, "gaussian", 0.2, seed).numpy()
    assert gaussian.std() == pytest.approx(0.2, rel=0.02)
    masked = noisy(values, "masking", 0.25, seed).numpy()
    assert set(np.unique(masked)) == {0.0, 0.5}
    assert (masked == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert ((masked == 0).all(-1) == (masked == 0).any(-1)).all(), "whole pixels"
    spread = noisy(values, "salt_and_pepper", 0.4, seed).numpy()
    for value, share in ((0, 0.2), (1, 0.2), (0.5, 0.6)):
        assert (spread == value).mean() == pytest.approx(share, abs=0.02)
    hidden = noisy(values, "patch", 0.5, seed).numpy() == 0
    assert (hidden.sum((1, 2))[:, 0] == 25).all()
    assert hidden.any(0).all(), "it lies everywhere in turn"


def test_classes_can_be_told_from_codes(tmp_path):
    task = Reconstruction()
    data, trainable = ready(task, pictures(), CONV)
    (probe,) = task.observers(data, data.test)
    assert task.observers(data, data.valid) == []
    probe.reset()
    probe.observe({"image": data.test.arrays["image"]}, None, None, None)
    assert probe.figures() == {"linear_probe_accuracy": 1.0}


def test_codes_are_judged_without_the_noise():
    """The pictures that are scored have noise; here all are black."""
    task = Reconstruction(noise="masking", amount=0.5)
    data, _ = ready(task, pictures(), CONV)
    (probe,) = task.observers(data, data.test)
    probe.reset()
    probe.observe({"image": np.zeros_like(data.test.arrays["image"])}, None, None, None)
    assert probe.figures() == {"linear_probe_accuracy": 1.0}


def test_few_of_many_training_examples_are_of_all_classes(monkeypatch):
    task = Reconstruction()
    data, _ = ready(task, pictures(), CONV)
    order = np.argsort(data.train.arrays["label"], kind="stable")
    data = replace(data, train=data.train.take(order))
    monkeypatch.setattr(linear_probe, "TRAINING", len(order) // 2)
    (probe,) = task.observers(data, data.test)
    probe.reset()
    probe.observe({"image": data.test.arrays["image"]}, None, None, None)
    assert probe.figures() == {"linear_probe_accuracy": 1.0}
    monkeypatch.setattr(linear_probe, "TRAINING", 1)
    assert probe.figures() == {}, "nothing can be told from one class"


def test_baselines_are_the_mean_and_the_noise():
    task = Reconstruction(noise="masking", amount=0.5)
    data, _ = ready(task, pictures(), CONV)
    found = task.baselines(data, data.test)
    train, truth = (s.arrays["image"] / 255.0 for s in (data.train, data.test))
    assert found["mse (mean of training)"] == pytest.approx(((truth - train.mean(0)) ** 2).mean())
    assert found["mse (as it was read)"] == pytest.approx((truth**2).mean() / 2, rel=0.2)


def test_baselines_of_data_in_order_are_of_all_of_it(monkeypatch):
    task, data = Reconstruction(loss="mse"), pictures()
    order = np.argsort(data.train.arrays["label"], kind="stable")
    data = replace(data, train=data.train.take(order))
    monkeypatch.setattr(reconstruction, "SAMPLE", len(order) // 2)
    data = replace(data, spec=task.shaped(data.spec))
    half = data.train.arrays["image"][::2] / 255.0
    error = ((data.test.arrays["image"] / 255.0 - half.mean(0)) ** 2).mean()
    found = task.baselines(data, data.test)["mse (mean of training)"]
    assert found == pytest.approx(error, rel=0.02)


def test_the_bound_is_its_two_parts_and_beta_weighs_one():
    task = Variational(beta=4.0)
    data, trainable = ready(task, pictures(), DRAWN)
    told = scores(trainable, data, task)
    assert told["loss"] == pytest.approx(told["reconstruction"] + 4 * told["kl"], rel=1e-4)
    assert told["negative_elbo"] == pytest.approx(told["reconstruction"] + told["kl"], rel=1e-4)
    outputs = trainable.objective.network({"image": data.test.arrays["image"]})
    mean, spread = outputs["mean"].numpy(), outputs["log_variance"].numpy()
    kl = 0.5 * (np.exp(spread) + mean**2 - 1 - spread).sum(-1).mean()
    assert told["kl"] == pytest.approx(kl, rel=1e-4)


def test_a_normal_likelihood_has_its_constant():
    task = Variational(deviation=0.5)
    data, _ = ready(task, rows(), {**DRAWN, "decoder": DENSE["decoder"]})
    x = data.test.arrays["x"]
    decoded = np.zeros_like(x)
    z = (x - [1, 0, 0]) / [2, 1, 1]
    density = -0.5 * (z / 0.5) ** 2 - np.log(0.5 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(task.reconstruction(x, decoded), -density.sum(1), rtol=1e-5)


def test_what_is_saved_takes_the_mean_of_a_code():
    task = Variational()
    data, trainable = ready(task, pictures(), DRAWN)
    image = data.test.arrays["image"]
    encoder, decoder = trainable.beside["encoder"], trainable.beside["decoder"]
    np.testing.assert_allclose(decoder(encoder(image)), trainable.inference(image), atol=1e-3)
    drawn = [trainable.objective.network({"image": image})["decoded"].numpy() for _ in range(2)]
    assert np.abs(drawn[0] - drawn[1]).max() > 1e-3


def test_pixels_are_drawn_by_their_brightness():
    task = Variational(binarize=True)
    data, _ = ready(task, pictures(), DRAWN)
    batches = evaluation_batches(data.test, data.spec, task, Batching(batch_size=10))
    x, y, _ = next(iter(batches.once()))
    np.testing.assert_array_equal(x["image"], y)
    assert set(np.unique(y)) == {0, 255}
    again, *_ = next(iter(batches.once()))
    np.testing.assert_array_equal(again["image"], y)
    truth = data.test.arrays["image"] / 255
    assert y.numpy().mean() / 255 == pytest.approx(truth.mean(), abs=0.05)


def importance_bound(task, trainable, image, count, times=1):
    """Return the bound of so many codes, averaged over several draws of them."""
    outputs = {k: v.numpy() for k, v in trainable.objective.network({"image": image}).items()}
    bound = ImportanceBound(task, count)
    bound.begin(trainable.objective)
    for _ in range(times):
        bound.observe({"image": image}, image, outputs, np.ones(len(image), "float32"))
    return bound.figures()["importance_bound"]


def test_one_code_bounds_the_likelihood_as_the_loss_does():
    task = Variational()
    data, trainable = ready(task, pictures(), DRAWN)
    bound = importance_bound(task, trainable, data.test.arrays["image"], count=1, times=20)
    assert bound == pytest.approx(scores(trainable, data, task)["loss"], rel=0.2)


def test_more_codes_bound_the_likelihood_closer():
    """Large weights make much of a code's noise, so that one code is far from enough."""
    task = Variational()
    data, trainable = ready(task, pictures(), DRAWN)
    decoder = trainable.beside["decoder"]
    decoder.set_weights([3 * weight for weight in decoder.get_weights()])
    image = data.test.arrays["image"]
    closer = importance_bound(task, trainable, image, count=200)
    assert closer < importance_bound(task, trainable, image, count=1, times=20) - 5


def test_the_importance_bound_is_exact_where_the_posterior_is():
    """A decoder that forgets its code makes all log weights the likelihood itself."""
    task = Variational()
    data, trainable = ready(task, pictures(), DRAWN)
    decoder = task.networks.decoder
    for weight in decoder.weights[:-1]:
        weight.assign(weight * 0.0)
    image = data.test.arrays["image"]
    zeros = np.zeros((len(image), 3), "float32")
    bound = ImportanceBound(task, 3)
    bound.begin(trainable.objective)
    bound.observe({}, image, {"mean": zeros, "log_variance": zeros}, np.ones(len(image), "float32"))
    truth = image.astype("float64") / 255
    logits = decoder(zeros).numpy().astype("float64")
    expected = (np.logaddexp(0, logits) - logits * truth).sum((1, 2, 3)).mean()
    assert bound.figures()["importance_bound"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("task", "data", "words"),
    [
        (
            lambda: Reconstruction(loss="cross_entropy"),
            rows,
            "task.loss=cross_entropy is for images",
        ),
        (lambda: Reconstruction(noise="patch"), rows, "task.noise=patch is for images"),
        (lambda: Reconstruction(noise="masking", amount=1.0), pictures, "expected less than 1"),
        (lambda: Variational(binarize=True), rows, "task.binarize=true is for images"),
        (
            lambda: Variational(likelihood="bernoulli"),
            rows,
            "task.likelihood=bernoulli is for images",
        ),
    ],
)
def test_what_cannot_be_is_refused(task, data, words):
    with pytest.raises(Refused, match=words):
        ready(task(), data(), DENSE)


def test_a_decoder_that_ends_too_small_is_refused():
    model = {**CONV, "encoder": [{"image_encoder": {"filters": [4, 4]}}]}
    with pytest.raises(Refused, match="begins with 4 x 4; what comes before it gives 2 x 2"):
        ready(Reconstruction(), pictures(), model)
