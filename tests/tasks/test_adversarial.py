"""Adversarial networks: losses against formulas, and the step against one written out by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.tasks.games.adversarial import Adversarial
from toolkit.tasks.games.adversarial_losses import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
)
from toolkit.tasks.games.variety import variety
from toolkit.training.assemble import assemble
from toolkit.training.batches import training_batches
from toolkit.training.keras_optimizers import Update

SIDE = 8
MODEL = {
    "name": "gan",
    "generator": [{"generator": {"filters": [4]}}],
    "discriminator": [{"discriminator": {"filters": [4], "normalization": "none"}}],
}


def pictures(examples=50, dtype="uint8"):
    random = np.random.default_rng(0)
    label = random.integers(0, 3, examples).astype("int32")
    image = random.integers(0, 60, (examples, SIDE, SIDE, 1)) + 60 * label[:, None, None, None]
    image = image.astype("uint8") if dtype == "uint8" else (image / 255).astype("float32")
    spec = Spec(
        {"image": Field("image", (SIDE, SIDE, 1), dtype)},
        {"label": Field("label", (), "int32", classes=("a", "b", "c"))},
    )
    split = Split({"image": image, "label": label})
    return Dataset(spec, split, split.take(slice(0, 20)), None)


def ready(data=None, model=MODEL, rate=0.01, parts=(1, 1), **options):
    """Return data, task and objective, with plain gradient descent for both networks."""
    data, task = data or pictures(), Adversarial(**{"latent": 5, **options})
    spec = task.shaped(data.spec)
    data = Dataset(spec, data.train, data.valid, data.test)
    trainable = assemble(model, spec, task, batch_size=8, accumulate=parts[0])
    objective = trainable.objective
    objective.compile(optimizer=keras.optimizers.SGD(rate))
    objective.take({"discriminator": Update(keras.optimizers.SGD(2 * rate), parts[1])})
    return data, task, trainable


def batch_of(data, task, size=8):
    batches = training_batches(data, task, Batching(batch_size=size), seed=1)
    return next(iter(batches.endless()))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log_loss(logits, label):
    p = sigmoid(logits)
    return -(label * np.log(p) + (1 - label) * np.log(1 - p))


REAL = np.array([[0.3], [-1.2], [2.0]])
FAKE = np.array([[-0.5], [0.7], [-2.5]])


@pytest.mark.parametrize(
    ("game", "of_discriminator", "of_generator"),
    [
        ("minimax", log_loss(REAL, 0.9) + log_loss(FAKE, 0), np.log(1 - sigmoid(FAKE))),
        ("non_saturating", log_loss(REAL, 0.9) + log_loss(FAKE, 0), -np.log(sigmoid(FAKE))),
        ("least_squares", ((REAL - 0.9) ** 2 + FAKE**2) / 2, (FAKE - 1) ** 2 / 2),
        ("hinge", np.maximum(0, 1 - REAL) + np.maximum(0, 1 + FAKE), -FAKE),
        ("wasserstein", FAKE - REAL, -FAKE),
    ],
)
def test_games_are_their_formulas(game, of_discriminator, of_generator):
    found = discriminator_loss(game, tf.constant(REAL), tf.constant(FAKE), 0.1)
    np.testing.assert_allclose(found, of_discriminator[:, 0], rtol=1e-5)
    np.testing.assert_allclose(
        generator_loss(game, tf.constant(FAKE)), of_generator[:, 0], rtol=1e-5
    )


def test_patches_count_by_their_mean():
    fake = tf.reshape(tf.range(8.0), (2, 2, 2, 1))
    np.testing.assert_allclose(generator_loss("wasserstein", fake), [-1.5, -5.5])


def test_the_gradient_penalty_of_a_linear_critic_is_known():
    weights = tf.constant([[3.0], [4.0]])
    real, fake = tf.random.normal((6, 2)), tf.random.normal((6, 2))
    found = gradient_penalty(lambda x: x @ weights, real, fake, tf.random.uniform([6]))
    np.testing.assert_allclose(found, np.full(6, (5.0 - 1) ** 2), rtol=1e-4)


def test_the_gradient_penalty_is_taken_between_both():
    real, fake, share = np.array([[2.0]]), np.array([[-1.0]]), np.array([0.25])
    between = 0.25 * 2 - 0.75
    found = gradient_penalty(
        lambda x: x**3, *(tf.constant(t, "float32") for t in (real, fake, share))
    )
    np.testing.assert_allclose(found, [(abs(3 * between**2) - 1) ** 2], rtol=1e-4)


def by_hand(objective, data, batch, rate):
    """Make the step of one discriminator update and one of the generator in plain Keras."""
    generator, discriminator = (
        keras.models.clone_model(n) for n in (objective.generator, objective.discriminator)
    )
    generator.set_weights(objective.generator.get_weights())
    discriminator.set_weights(objective.discriminator.get_weights())
    random = keras.random.SeedGenerator()
    random.state.assign(objective.random.state)
    x, _, _ = batch
    real = tf.cast(x["image"], "float32") / 127.5 - 1
    bce = keras.losses.BinaryCrossentropy(from_logits=True)

    def noise():
        return {"noise": keras.random.normal((len(real), 5), seed=random)}

    def judged(image):
        return discriminator({"image": image}, training=True)["verdict"]

    fake = generator(noise(), training=True)
    with tf.GradientTape() as tape:
        on_real, on_fake = judged(real), judged(fake)
        loss = bce(tf.ones_like(on_real), on_real) + bce(tf.zeros_like(on_fake), on_fake)
    keras.optimizers.SGD(2 * rate).apply(
        tape.gradient(loss, discriminator.trainable_variables), discriminator.trainable_variables
    )
    entries = noise()
    with tf.GradientTape() as tape:
        verdict = judged(generator(entries, training=True))
        loss = bce(tf.ones_like(verdict), verdict)
    keras.optimizers.SGD(rate).apply(
        tape.gradient(loss, generator.trainable_variables), generator.trainable_variables
    )
    return generator, discriminator, float(loss)


def test_a_step_is_the_one_written_out_by_hand():
    data, task, trainable = ready(rate=0.1)
    objective, batch = trainable.objective, batch_of(*ready()[:2])
    generator, discriminator, loss = by_hand(objective, data, batch, 0.1)
    logs = objective.train_step(batch)
    assert float(logs["loss"]) == pytest.approx(loss, rel=1e-5)
    for one, other in ((generator, objective.generator), (discriminator, objective.discriminator)):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_loss_scale_of_ones_own_changes_no_norm(precision):
    keras.config.set_dtype_policy(precision)
    try:
        norms = []
        for factor in (None, 64.0):
            keras.utils.set_random_seed(0)
            data, task, trainable = ready()
            objective, sides = trainable.objective, [keras.optimizers.SGD(0.01) for _ in range(2)]
            for side in sides:
                side.loss_scale_factor = factor
            objective.compile(optimizer=sides[0], auto_scale_loss=factor is None)
            objective.take({"discriminator": Update(sides[1])})
            scaled = [hasattr(optimizer, "dynamic_scale") for optimizer in objective.optimizers]
            assert scaled == [precision == "mixed_float16" and factor is None] * 2
            norms.append(float(objective.train_step(batch_of(data, task))["gradient_norm"]))
        assert norms[0] == pytest.approx(norms[1], rel=1e-2)
    finally:
        keras.config.set_dtype_policy("float32")


def test_parts_of_a_batch_give_the_same_update():
    """With no batch statistics, and noise that does not matter."""
    model = {
        "name": "gan",
        "generator": [{"generator": {"filters": [4], "normalization": "none"}}],
        "discriminator": MODEL["discriminator"],
    }
    weights = []
    for parts in ((1, 1), (2, 4)):
        keras.utils.set_random_seed(3)
        data, task, trainable = ready(model=model, rate=0.1, parts=parts)
        task.draw = lambda count, seed: tf.ones((count, 5))
        trainable.objective.train_step(batch_of(data, task))
        weights.append(trainable.objective.get_weights())
    changed = 0
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        changed += a.size
    assert changed > 500


def test_each_step_of_the_discriminator_has_images_of_its_own():
    data, task, trainable = ready(discriminator_steps=3)
    x, *_ = batch_of(data, task, size=4)
    assert len(x["image"]) == 12
    batches = training_batches(data, task, Batching(batch_size=4), seed=1)
    assert (batches.steps, batches.examples) == (4, 48), "two images are left out"
    seen = []
    objective = trainable.objective
    judge = objective._judge
    objective._judge = lambda image, *more: (seen.append(image.numpy()), judge(image, *more))[1]
    objective.train_step((x, x["image"], tf.ones(12)))
    real = [image for image in seen if image.dtype == np.float32][0:6:2]
    np.testing.assert_allclose(np.concatenate(real), x["image"].numpy() / 127.5 - 1, atol=1e-6)
    counts = [int(o.iterations.numpy()) for o in objective.optimizers]
    assert counts == [1, 3]


@pytest.mark.parametrize("labels", ["condition", "classify"])
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize("game", ["non_saturating", "wasserstein"])
def test_every_form_learns_and_is_saved(labels, precision, game, tmp_path):
    keras.config.set_dtype_policy(precision)
    try:
        data, task, trainable = ready(labels=labels, game=game)
        objective = trainable.objective
        assert all(
            hasattr(o, "inner_optimizer") == (precision == "mixed_float16")
            for o in objective.optimizers
        )
        before = [v.numpy() for v in objective.trainable_variables]
        batches = training_batches(data, task, Batching(batch_size=8), seed=1)
        logs = objective.fit(batches.endless(), steps_per_epoch=6, verbose=0, shuffle=False).history
        norms = ("gradient_norm", "discriminator_gradient_norm")  # overflow while a scale is found
        assert all(np.isfinite(v).all() for name, v in logs.items() if name not in norms)
        moved = [
            np.abs(v.numpy() - b).max()
            for v, b in zip(objective.trainable_variables, before, strict=True)
        ]
        assert sum(m > 0 for m in moved) > len(moved) * 0.8
        told = objective.evaluate(
            training_batches(data, task, Batching(batch_size=8), seed=1).once(),
            verbose=0,
            return_dict=True,
        )
        assert {"loss", "discriminator_loss", "diversity", "spacing"} <= told.keys()
        assert ("class_accuracy" in told) == (labels == "classify")
        assert ("discriminator_accuracy" in told) == (game != "wasserstein")
        trainable.save(tmp_path / "model.keras")
        network = keras.models.load_model(tmp_path / "model.keras", compile=False)
        entries = {"noise": np.ones((4, 5), "float32"), "label": np.array([0, 1, 2, 0], "int32")}
        images = network(entries).numpy()
        assert images.shape == (4, SIDE, SIDE, 1) and images.min() >= 0 and images.max() <= 255
        np.testing.assert_array_equal(images[0], images[3])
        assert np.abs(images[0] - images[1]).max() > 0, "the class is told"
        assert (tmp_path / "discriminator.keras").exists()
    finally:
        keras.config.set_dtype_policy("float32")


def test_images_that_are_no_bytes_stay_so():
    data, task, trainable = ready(pictures(dtype="float32"))
    images = trainable.inference(np.zeros((2, 5), "float32")).numpy()
    assert images.min() >= 0 and images.max() <= 1
    np.testing.assert_allclose(task.signed(tf.constant([[0.0, 1.0]])), [[-1.0, 1.0]])


def test_a_normalised_discriminator_has_a_normalised_verdict():
    model = {
        **MODEL,
        "discriminator": [{"discriminator": {"filters": [4], "spectral_normalization": True}}],
    }
    *_, trainable = ready(model=model)
    layer = trainable.objective.discriminator.get_layer("verdict")
    assert isinstance(layer, keras.layers.SpectralNormalization)


def test_a_victory_and_a_collapse_are_named():
    task = Adversarial()
    assert task.concerns({"discriminator_accuracy": 0.8, "val_spacing": 0.9}) == []
    won, collapsed = task.concerns({"discriminator_accuracy": 0.999, "val_spacing": 0.1})
    assert "The discriminator has won: 99.9% of its verdicts" in won
    assert "mode collapse" in collapsed and "10% as far away as among real ones" in collapsed


def images_of(count, size, seed, classes=None):
    """Return a batch that repeats so many random images, or one of each class."""
    random = np.random.default_rng(seed)
    kept = random.uniform(-1, 1, (count, SIDE, SIDE, 1)).astype("float32")
    return kept[np.arange(size) % count if classes is None else classes]


@pytest.mark.parametrize("size", [64, 700])
def test_a_few_images_that_come_again_are_told_from_many(size):
    real, weight = images_of(size, size, 1), tf.ones(size)
    many = variety(images_of(size, size, 2), real, None, weight)
    assert float(many["spacing"]) == pytest.approx(1.0, abs=0.03)
    for count in (1, 2, 4):
        few = variety(images_of(count, size, 3), real, None, weight)
        assert float(few["spacing"]) < 0.01
    assert float(few["diversity"]) > 0.7, "which does not tell"


def test_one_image_a_class_is_told_from_many_and_fill_counts_for_nothing():
    classes = np.arange(30) % 10
    condition, weight = tf.one_hot(classes, 10), tf.constant([1.0] * 28 + [0.0] * 2)
    real = images_of(30, 30, 1)
    told = variety(images_of(10, 30, 2, classes), real, condition, weight)
    assert float(told["spacing"]) < 0.01
    real[28:] = real[8:10]  # fill, like others of their classes
    told = variety(images_of(30, 30, 3), real, condition, weight)
    assert float(told["spacing"]) == pytest.approx(1.0, abs=0.05)
    alone = variety(real[:10], real[10:20], tf.eye(10), tf.ones(10))
    assert float(alone["spacing"]) == pytest.approx(1.0), "none has another of its class"


def test_diversity_is_that_of_generated_images_beside_real_ones():
    data, task, trainable = ready()
    task.draw = lambda count, seed: tf.ones((count, 5))  # all alike
    batches = training_batches(data, task, Batching(batch_size=8), seed=1)
    told = trainable.objective.evaluate(batches.once(), verbose=0, return_dict=True)
    assert told["diversity"] == pytest.approx(0.0, abs=1e-3)
    assert told["spacing"] == pytest.approx(0.0, abs=1e-2)


def test_the_diversity_of_one_image_is_that_of_one_real_one():
    data, task, trainable = ready()
    batches = training_batches(data, task, Batching(batch_size=1), seed=1)
    told = trainable.objective.evaluate(batches.once(), verbose=0, return_dict=True)
    assert told["diversity"] == told["spacing"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("normalization", "options", "told"),
    [
        ("batch", {"gradient_penalty": 10.0}, True),
        ("batch", {"game": "wasserstein"}, True),
        ("batch", {}, False),
        ("layer", {"gradient_penalty": 10.0}, False),
    ],
)
def test_a_penalty_beside_batch_normalization_is_noted(normalization, options, told):
    block = {"discriminator": {"filters": [4, 4], "normalization": normalization}}
    *_, trainable = ready(model={**MODEL, "discriminator": [block]}, **options)
    notes = " ".join(trainable.notes)
    assert ("task.gradient_penalty=10 is of each image by itself" in notes) == told
    assert ("model.discriminator_normalization=layer, instance or none" in notes) == told


def test_what_cannot_be_is_refused():
    data = pictures()
    bare = Spec(data.spec.inputs, {})
    with pytest.raises(Refused, match="task.labels=condition: the data has no class"):
        Adversarial(labels="condition").shaped(bare)
    with pytest.raises(Refused, match="the game hinge has no labels"):
        Adversarial(game="hinge", label_smoothing=0.1)
