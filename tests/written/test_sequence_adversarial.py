"""Games over tokens: what is drawn, what is learned, and what is saved."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import toolkit
from toolkit.config.pairs import network_and_task
from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.tasks.games.sequence_adversarial import SequenceAdversarial
from toolkit.tasks.games.written_runs import compared
from toolkit.training.assemble import assemble
from toolkit.training.batches import training_batches
from toolkit.training.keras_optimizers import Update
from toolkit.training.predict import predict

WORDS = ("<eos>", "a", "b", "c", "d", "e", "f", "g")
LENGTH = 6
MODEL = {
    "name": "sequence_gan",
    "stem": {"tokens": {"units": 8}},
    "generator": [{"recurrent": {"units": 12}}],
    "discriminator": [
        {"conv": {"kernels": [2, 3], "filters": 8, "activation": "leaky_relu"}},
        {"pool": {"kind": "global_max"}},
    ],
}


@pytest.fixture
def text() -> Dataset:
    """A text in which each token follows from the one before it, but for a little noise."""
    random = np.random.default_rng(0)

    def tokens(n: int) -> np.ndarray:
        steps = np.where(random.random(n) < 0.9, 1, random.integers(0, 8, n))
        return (np.cumsum(steps) % 8).astype("int32")

    field = Field("tokens", (None,), "int32", vocabulary=WORDS)
    spec = Spec({"tokens": field}, {"next": Field("next", (None,), "int32", vocabulary=WORDS)})
    return Dataset(spec, *(Split({"tokens": tokens(n)}) for n in (1203, 205, 203)))


def ready(data, rate=0.1, model=MODEL, parts=(1, 1), lasts=(10, 10), **options):
    """Return task and networks, with plain gradient descent for both."""
    task = SequenceAdversarial(sequence_length=LENGTH, latent=5, **options)
    task.check(data)
    task.lasts(*lasts)
    trainable = assemble(model, data.spec, task, batch_size=4, accumulate=parts[0])
    trainable.objective.compile(optimizer=keras.optimizers.SGD(rate))
    trainable.objective.take({"discriminator": Update(keras.optimizers.SGD(rate), parts[1])})
    return task, trainable


def batches_of(data, task, size=4):
    return training_batches(data, task, Batching(batch_size=size), seed=1)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_writing_token_by_token_is_the_network_that_is_saved(cell, text):
    model = {**MODEL, "generator": [{"recurrent": {"units": 7, "cell": cell, "layers": 2}}]}
    _, trainable = ready(text, model=model)
    objective = trainable.objective
    tokens, noise = np.array([[1, 5, 2], [4, 4, 0]], "int32"), np.random.normal(size=(2, 5))
    whole = trainable.inference({"tokens": tokens, "noise": noise}).numpy()
    assert whole.shape == (2, 3, 8)
    states = objective.begun(tf.constant(noise, "float32"))
    for place in range(3):
        logits, states = objective.read(tf.constant(tokens[:, place : place + 1]), states)
        np.testing.assert_allclose(logits, whole[:, place], atol=1e-5)
    other = trainable.inference({"tokens": tokens, "noise": noise + 1}).numpy()
    assert np.abs(other - whole).max() > 1e-3, "noise is told"


def test_a_discriminator_judges_tokens_and_their_rows_alike(text):
    _, trainable = ready(text)
    ids = np.random.default_rng(0).integers(0, 8, (5, LENGTH))
    rows = tf.one_hot(ids, 8)
    objective = trainable.objective
    np.testing.assert_allclose(
        objective._judged(rows, False), objective.discriminator(ids), atol=1e-5
    )


def test_tokens_are_drawn_by_their_chances(text):
    _, trainable = ready(text)
    count = 4000
    prompt = np.full((count, 1), 3, "int32")
    objective = trainable.objective
    seeds = tf.constant([7, 1], "int32")  # as ``write`` makes them
    noise = tf.random.stateless_normal((count, 5), seeds)
    logits, _ = objective.read(tf.constant(prompt), objective.begun(noise))
    chances = tf.nn.softmax(10 * logits).numpy().mean(0)
    first = objective.write(prompt, 2, seed=7, temperature=0.1)[:, 0]
    shares = np.bincount(first, minlength=8) / count
    np.testing.assert_allclose(shares, chances, atol=4 * np.sqrt(0.25 / count))
    assert chances.max() > 0.2, "and not just all alike"
    likeliest = objective.write(prompt, 1, seed=7, temperature=0.0)[:, 0]
    np.testing.assert_array_equal(likeliest, logits.numpy().argmax(-1))


@pytest.mark.parametrize("straight_through", [True, False])
def test_rows_are_tokens_or_shares_and_let_gradients_through(straight_through, text):
    task, trainable = ready(text, straight_through=straight_through, temperature=0.7)
    objective = trainable.objective
    first = tf.constant([[1], [2], [3]])
    with tf.GradientTape() as tape:
        drawn = tf.random.normal((3, 5)), tf.constant([3, 4])
        rows = objective._soft_rows(first, *drawn, training=True)
        loss = tf.reduce_sum(rows[..., 2] ** 2)
    np.testing.assert_allclose(tf.reduce_sum(rows, -1), np.ones((3, LENGTH)), atol=1e-5)
    sharp = np.abs(rows.numpy() - np.round(rows.numpy())).max() < 1e-5
    assert sharp == straight_through
    gradients = tape.gradient(loss, objective.network.trainable_variables)
    assert all(g is not None and np.abs(g).max() > 0 for g in map(tf.convert_to_tensor, gradients))


def test_no_step_draws_the_tokens_of_another(text):
    _, trainable = ready(text)
    objective, count = trainable.objective, 64
    for weight in objective.network.weights:
        weight.assign(tf.zeros_like(weight))  # all tokens are as likely
    first = tf.ones((count, 1), "int32")
    one, two = (
        objective._soft_rows(first, *objective._drawn(count), training=False).numpy().argmax(-1)
        for _ in range(2)
    )
    for apart in range(-LENGTH + 1, LENGTH):
        places = range(max(0, -apart), min(LENGTH, LENGTH - apart))
        for a, b in ((one, two), *([(one, one)] if apart else [])):
            same = np.mean([a[:, place] == b[:, place + apart] for place in places])
            assert same < 0.3, f"{apart} places apart"  # by chance 0.125


def test_the_temperature_goes_by_equal_factors_while_the_game_is_played(text):
    task, trainable = ready(
        text, temperature=2.0, final_temperature=0.5, pretrain=3, lasts=(10, 50)
    )
    objective = trainable.objective
    found = []
    for step in (0, 30, 40, 50, 60):
        objective.step.assign(step)
        found.append(float(objective.temperature))
    assert found == pytest.approx([2.0, 2.0, 1.0, 0.5, 0.5])


def test_before_the_game_it_learns_as_a_language_model(text):
    task, trainable = ready(text, pretrain=1, lasts=(2, 4))
    objective, batch = (
        trainable.objective,
        next(iter(batches_of(text, SequenceAdversarial(sequence_length=LENGTH)).endless())),
    )
    x, y, _ = batch
    network = keras.models.clone_model(objective.network)
    network.set_weights(objective.network.get_weights())
    random = keras.random.SeedGenerator()
    random.state.assign(objective.random.state)
    noise = keras.random.normal((4, 5), seed=random)
    with tf.GradientTape() as tape:
        logits = network({"tokens": x["tokens"], "noise": noise}, training=True)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, logits)
    weights = network.trainable_variables
    keras.optimizers.SGD(0.1).apply(tape.gradient(loss, weights), weights)
    judge = objective.discriminator.get_weights()
    logs = objective.train_step(batch)
    assert float(logs["loss"]) == pytest.approx(float(loss), rel=1e-5)
    for a, b in zip(network.get_weights(), objective.network.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    objective.train_step(batch)
    for a, b in zip(judge, objective.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [int(o.iterations.numpy()) for o in objective.optimizers] == [2, 0]
    objective.train_step(batch)
    assert [int(o.iterations.numpy()) for o in objective.optimizers] == [3, 1]
    assert any(
        (a != b).any() for a, b in zip(judge, objective.discriminator.get_weights(), strict=True)
    )


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(precision, text):
    keras.config.set_dtype_policy(precision)
    try:
        task, trainable = ready(text, rate=0.01, likelihood=1.0)
        objective = trainable.objective
        scales = [hasattr(o, "inner_optimizer") for o in objective.optimizers]
        assert scales == [precision == "mixed_float16"] * 2
        logs = objective.train_step(next(iter(batches_of(text, task).endless())))
        assert np.isfinite(float(logs["loss"])) and np.isfinite(float(logs["discriminator_loss"]))
        assert objective.write(np.ones((3, 1)), 4, seed=1).shape == (3, 4)
    finally:
        keras.config.set_dtype_policy("float32")


def test_a_loss_scale_does_not_bring_the_game_forward(text):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        task, trainable = ready(text, pretrain=1, lasts=(2, 4))
        objective, batch = trainable.objective, next(iter(batches_of(text, task).endless()))
        judge = objective.discriminator.get_weights()
        for updates in ([1, 0], [2, 0], [3, 1]):
            objective.train_step(batch)
            assert [int(o.iterations.numpy()) for o in objective.optimizers] == updates
            same = [
                (a == b).all()
                for a, b in zip(judge, objective.discriminator.get_weights(), strict=True)
            ]
            assert all(same) == (updates[1] == 0)
    finally:
        keras.config.set_dtype_policy("float32")


def test_a_run_learns_writes_and_is_opened_elsewhere(text, tmp_path):
    run = toolkit.train(
        MODEL,
        text,
        task={
            "name": "sequence_adversarial",
            "sequence_length": LENGTH,
            "latent": 5,
            "pretrain": 2,
            "likelihood": 1.0,
            "final_temperature": 0.5,
            "straight_through": False,
            "judged": 100,
        },
        optimizer={"name": "adam", "learning_rate": 0.02},
        batch_size=8,
        run_dir=tmp_path / "r",
        quiet=True,
        epochs=4,
        logger="none",
    )
    results = run.results
    assert results["test/ngram_overlap"] > results["test/ngram_overlap (unigram)"] + 0.2
    assert results["test/distinct"] > 0.02
    assert 0 < results["test/cross_entropy"] < 1.5
    assert results["test/ngram_overlap (training text)"] > 0.8
    network = keras.models.load_model(run.path / "model.keras", compile=False)
    entries = {"tokens": np.array([[1, 2, 3]], "int32"), "noise": np.zeros((1, 5), "float32")}
    assert network(entries).numpy().argmax(-1).tolist() == [[2, 3, 4]]
    assert (run.path / "discriminator.keras").exists()
    for figure, value in run.evaluate("test").items():
        assert value == pytest.approx(results[f"test/{figure}"], rel=1e-4), figure
    with pytest.raises(Refused, match=r"learned sequence_adversarial, which makes texts of noise"):
        predict(run=str(run.path), input="a b")


def test_written_windows_are_compared_with_a_text():
    windows, text = np.array([[0, 1, 2, 3], [5, 5, 5, 5]]), np.array([9, 0, 1, 2, 9])
    assert compared(windows, text, 10) == {"ngram_overlap": 0.25, "distinct": 0.75}


def test_what_cannot_be_is_refused(text):
    with pytest.raises(Refused, match="compared by runs of 3 tokens; expected at least 3"):
        SequenceAdversarial(sequence_length=2)
    with pytest.raises(Refused, match="test: 203 tokens are fewer than task.sequence_length=204"):
        SequenceAdversarial(sequence_length=204).check(text)
    both = {**MODEL, "generator": [{"recurrent": {"units": 4}}, {"decoder": {"units": 4}}]}
    with pytest.raises(Refused, match="generator: block 'decoder' cannot write token by token"):
        ready(text, model=both)
    for generator, why in (
        ({"recurrent": {"bidirectional": True}}, "bidirectional is true"),
        ({"dense": {}}, "it reads its tokens as one vector"),
        ({"conv": {"causal": True}}, "it carries no state from one token to the next"),
    ):
        model = {**MODEL, "generator": [generator]}
        found = network_and_task("tokens", model, "sequence_adversarial")
        assert "its generator cannot write token by token: " + why in found
