"""What a plan says, held against other ways of finding it out."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from toolkit.cli.main import main
from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split
from toolkit.tasks import TASKS
from toolkit.training.assemble import assemble
from toolkit.training.plan.contents import contents
from toolkit.training.plan.layers import Call, LayerCost, forward_flops, layer_costs
from toolkit.training.plan.probe import probe
from toolkit.training.plan.report import size
from toolkit.training.setup import Setup, prepare
from toolkit.training.transfer.freeze import freeze


def profiled(layer: Any, shape: tuple[int, ...]) -> int:
    """Return TensorFlow's own count of a layer's arithmetic, forward, additions of biases too."""
    call = tf.function(layer).get_concrete_function(tf.TensorSpec(shape))
    graph = convert_variables_to_constants_v2(call).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (keras.layers.Dense(7, use_bias=False), (3, 5)),
        (keras.layers.Dense(7, use_bias=False), (3, 4, 5)),
        (keras.layers.Conv2D(6, 3, padding="same", use_bias=False), (2, 9, 8, 3)),
        (keras.layers.Conv2D(6, 3, strides=2, use_bias=False), (2, 9, 9, 3)),
        (keras.layers.Conv1D(6, 3, dilation_rate=2, use_bias=False), (2, 12, 3)),
        (keras.layers.DepthwiseConv2D(3, use_bias=False), (2, 9, 9, 4)),
    ],
)
def test_arithmetic_is_what_tensorflow_counts(layer, shape):
    gives = layer(np.zeros(shape, "float32")).shape
    assert forward_flops(Call(layer, shape, tuple(gives), 0)) == profiled(layer, shape)


@pytest.mark.parametrize(("kind", "gates"), [("GRU", 3), ("LSTM", 4), ("SimpleRNN", 1)])
def test_arithmetic_of_recurrent_layers(kind, gates):
    batch, time, width, units = 2, 5, 4, 6
    layer = getattr(keras.layers, kind)(units, return_sequences=True, unroll=True)
    layer(np.zeros((batch, time, width), "float32"))
    by_hand = 2 * batch * time * gates * units * (width + units)
    use = Call(layer, (batch, time, width), (batch, time, units), 0)
    assert forward_flops(use) == by_hand
    counted = profiled(layer, (batch, time, width))  # with activations and biases
    assert by_hand < counted < 1.25 * by_hand


def planned(model: dict[str, Any], data: Dataset, **batching: Any) -> Setup:
    task: Any = TASKS["classification" if "label" in data.spec.targets else "language_modelling"]
    made = task(sequence_length=5) if data.spec.target.kind == "next" else task()
    return prepare(
        model, data, made, optimizer={"name": "adam"}, batching=Batching(**batching), seed=3
    )


def test_a_language_model_counts_its_output_layer(text, gru):
    setup = planned(gru, text, batch_size=4)
    rows, memory = layer_costs(setup.trainable, (4, 5))
    assert [row.name for row in rows] == ["embedding", "gru", "gru_1"]
    layer = 2 * 4 * 5 * 3 * 8 * (8 + 8)
    logits = 2 * 4 * 5 * 8 * 8  # tied: eight words, eight features
    assert [row.flops for row in rows] == [logits, layer, layer]
    assert [row.flops_training for row in rows] == [3 * logits, 3 * layer, 3 * layer]
    assert sum(row.parameters for row in rows) == setup.trainable.inference.count_params()
    assert memory > 3 * 4 * 5 * 8 * 4, "what three layers give in float32"
    held = contents(setup)
    # 1203 tokens in 4 streams of 300; 60 steps of 5
    assert (held.examples, held.tokens, held.padding) == (None, 1200, 0.0)
    held = contents(planned(gru, text, batch_size=7))
    assert (held.tokens, held.padding) == (1197, pytest.approx(1 - 171 / 175))


def weighted(setup: Setup) -> list[LayerCost]:
    return [row for row in layer_costs(setup.trainable, (10, 2))[0] if row.parameters]


def test_the_first_layer_and_frozen_ones_have_fewer_passes(points):
    body = [{"dense": {"units": [8, 8]}}]
    setup = planned({"body": body}, points, batch_size=10)
    first, second, head = weighted(setup)
    assert (first.flops_training, second.flops_training) == (2 * first.flops, 3 * second.flops)
    freeze(setup.trainable, ["dense"])
    first, second, head = weighted(setup)
    assert not first.trainable and first.flops_training == first.flops
    assert second.flops_training == 2 * second.flops and head.flops_training == 3 * head.flops


@pytest.mark.parametrize("bucket", [False, True])
@pytest.mark.parametrize("steps", [None, 7])
def test_padding_is_what_the_batches_of_an_epoch_hold(bucket, steps):
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        rows = [random.integers(1, 9, random.integers(1, 30)).tolist() for _ in range(n)]
        label = random.integers(0, 2, n).astype("int32")
        return Split({"tokens": Ragged.from_rows(rows), "label": label})

    words = tuple(map(str, range(9)))
    spec = Spec(
        {"tokens": Field("tokens", (None,), "int32", vocabulary=words)},
        {"label": Field("label", (), "int32", classes=("a", "b"))},
    )
    data = Dataset(spec, split(103), split(8), None)
    model = {"stem": {"tokens": {"units": 4}}, "body": [{"dense": {"units": [3]}}]}
    setup = planned(model, data, batch_size=10, bucket_by_length=bucket)
    setup = replace(setup, steps=steps or setup.steps)
    held, real, places, examples = contents(setup), 0, 0, 0
    for inputs, _, _ in setup.batches.endless(steps=setup.steps).take(setup.steps):
        ids = inputs["tokens"].numpy()
        real, places, examples = real + (ids > 0).sum(), places + ids.size, examples + len(ids)
    assert (held.tokens, held.examples) == (real, examples)
    assert held.padding == pytest.approx(1 - real / places)
    assert held.length == pytest.approx(places / examples)


def test_a_probe_measures_and_leaves_nothing(text, gru, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    setup = planned(gru, text, batch_size=4)
    timing, sizes = probe(setup, {"name": "tensorboard"}, 0.3)
    assert 2 <= timing.steps <= 60
    assert 0 < timing.step < timing.first_step
    assert timing.validation > 0 and timing.epoch_end > 0 and timing.finish > 0
    parameters = setup.trainable.inference.count_params()
    assert sizes.checkpoint > 3 * 4 * parameters, "weights and two moments"
    assert sizes.model > 4 * parameters
    assert not list(tmp_path.glob("toolkit-plan-*"))


WORDS = (
    "plan model=mlp model.units=8 data=digits trainer.epochs=3 schedule=cosine seconds=0.2".split()
)


def test_a_plan_on_the_command_line(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert main([*WORDS, "schedule=cosine", "json=true", "logger=none"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["total"] == 3 * told["steps"] and told["validations"] == 3
    assert told["parameters"] == 64 * 8 + 8 + 8 * 8 + 8 + 8 * 10 + 10
    assert told["total_seconds"] == pytest.approx(sum(told["seconds"].values()))
    assert told["contents"]["examples"] > 1000 and told["contents"]["tokens"] is None
    rates = [rate for _, rate in told["learning_rates"]]
    assert rates == sorted(rates, reverse=True) and rates[-1] < 0.1 * rates[0]
    assert told["memory"]["optimizer"] > 2 * 4 * told["parameters"]
    assert told["checkpoints"] == 2
    assert main([*WORDS, "logger=none", "model.freeze=[dense]"]) == 0
    out = capfd.readouterr().out
    for part in ("dense (frozen)", "FLOPs a step", "measured peak", "3 epochs", "the whole"):
        assert part in out
    assert not list(tmp_path.iterdir()), "no folder is made"


def test_a_plan_has_the_layers_of_every_network():
    image = Field("image", (8, 8, 1), "uint8")
    task: Any = TASKS["adversarial"]()
    spec = task.shaped(Spec({"image": image}, {}))
    model = {
        "generator": [{"generator": {"filters": [4]}}],
        "discriminator": [{"discriminator": {"filters": [4]}}],
    }
    trainable = assemble(model, spec, task, batch_size=2)
    rows, held = layer_costs(trainable, (2, 8, 8, 1))
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.part] = counts.get(row.part, 0) + row.parameters
    judge = trainable.beside["discriminator"].count_params()
    assert counts.pop("discriminator") == judge > 0
    assert sum(counts.values()) == trainable.inference.count_params()
    (first, *_) = [row for row in rows if row.part == "discriminator"]
    kernel = next(w for w in trainable.beside["discriminator"].weights if w.name == "kernel")
    assert first.flops == 2 * kernel.numpy().size * np.prod(first.output[:-1])
    assert held > sum(4 * np.prod(row.output) for row in rows if row.parameters)


WORDS_OF = ("<pad>", "<unk>", "<start>", "<end>", "a", "b", "c", "d")


@pytest.mark.parametrize(
    ("name", "target", "networks"),
    [
        (
            "sequence_to_sequence", "text",
            {
                "encoder": [{"recurrent": {"cell": "gru", "units": 4}}],
                "decoder": [{"recurrent": {"cell": "gru", "units": 4}}, {"align": {"units": 4}}],
            },
        ),
        (
            "sequence_adversarial", "next",
            {
                "generator": [{"recurrent": {"cell": "gru", "units": 4}}],
                "discriminator": [{"conv": {"filters": [4], "kernel": 2}}, {"pool": {}}],
            },
        ),
    ],
)  # fmt: skip
def test_a_plan_of_what_reads_more_than_the_data(name, target, networks):
    special = {"pad": 0, "unknown": 1, "start": 2, "end": 3}
    tokens = Field("tokens", (None,), "int32", vocabulary=WORDS_OF, special=special)
    spec = Spec({"tokens": tokens}, {target: replace(tokens, kind=target)})
    model = {"stem": {"tokens": {"units": 4}}, **networks}
    trainable = assemble(model, spec, TASKS[name](), batch_size=2)
    rows, _ = layer_costs(trainable, (2, 7))
    beside = sum(network.count_params() for network in trainable.beside.values())
    assert sum(row.parameters for row in rows) == trainable.inference.count_params() + beside
    assert all(None not in row.output for row in rows)
    head = next(row for row in rows if row.name == "head")
    assert head.output == (2, 7, len(WORDS_OF)) and head.flops == 2 * 2 * 7 * 4 * len(WORDS_OF)


def test_a_plan_is_refused_as_the_run_would_be(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "model.unitz=3", "model.init_from=none"]) == 2
    assert "model.unitz: unknown. Did you mean units?" in capfd.readouterr().err
    assert main(["plan", "model.init_from=none", "seconds=0"]) == 2
    assert "seconds: expected a number above 0" in capfd.readouterr().err
    assert main(["plan", "model.init_from=none"]) == 2
    assert "model.init_from: expected a run's folder" in capfd.readouterr().err
    (tmp_path / "mine" / "model").mkdir(parents=True)
    file = Path("mine/model/own.yaml")
    file.write_text("name: own\nbody:\n  - dens: {}\n")
    assert main(["plan", "--config-dir", "mine", "model=own", "data=digits"]) == 2
    assert "own.yaml:3: model.body[0].dens: no such block" in capfd.readouterr().err


def test_sizes_are_told_in_units():
    assert [size(n) for n in (12, 1500, 2.5e6, 3e9)] == ["12 B", "1.5 KB", "2.5 MB", "3 GB"]
