"""Translations: steps against ones written out by hand, figures, and what is saved."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from painted import INSTANCE, MODEL, SIDE, batch_of, pairs, ready

from toolkit.data.batching import Batching
from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.tasks.games.image_translation import ImageTranslation
from toolkit.training.batches import evaluation_batches, training_batches


def copies(networks):
    """Return networks of their own with the same weights."""
    found = []
    for network in networks:
        found.append(keras.models.clone_model(network))
        found[-1].set_weights(network.get_weights())
    return found


def signed(pixels):
    return tf.cast(pixels, "float32") / 127.5 - 1


def apart(one, other):
    return tf.reduce_mean(tf.abs(one - other))


def assert_same(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=2e-6)


def test_a_step_of_pix2pix_is_the_one_written_out_by_hand():
    data, task, trainable = ready(rate=0.1, reconstruction=7.0)
    objective = trainable.objective
    batch = x, y, _ = batch_of(data, task)
    generator, judge = copies([objective.network, *objective.judges])
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    image, picture = signed(x["image"]), signed(y)
    with tf.GradientTape() as tape:
        fake = generator(image, training=True)
        verdict = judge(tf.concat([image, fake], -1), training=True)
        loss = bce(tf.ones_like(verdict), verdict) + 7 * apart(picture, fake)
    weights = generator.trainable_variables
    keras.optimizers.SGD(0.1).apply(tape.gradient(loss, weights), weights)
    with tf.GradientTape() as tape:
        seen = judge(tf.concat([image, picture], -1), training=True)
        made = judge(tf.concat([image, fake], -1), training=True)
        lost = (bce(tf.ones_like(seen), seen) + bce(tf.zeros_like(made), made)) / 2
    weights = judge.trainable_variables
    keras.optimizers.SGD(0.2).apply(tape.gradient(lost, weights), weights)
    logs = objective.train_step(batch)
    assert float(logs["loss"]) == pytest.approx(float(loss), rel=1e-5)
    assert float(logs["discriminator_loss"]) == pytest.approx(2 * float(lost), rel=1e-5)
    assert float(logs["l1"]) == pytest.approx(float(apart(picture, fake)) / 2, rel=1e-5)
    assert_same([generator, judge], [objective.network, *objective.judges])


def test_a_step_of_cyclegan_is_the_one_written_out_by_hand():
    data, task, trainable = ready(
        pairs(unpaired=True, made=1), rate=0.02, method="cyclegan", cycle=3.0, identity=0.25
    )
    objective = trainable.objective
    batch = x, y, _ = batch_of(data, task)
    there, back, of_pictures, of_images = copies([*objective.generators, *objective.judges])
    image, picture = signed(x["image"]), signed(y)
    mse = keras.losses.MeanSquaredError()
    with tf.GradientTape() as tape:
        fake, fake_image = there(image, training=True), back(picture, training=True)
        verdicts = of_pictures(fake, training=True), of_images(fake_image, training=True)
        game = sum(mse(tf.ones_like(v), v) for v in verdicts)
        cycle = apart(image, back(fake, training=True))
        cycle += apart(picture, there(fake_image, training=True))
        same = apart(picture, there(picture, training=True))
        same += apart(image, back(image, training=True))
        loss = game + 3 * (cycle + 0.25 * same)
    weights = there.trainable_variables + back.trainable_variables
    keras.optimizers.SGD(0.02).apply(tape.gradient(loss, weights), weights)
    with tf.GradientTape() as tape:
        lost = 0.0
        for judge, real, made in ((of_pictures, picture, fake), (of_images, image, fake_image)):
            seen, found = judge(real, training=True), judge(made, training=True)
            lost += (mse(tf.ones_like(seen), seen) + mse(tf.zeros_like(found), found)) / 2
    weights = of_pictures.trainable_variables + of_images.trainable_variables
    keras.optimizers.SGD(0.04).apply(tape.gradient(lost, weights), weights)
    logs = objective.train_step(batch)
    assert float(logs["loss"]) == pytest.approx(float(loss), rel=1e-5)
    assert float(logs["cycle"]) == pytest.approx(float(cycle) / 4, rel=1e-5)
    theirs = [*objective.generators, *objective.judges]
    assert_same([there, back, of_pictures, of_images], theirs)


@pytest.mark.parametrize("method", ["pix2pix", "cyclegan"])
def test_parts_of_a_batch_give_the_same_update(method):
    """With no statistics of a batch, and no pool.

    Absolute differences have kinks: rounding can turn a pixel's gradient round, so what is compared
    is the update as a whole.
    """
    model = {**INSTANCE, "discriminator": MODEL["discriminator"]}
    updates = []
    for parts in ((1, 1), (2, 4)):
        keras.utils.set_random_seed(3)
        data, task, trainable = ready(model=model, rate=0.05, parts=parts, method=method, pool=0)
        before = trainable.objective.get_weights()
        trainable.objective.train_step(batch_of(data, task))
        after = trainable.objective.get_weights()
        updates.append(
            np.concatenate([np.ravel(b - a) for a, b in zip(before, after, strict=True)])
        )
    one, parted = updates
    assert np.linalg.norm(one) > 0.01
    assert np.linalg.norm(parted - one) < 1e-2 * np.linalg.norm(one)


@pytest.mark.parametrize("method", ["pix2pix", "cyclegan"])
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_both_methods_learn_and_are_saved(method, precision, tmp_path):
    keras.config.set_dtype_policy(precision)
    try:
        data, task, trainable = ready(method=method, model=INSTANCE, pool=3)
        objective = trainable.objective
        scales = [hasattr(o, "inner_optimizer") for o in objective.optimizers]
        assert scales == [precision == "mixed_float16"] * 2
        before = [v.numpy() for v in objective.trainable_variables]
        batches = training_batches(data, task, Batching(batch_size=4), seed=1)
        logs = objective.fit(batches.endless(), steps_per_epoch=8, verbose=0, shuffle=False).history
        norms = ("gradient_norm", "discriminator_gradient_norm")  # overflow while a scale is found
        assert all(np.isfinite(v).all() for name, v in logs.items() if name not in norms)
        moved = [
            np.abs(v.numpy() - b).max()
            for v, b in zip(objective.trainable_variables, before, strict=True)
        ]
        assert sum(m > 0 for m in moved) > len(moved) * 0.8
        trainable.save(tmp_path / "model.keras")
        names = {"model", "discriminator"}
        if method == "cyclegan":
            names |= {"back", "back_discriminator"}
        assert {path.stem for path in tmp_path.iterdir()} == names
        network = keras.models.load_model(tmp_path / "model.keras", compile=False)
        image = data.test.arrays["image"]
        picture = network(image).numpy()
        assert picture.shape == (8, SIDE, SIDE, 3) and picture.dtype == np.float32
        assert picture.min() >= 0 and picture.max() <= 255
        trained = objective.network(signed(image), training=False)
        differs = np.abs(picture - (trained.numpy() + 1) * 127.5)
        assert differs.max() < 0.1 if precision == "float32" else differs.mean() < 2
        if method == "cyclegan":
            back = keras.models.load_model(tmp_path / "back.keras", compile=False)
            assert back(data.test.arrays["picture"]).shape == (8, SIDE, SIDE, 1)
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("method", ["pix2pix", "cyclegan"])
def test_figures_are_those_of_the_saved_network(method, dtype):
    data, task, trainable = ready(pairs(dtype=dtype), method=method)
    batches = evaluation_batches(data.test, data.spec, task, Batching(batch_size=3))
    told = trainable.objective.evaluate(batches.once(), verbose=0, return_dict=True)
    top = 255 if dtype == "uint8" else 1
    image, picture = (data.test.arrays[name] for name in ("image", "picture"))
    made = trainable.inference(image).numpy() / top
    assert told["l1"] == pytest.approx(np.abs(made - picture / top).mean(), rel=1e-4)
    assert set(told) == {"loss", *task.figures}
    if method == "cyclegan":
        back = trainable.beside["back"]
        there_and_back = np.abs(back(made * top).numpy() - image).mean() / top
        other_way = np.abs(trainable.inference(back(picture)).numpy() - picture).mean() / top
        # Networks that read bytes round what they are given; those in training do not.
        assert told["cycle"] == pytest.approx((there_and_back + other_way) / 2, rel=0.02)


def test_without_pairs_there_is_no_truth_to_compare_with():
    data, task, _ = ready(pairs(unpaired=True), method="cyclegan")
    assert "l1" not in task.figures and task.monitor == "cycle"
    assert task.baselines(data, data.test) == {}
    with pytest.raises(Refused, match=r"task\.method=pix2pix learns from pairs, and here an image"):
        ready(pairs(unpaired=True))


def test_identity_is_asked_of_pictures_of_the_same_channels_only():
    for made, keeps in ((1, True), (3, False)):
        _, task, _ = ready(pairs(made=made), method="cyclegan")
        assert task.keeps == keeps
    _, task, _ = ready(pairs(made=1), method="cyclegan", identity=0.0)
    assert not task.keeps


def test_baselines_are_mean_colours():
    data = pairs()
    task = ImageTranslation()
    task.shaped(data.spec)
    found = task.baselines(data, data.test)
    image, picture = (data.train.arrays[n].astype("float64") for n in ("image", "picture"))
    truth = data.test.arrays["picture"] / 255
    means = {tone: picture[image[..., 0] == tone].mean(0) for tone in np.unique(image)}
    tones = data.test.arrays["image"][..., 0]
    painted = np.array([[[means[t] for t in row] for row in tone] for tone in tones]) / 255
    expected = {
        "l1 (each label's mean colour)": np.abs(painted - truth).mean(),
        "l1 (each pixel's mean)": np.abs(picture.mean(0) / 255 - truth).mean(),
    }
    assert found == pytest.approx(expected)


def test_what_cannot_be_is_refused():
    spec = pairs().spec
    larger = Spec(spec.inputs, {"picture": Field("picture", (16, 8, 3), "uint8")})
    with pytest.raises(Refused, match="images of 8 x 8 pixels and pictures of 16 x 8; expected"):
        ImageTranslation().shaped(larger)


def test_a_victory_is_named():
    task = ImageTranslation()
    assert task.concerns({"discriminator_accuracy": 0.9}) == []
    (said,) = task.concerns({"discriminator_accuracy": 0.995})
    assert said.startswith("The discriminator has won: 99.5% of its verdicts are right")


@pytest.mark.parametrize("parts", [(4, 1), (1, 4)])
def test_a_batch_with_fewer_pictures_than_parts(parts):
    """Its losses are those of the batch in one."""

    def losses(parts):
        keras.utils.set_random_seed(1)
        data, task, trainable = ready(parts=parts)
        batch = tf.nest.map_structure(lambda t: t[:2], batch_of(data, task))
        logs = trainable.objective.train_step(batch)
        return [float(logs[name]) for name in ("loss", "discriminator_loss")]

    assert losses(parts) == pytest.approx(losses((1, 1)), rel=1e-3)
