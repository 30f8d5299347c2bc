"""Learning rates of layers' own, held against optimizers with those rates."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import toolkit
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.tasks import TASKS
from toolkit.training.assemble import Trainable, assemble
from toolkit.training.optimizers import OPTIMIZERS, update_by_name
from toolkit.training.reopen import reopen
from toolkit.training.run_folder import RunFolder
from toolkit.training.state import State, newest
from toolkit.training.transfer.freeze import freeze
from toolkit.training.transfer.rates import depths, layer_factors, set_rates

LABEL = Field("label", (), "int32", classes=("a", "b", "c"))
SERIES = Spec({"x": Field("series", (8, 2))}, {"label": LABEL})
BODY = [
    {"conv": {"filters": [4, 4], "kernel": 2, "normalization": "batch"}},
    {"pool": {"kind": "flatten"}},
    {"dense": {"units": [6]}},
]


def build(**options: Any) -> tuple[Trainable, Any]:
    """Return a network and how it is updated, its layers' rates not set yet."""
    trainable = assemble({"body": BODY}, SERIES, TASKS["classification"](), batch_size=2)
    return trainable, OPTIMIZERS["sgd"](**options)


EMA, CLIPPED = {"use_ema": True, "ema_momentum": 0.5}, {"clipvalue": 0.3}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *((name, {}) for name in OPTIMIZERS),
        *((name, how) for name in ("sgd", "adam", "adamw") for how in (EMA, CLIPPED)),
    ],
)
def test_each_variable_moves_as_with_an_optimizer_of_its_rate(name, how):
    random = np.random.default_rng(0)
    starts = [random.normal(size=(4, 3)).astype("float32") for _ in range(3)]
    factors, rate = (1.0, 0.1, 0.0625), 0.02
    decay = "weight_decay" in inspect.signature(OPTIMIZERS[name]).parameters
    options = {**how, **({"weight_decay": 0.1} if decay else {})}
    steps = [[random.normal(size=(4, 3)).astype("float32") for _ in starts] for _ in range(4)]

    together = [keras.Variable(start, name="kernel") for start in starts]
    joint = OPTIMIZERS[name](learning_rate=rate, layer_decay=0.5, **options).optimizer
    joint.build(together)
    joint.factors = factors
    step = tf.function(lambda gradients: joint.apply(gradients, together))
    for gradients in steps:
        step([tf.constant(g) for g in gradients])
    assert float(joint.learning_rate) == pytest.approx(rate)

    for i, (start, factor) in enumerate(zip(starts, factors, strict=True)):
        alone = keras.Variable(start, name="kernel")
        one = OPTIMIZERS[name](learning_rate=rate * factor, **options).optimizer
        for gradients in steps:
            one.apply([gradients[i]], [alone])
        np.testing.assert_allclose(together[i].numpy(), alone.numpy(), rtol=2e-5, atol=1e-6)
        if "use_ema" in how:
            np.testing.assert_allclose(
                joint._model_variables_moving_average[i].numpy(),
                one._model_variables_moving_average[0].numpy(),
                rtol=2e-5, atol=1e-6,
            )  # fmt: skip
        if name not in ("adadelta", "ftrl"):
            assert not np.allclose(alone.numpy(), start, atol=1e-7)


def test_rates_fall_from_the_head_down():
    trainable, update = build(layer_decay=0.5)
    assert [layer.name for layer in trainable.layers()] == [
        "conv1d", "batch_normalization", "conv1d_1", "batch_normalization_1", "dense", "head",
    ]  # fmt: skip
    assert depths(trainable.layers()) == [3, 3, 2, 2, 1, 0]
    assert layer_factors(trainable, update) == [0.125, 0.125, 0.25, 0.25, 0.5, 1.0]


TOKENS = Field(
    "tokens", (None,), "int32", tuple("abcdef"), special={"pad": 0, "start": 1, "end": 2}
)
STACK = {"units": 4, "layers": 2, "heads": 2, "max_length": 8}


def depths_by_kind(model: dict[str, Any], task: str, target: Field) -> dict[str, list[int]]:
    """Return how many levels lie above the layers of each kind, in the order they were made in."""
    name = {"next": "next", "text": "text"}.get(target.kind, "label")
    network = assemble(model, Spec({"tokens": TOKENS}, {name: target}), TASKS[task](), batch_size=2)
    pairs = list(zip(network.layers(), depths(network.layers()), strict=True))
    # Keras's own numbers: encoder and decoder lie beside each other in a network's order.
    pairs.sort(key=lambda pair: [int(n) for n in re.findall(r"\d+$", pair[0].layer.name)])
    found: dict[str, list[int]] = {}
    for layer, depth in pairs:
        found.setdefault(layer.name if layer.name == "head" else layer.kind, []).append(depth)
    return found


@pytest.mark.parametrize(("order", "norms"), [("pre", [2, 2, 1, 1, 1]), ("post", [2, 2, 1, 1])])
def test_a_transformer_layer_is_one_level_with_its_norms(order, norms):
    stem = {"tokens": {"units": 4}}
    stack = {**STACK, "order": order}
    below = {"embedding": [3], "position_embedding": [3], "dense": [2] * 4 + [1] * 4}
    expected = {**below, "layer_normalization": norms, "head": [0]}
    classifier = {"stem": stem, "body": [{"encoder": stack}, {"pool": {}}]}
    assert depths_by_kind(classifier, "classification", LABEL) == expected
    writer = {"stem": stem, "body": [{"decoder": stack}]}
    target = Field("next", (None,), "int32", TOKENS.vocabulary, special=TOKENS.special)
    assert depths_by_kind(writer, "language_modelling", target) == expected


@pytest.mark.parametrize("layers", [2, 3])
def test_encoder_and_decoder_are_each_counted_from_the_top(layers):
    deep = {**STACK, "layers": layers}
    model = {
        "stem": {"tokens": {"units": 4}},
        "encoder": [{"encoder": deep}],
        "decoder": [{"decoder": STACK}],
    }
    target = Field("text", (None,), "int32", TOKENS.vocabulary, special=TOKENS.special)
    encoder = [depth for depth in range(layers, 0, -1) for _ in range(4)]
    assert depths_by_kind(model, "sequence_to_sequence", target) == {
        "embedding": [layers + 1, 3],
        "position_embedding": [layers + 1, 3],
        "dense": [*encoder, *[2] * 7, *[1] * 7],
        "layer_normalization": [*encoder[::2], 1, 2, 2, 2, 1, 1, 1, 1],
        "head": [0],
    }


def test_a_recurrent_encoder_is_counted_by_itself_too():
    encoder = {"cell": "gru", "units": 4, "layers": 2, "bidirectional": True}
    model = {
        "stem": {"tokens": {"units": 4}},
        "encoder": [{"recurrent": encoder}],
        "decoder": [{"recurrent": {"cell": "gru", "units": 4}}, {"align": {"units": 4}}],
    }
    target = Field("text", (None,), "int32", TOKENS.vocabulary, special=TOKENS.special)
    network = assemble(
        model, Spec({"tokens": TOKENS}, {"text": target}), TASKS["sequence_to_sequence"](),
        batch_size=2,
    )  # fmt: skip
    found: dict[str, set[int]] = {}
    for layer, depth in zip(network.layers(), depths(network.layers()), strict=True):
        found.setdefault(f"{layer.part} {layer.apart}", set()).add(depth)
    assert found == {
        "stem True": {3}, "encoder[0] True": {2, 1},
        "stem False": {3}, "decoder[0] False": {2}, "decoder[1] False": {1}, "head False": {0},
    }  # fmt: skip


def test_patterns_come_on_top_and_the_last_counts():
    rates = {"body": 0.1, "body[0]": 0.2, "head": 10.0}
    trainable, update = build(layer_decay=0.5, learning_rates=rates)
    assert layer_factors(trainable, update) == pytest.approx([0.025] * 2 + [0.05] * 2 + [0.05, 10])
    trainable, update = build(learning_rates={"denss": 0.1})
    with pytest.raises(Refused, match=r"optimizer\.learning_rates: no layer .* Did you mean dense"):
        set_rates(trainable, update)


def test_they_reach_the_variables_that_are_trained():
    trainable, update = build(layer_decay=0.5, learning_rate=1.0)
    freeze(trainable, ["conv1d"])
    update.optimizer.build(trainable.objective.trainable_variables)
    told = set_rates(trainable, update)
    assert told == (
        "learning rate, times: batch_normalization 0.125, conv1d_1 0.25, "
        "batch_normalization_1 0.25, dense 0.5, head 1"
    )
    before = [v.numpy() for v in trainable.objective.trainable_variables]
    ones = [tf.ones_like(v) for v in trainable.objective.trainable_variables]
    update.optimizer.apply(ones, trainable.objective.trainable_variables)
    moved = [
        float(np.mean(b - v.numpy()))
        for b, v in zip(before, trainable.objective.trainable_variables, strict=True)
    ]
    assert moved == pytest.approx([0.125] * 2 + [0.25] * 3 + [0.5] * 2 + [1] * 2, rel=1e-4)
    assert set_rates(*build()) is None


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_training_step_with_accumulation_and_a_loss_scale(parts, precision):
    """With SGD and no momentum a step is the gradient, times rate and factor."""
    keras.config.set_dtype_policy(precision)
    try:
        moved, sgd = [], {"name": "sgd", "learning_rate": 0.1, "global_clipnorm": 0.2}
        for rates in ({}, {"head": 0.5, "dense": 0.25}):
            keras.utils.set_random_seed(0)
            body = [{"dense": {"units": [6]}}]
            trainable = assemble(
                {"body": body}, SERIES, TASKS["classification"](), batch_size=6, accumulate=parts
            )
            update = update_by_name({**sgd, "learning_rates": rates}, steps_per_epoch=1)
            objective = trainable.objective
            objective.compile(optimizer=update.optimizer, jit_compile=False)
            objective.optimizer.build(objective.trainable_variables)
            set_rates(trainable, update)
            before = trainable.inference.get_weights()
            x = np.random.default_rng(0).normal(size=(6, 8, 2)).astype("float32")
            y = np.array([0, 1, 2, 0, 1, 2], "int32")
            data = tf.data.Dataset.from_tensors(({"x": x}, y, np.ones(6, "float32")))
            objective.fit(data, shuffle=False, verbose=0)
            after = trainable.inference.get_weights()
            moved.append([a - b for a, b in zip(after, before, strict=True)])
        plain, scaled = moved
        assert all(np.abs(step).max() > 0 for step in plain)
        for one, other, factor in zip(plain, scaled, (0.25, 0.25, 0.5, 0.5), strict=True):
            np.testing.assert_allclose(other, one * factor, rtol=1e-3, atol=1e-6)
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("method", ["", "cyclegan"])
def test_of_a_game_the_saved_network_alone_has_rates_of_its_own(method, tmp_path):
    image = Field("image", (8, 8, 1), "uint8")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 8, 1)).astype("uint8")
    field = replace(image, kind="picture", unpaired=True)
    spec = Spec({"image": image}, {"picture": field} if method else {})
    part = Split(dict(zip(("image", *spec.targets), pixels, strict=False)))
    kind = {"architecture": "unet" if method else "dcgan", "filters": [4]}
    model = {
        "generator": [{"generator": kind}],
        "discriminator": [{"discriminator": {"filters": [4]}}],
    }
    task = {"name": "image_translation", "method": method} if method else {"name": "adversarial"}

    def after(steps: int) -> Trainable:
        run = toolkit.train(
            model, Dataset(spec, part, part, part), task=task,
            optimizer={"name": "adam", "learning_rates": {"generator": 0.0}, "layer_decay": 0.9},
            max_steps=steps, batch_size=4, run_dir=tmp_path / str(steps), quiet=True,
        )  # fmt: skip
        return reopen(RunFolder(run.path))[1]

    one, two = after(1), after(2)
    for mine, other in zip(one.layers(), two.layers(), strict=True):
        same = all(map(np.array_equal, mine.layer.get_weights()[:1], other.layer.get_weights()[:1]))
        assert same == (mine.part == "generator[0]"), mine.name
    for name, network in one.beside.items():
        pairs = zip(network.get_weights(), two.beside[name].get_weights(), strict=True)
        assert not any(np.array_equal(a, b) for a, b in pairs if a.ndim > 1), name


def test_a_run_that_is_taken_up_keeps_them(points, mlp, tmp_path):
    optimizer = {"name": "adamw", "layer_decay": 0.5, "learning_rates": {"head": 2.0}}
    given: dict[str, Any] = {"optimizer": optimizer, "seed": 4, "quiet": True}
    whole = toolkit.train(mlp, points, epochs=2, run_dir=tmp_path / "whole", **given)
    cut = toolkit.train(mlp, points, epochs=1, run_dir=tmp_path / "cut", **given)
    taken_up = cut.resume(epochs=2, quiet=True)
    assert "learning rate, times: dense 0.5, head 2" in (taken_up.path / "train.log").read_text()
    states = [State.read(newest(run.path / "checkpoints")[0]) for run in (whole, taken_up)]
    for one, other in zip(*(state.values for state in states), strict=True):
        np.testing.assert_array_equal(one, other)
