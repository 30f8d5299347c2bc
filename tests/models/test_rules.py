"""What models read and give, known before TensorFlow is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from zoo import CONF, EACH, MODELS, model_file

from toolkit.errors import Refused
from toolkit.models.rules import Shape, describe


@pytest.mark.parametrize(("model", "kind"), EACH)
def test_every_model_reads_every_kind(model, kind):
    shape = describe(kind, model_file(model)["body"])
    assert shape.gives in ("vector", "sequence", "future")


def test_a_linear_map_over_time_reads_no_texts():
    with pytest.raises(Refused, match="block 'series_linear': a matrix maps all positions"):
        describe("tokens", model_file("linear")["body"])


def test_a_gpt_is_causal_and_has_places_for_its_context():
    shape = describe("tokens", model_file("gpt", context=64)["body"])
    assert shape == Shape("sequence", "sequence", longest=64)
    assert shape.causal and shape.each_position and not shape.carries
    assert describe("image", model_file("gpt", context=64)["body"]).longest is None
    assert describe("tokens", model_file("gpt", positions="rotary")["body"]).longest is None


def test_a_transformer_looks_ahead():
    shape = describe("tokens", model_file("transformer")["body"])
    assert (shape.longest, shape.each_position, shape.causal) == (512, True, False)
    assert shape.looks_ahead.startswith("its attention reads the positions that follow")


def test_it_is_known_without_tensorflow():
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from zoo import EACH, model_file
from toolkit.models.rules import describe
for model, kind in EACH:
    describe(kind, model_file(model)["body"])
assert not {{"tensorflow", "keras", "keras_hub"}} & set(sys.modules), "imported"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("model", ["rnn", "lstm", "gru"])
def test_recurrent_models_are_causal_unless_bidirectional(model):
    shape = describe("tokens", model_file(model)["body"])
    assert (
        shape == Shape("sequence", "sequence", carries=True)
        and shape.causal
        and shape.each_position
    )
    shape = describe("tokens", model_file(model, bidirectional=True)["body"])
    assert not shape.causal and shape.each_position
    assert shape.looks_ahead.startswith("bidirectional is true, so its layers also read")


@pytest.mark.parametrize(
    ("options", "causal", "each"),
    [
        ({}, False, True),
        ({"causal": True}, True, True),
        ({"kernel": 1}, True, True),
        ({"causal": True, "kernels": [2, 3]}, True, True),
        ({"causal": True, "pool": 2}, False, False),
        ({"causal": True, "strides": 2}, True, False),
        ({"causal": True, "normalization": "layer"}, True, True),
    ],
)
def test_convolutions(options, causal, each):
    shape = describe("tokens", [{"conv": options}])
    assert (shape.causal, shape.each_position) == (causal, each)


def test_a_bag_of_words_has_no_positions():
    shape = describe("tokens", [{"dense": {}}])
    assert shape.reads == shape.gives == "vector"
    assert shape.looks_ahead == "it reads its tokens as one vector"


def test_causal_convolutions_read_the_rows_of_images():
    assert describe("image", [{"conv": {}}]).reads == "grid"
    assert describe("image", [{"conv": {"causal": True}}]).reads == "sequence"


def test_blocks_that_take_what_comes_leave_the_choice_to_others():
    body = [{"normalize": {"kind": "layer"}}, {"dropout": None}, {"recurrent": {"units": 3}}]
    assert describe("image", body).reads == "sequence"
    assert describe("table", ["dropout"]).reads == "vector"


@pytest.mark.parametrize(
    ("kind", "body", "fault"),
    [
        ("image", [{"conv": {}}, {"recurrent": {}}], "block 'recurrent' reads sequence, but what"),
        ("table", [{"dense": {}}, {"conv": {}}], "gives vector for an input of kind 'table'"),
        ("tokens", [{"pool": {"kind": "flatten"}}], "kind flatten puts all positions side by side"),
        ("tokens", [{"conv": {"normalization": "group"}}], "group normalisation averages over all"),
        ("tokens", [{"resnet": {"depth": 50}}], "block 'resnet' reads grid; an input of kind"),
        ("image", [{"resnet": {"depth": 50, "l2": 0.1}}], "leave out l2"),
        ("tokens", [{"recurent": {}}], "block: no 'recurent'. Did you mean recurrent?"),
        ("token", [{"dense": {}}], "stem: no 'token'. Did you mean tokens?"),
        ("image", [{"dense": {}, "conv": {}}], r"body\[0\]: expected one block and its options"),
        ("tokens", [{"encoder": {"units": 10}}], r"units \(10\) must be a multiple of heads \(4\)"),
        ("tokens", [{"decoder": {"groups": 3}}], r"heads \(4\) must be a multiple of groups \(3\)"),
        (
            "tokens",
            [{"decoder": {"units": 12, "positions": "rotary"}}],
            "rotary positions need heads of an even width, and units/heads is 3",
        ),
        ("image", [7], r"body\[0\]: expected one block and its options.*got 7"),
    ],
)
def test_what_cannot_meet_is_refused(kind, body, fault):
    with pytest.raises(Refused, match=fault):
        describe(kind, body)


@pytest.mark.parametrize("model", MODELS)
def test_every_knob_has_a_comment_and_is_used(model):
    text = (CONF / f"{model}.yaml").read_text()
    knobs, _, rest = text.partition("\nstem:" if "\nstem:" in text else "\nbody:")
    assert f"\nname: {model}\n" in "\n" + knobs
    for line in knobs.splitlines():
        if not line or line.startswith(("#", "name:", "init_from:", "freeze:", " ")):
            continue
        key = line.partition(":")[0]
        assert "  # " in line, f"{model}.yaml: {key} has no comment"
        assert f"${{model.{key}}}" in text, f"{model}.yaml: {key} changes nothing"
