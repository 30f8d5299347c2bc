"""Replaced-token detection: what the generator draws, what is told of it, and what is saved."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.batching import Batching
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split
from toolkit.tasks.masked.replaced_objective import drawn
from toolkit.tasks.masked.replaced_token_detection import ReplacedTokenDetection
from toolkit.training.assemble import assemble
from toolkit.training.batches import evaluation_batches, training_batches

WORDS = ("<eos>", "<unk>", "N", "a", "b", "c", "d", "e")


def ready(tie=True, accumulate=1, batch=6, **options):
    field = Field("tokens", (None,), "int32", WORDS)
    task = ReplacedTokenDetection(
        **{"sequence_length": 16, "generator_layers": 1, "generator_units": 8, **options}
    )
    spec = task.shaped(Spec({"tokens": field}, {"next": field}))

    def part(n):  # the same word forty times, then the next
        return Split({"tokens": (3 + np.arange(n) // 40 % 5).astype("int32")})

    data = Dataset(spec, part(2400), part(211), part(190), TextEncoder(WORDS))
    task.check(data)
    encoder = {"units": 16, "layers": 1, "heads": 2, "dropout": 0.0}
    model = {"stem": {"tokens": {"units": 16, "tie": tie}}, "body": [{"encoder": encoder}]}
    built = assemble(model, spec, task, batch_size=batch, accumulate=accumulate)
    return data, task, built


def batches(data, task, batch=6):
    return training_batches(data, task, Batching(batch_size=batch), seed=1)


def evaluation(data, task):
    return evaluation_batches(data.valid, data.spec, task, Batching(batch_size=6)).once()


def test_tokens_are_drawn_by_their_probabilities():
    p = np.array([0.1, 0.0, 0.6, 0.3])
    logits = tf.constant(np.log(p + 1e-30)[None].repeat(10_000, 0), "float32")
    ids = drawn(logits, tf.random.stateless_uniform([10_000], [1, 2])).numpy()
    np.testing.assert_allclose(np.bincount(ids, minlength=4) / 10_000, p, atol=0.02)
    np.testing.assert_array_equal(drawn(logits[:3], tf.constant([0.0, 0.5, 0.99999])), [0, 2, 3])


@pytest.mark.parametrize("tie", [True, False])
def test_losses_are_the_means_over_hidden_tokens_and_over_all(tie):
    data, task, built = ready(tie)
    x, y, weight = next(iter(evaluation(data, task)))
    figures = built.objective.test_step((x, y, weight))
    ids, at, w = x["tokens"].numpy(), x["positions"].numpy(), weight.numpy()
    rows = np.arange(len(ids))[:, None]
    logits = np.asarray(built.beside["generator"](ids), "float64")[rows, at]
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    was = y["tokens"].numpy()
    first = (-np.log(np.take_along_axis(p, was[..., None], -1))[..., 0] * w).sum() / w.sum()
    chosen = np.where(w > 0, (p.cumsum(-1) <= x["draws"].numpy()[..., None]).sum(-1), was)
    given, truth = ids.copy(), np.zeros(ids.shape)
    given[rows, at], truth[rows, at] = chosen, chosen != was
    found = np.asarray(built.inference(given), "float64")
    real = np.ones(ids.shape)
    second = np.logaddexp(0, np.where(truth > 0, -found, found))
    expected = first + 50 * (second * real).sum() / real.sum()
    np.testing.assert_allclose(figures["loss"], expected, rtol=1e-4)
    told = (found > 0) == truth
    np.testing.assert_allclose(figures["accuracy"], told.mean(), rtol=1e-5)
    assert truth.sum() > 0


def test_parts_of_a_batch_give_the_gradients_of_the_whole():
    steps = []
    for parts in (1, 3):
        keras.utils.set_random_seed(0)
        data, task, built = ready(accumulate=parts, generator_dropout=0.0)
        built.objective.compile(optimizer=keras.optimizers.SGD(0.1))
        built.objective.train_step(next(iter(batches(data, task).once())))
        steps.append([v.numpy() for v in built.objective.trainable_variables])
    for one, other in zip(*steps, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_it_learns_and_both_networks_are_saved_and_come_back(tmp_path):
    keras.utils.set_random_seed(0)
    data, task, built = ready(rate=0.3, generator_dropout=0.0, generator_units=16)
    objective = built.objective
    objective.compile(optimizer=keras.optimizers.Adam(0.01))
    objective.fit(batches(data, task).endless(), steps_per_epoch=160, verbose=0, shuffle=False)
    figures = objective.evaluate(evaluation(data, task), verbose=0, return_dict=True)
    assert figures["generator_accuracy"] > 0.4 and figures["auc"] > 0.55
    built.save(tmp_path / "model.keras")
    opened = keras.models.load_model(tmp_path / "model.keras")
    ids = np.array([[5, 5, 5, 7, 5, 5, 5, 5]], "int32")
    logits = np.asarray(opened(ids))
    assert logits.shape == (1, 8) and logits[0].argmax() == 3
    for weight in objective.trainable_variables:
        weight.assign(weight * 0.0)
    built.load(tmp_path / "model.keras")
    again = objective.evaluate(evaluation(data, task), verbose=0, return_dict=True)
    assert again == pytest.approx(figures)


def test_each_token_of_a_text_gets_its_probability():
    task = ReplacedTokenDetection()
    field = task.shaped(Spec({"tokens": Field("tokens", (None,), "int32", WORDS)}, {})).input
    source = SimpleNamespace(vocabulary=field.vocabulary, special=field.special)
    split = Split({"tokens": Ragged.from_rows([[3, 4], [5]])}, source=source)
    rows = task.predictions(split, [np.array([[0.0, np.log(3)]]), np.array([[-np.log(3)]])])
    assert rows == [
        {
            "tokens": [
                {"token": "a", "replaced": 0.5},
                {"token": "b", "replaced": pytest.approx(0.75)},
            ]
        },
        {"tokens": [{"token": "c", "replaced": pytest.approx(0.25)}]},
    ]


def test_taking_all_tokens_for_the_original_ones_is_the_baseline():
    data, task, _ = ready()
    part = replace(data.test, arrays={"tokens": np.array([1, 3, 3, 3], "int32")})
    assert task.baselines(data, part) == {"accuracy (all tokens original)": 1 - 0.15 * 0.75}
