"""What cannot meet is refused in one sentence that lists what can."""

from __future__ import annotations

from copy import deepcopy

import pytest

from toolkit.config import files
from toolkit.config.pairs import check, models, network_and_task
from toolkit.data import DATA
from toolkit.tasks import TASKS

KINDS = {"records": "tokens", "synthetic": "image", "tfds": "image"}


def test_a_vector_is_no_language_model(faults):
    assert faults("model=mlp", "data=ptb") == [
        "model=mlp data=ptb task=language_modelling: language_modelling needs one feature for each "
        "position, and this network has none: it reads its tokens as one vector. "
        "Models that can, as their files have them: gpt, gru, lstm, rnn."
    ]


def test_a_bidirectional_network_is_no_language_model(faults):
    (fault,) = faults("model=gru", "data=ptb", "model.bidirectional=true")
    assert fault.startswith(
        "model=gru data=ptb task=language_modelling: language_modelling must not look ahead, and "
        "this network does: bidirectional is true"
    )


def test_a_window_longer_than_the_positions(faults):
    assert faults("model=gpt", "data=ptb", "model.context=64", "task.sequence_length=65") == [
        "task.sequence_length=65: this network has 64 positions; expected at most so many tokens, "
        "or a network with more."
    ]
    gpt = {**deepcopy(models()["gpt"]), "name": "gpt"}
    text = {"name": "ptb", "kind": "tokens"}
    assert not check(text, {"name": "language_modelling", "sequence_length": 128}, gpt)
    assert not check(text, {"name": "language_modelling"}, gpt)
    gpt["body"][0]["decoder"]["positions"] = "rotary"
    assert not check(text, {"name": "language_modelling", "sequence_length": 129}, gpt)


def test_heads_that_do_not_divide_the_width(faults):
    (fault,) = faults("model=gpt", "data=ptb", "model.heads=3")
    assert "block 'decoder': units (128) must be a multiple of heads (3)" in fault


def test_a_task_that_reads_other_data(faults):
    assert faults("data=mnist", "task=language_modelling") == [
        "data=mnist task=language_modelling: language_modelling reads tokens, and the inputs of "
        "mnist are of kind image. Tasks for mnist: classification, reconstruction, variational, "
        "adversarial. Data for language_modelling: python_docs, ptb, tiny_shakespeare, text, "
        "text_folder, task_texts, abc."
    ]


def test_a_task_that_learns_other_targets(faults):
    (fault,) = faults("data=mnist", "task=regression", "model=mlp")
    assert fault.startswith("data=mnist task=regression: regression learns a value, and what mnist")


def test_inputs_alone_are_nothing_to_classify(faults):
    (fault,) = faults("data=unlabelled_images", "data.root=x", "task=classification", "model=cnn")
    assert fault.startswith(
        "data=unlabelled_images task=classification: classification learns a label, and "
        "unlabelled_images has inputs alone. Tasks for unlabelled_images: "
    )


class Painter:
    """Make a picture of an image.

    Args:
        loss: What is learned by: ``l1`` needs pairs.
    """

    inputs = frozenset({"image"})
    targets = frozenset({"picture"})
    needs = "any"

    def __init__(self, *, loss: str = "l1"):
        self.paired = loss == "l1"


def test_a_task_that_needs_pairs(monkeypatch):
    monkeypatch.setitem(TASKS._rows, "painter", "nowhere:Painter")
    monkeypatch.setitem(TASKS._loaded, "painter", Painter)
    model = {**models()["cnn"], "name": "cnn"}
    (fault,) = check({"name": "unpaired_images"}, {"name": "painter"}, model)
    assert fault == (
        "data=unpaired_images task=painter: painter as it is set learns from pairs, and in "
        "unpaired_images an input and the picture beside it have nothing to do with each other. "
        "Data with pairs: paired_images, camvid."
    )
    assert not check({"name": "unpaired_images"}, {"name": "painter", "loss": "gan"}, model)
    assert not check({"name": "paired_images"}, {"name": "painter"}, model)
    steps = {"mixup": {}}
    (fault,) = check({"name": "camvid", "augment": steps}, {"name": "painter"}, model)
    assert fault == (
        "data.augment: mixup blends an example's label or value with another's, and camvid has "
        "none."
    )
    assert not check({"name": "camvid", "augment": {"jitter": {}}}, {"name": "painter"}, model)


def test_a_generator_of_noise_translates_nothing(faults):
    (fault,) = faults("data=camvid", "task=image_translation", "model=dcgan")
    assert fault == (
        "model=dcgan data=camvid task=image_translation: image_translation cannot use this model: "
        "its generator makes no image of an image (one of architecture unet does). Models that "
        "can, as their files have them: cyclegan, pix2pix. Tasks that this model can learn from "
        "this data: adversarial."
    )


def test_pix2pix_learns_from_pairs(faults):
    words = ("data=unpaired_images", "data.root=x", "model=pix2pix")
    (fault,) = faults(*words, "task=image_translation")
    assert fault.startswith(
        "data=unpaired_images task=image_translation: image_translation as it is set learns from "
        "pairs, and in unpaired_images an input and the picture beside it have nothing to do"
    )
    task = {"name": "image_translation", "method": "cyclegan"}
    assert not check({"name": "unpaired_images"}, task, {**models()["pix2pix"], "name": "pix2pix"})


def test_pairs_that_are_compared_with_each_other_are_not_cut_apart(faults):
    words = ("data=stsb", "model=bert", "task=sentence_similarity", "task.loss=ranking")
    (fault,) = faults(*words, "optimizer.gradient_accumulation_steps=2")
    assert fault.startswith("optimizer.gradient_accumulation_steps=2: the task's loss compares all")
    assert len(faults(*words, "task.highest=-1")) == 1, "each fault is told once"


def test_blocks_that_do_not_fit_each_other(faults):
    (fault,) = faults("model=mlp", "data=digits", "model.body=[{dense:{}},{recurrent:{}}]")
    assert "model=mlp data=digits task=classification: block 'recurrent' reads sequence" in fault
    assert "Models that can, as their files have them: cnn, gpt, gru" in fault


def test_pairs_are_not_checked_before_their_parts_are_right(faults):
    assert faults("model=mlp", "data=ptb", "model.units=x") == [
        "command line: model.units: expected a whole number from 1, "
        "or a list of at least 1, each a whole number from 1; got 'x'"
    ]


@pytest.mark.parametrize("model", files.names("model"))
@pytest.mark.parametrize("data", list(DATA))
def test_every_pair_has_an_answer(model, data):
    row = DATA.row(data)
    without_pairs = {"method": "cyclegan"} if row.unpaired else {}
    found = check(
        {"name": data, "kind": row.kind or KINDS[data]},
        {"name": row.task, **without_pairs},
        {**models()[model], "name": model},
    )
    assert len(found) <= 1
    if found:
        assert found[0].startswith(f"model={model} data={data} task={row.task}: ")
        assert "Models that can" in found[0]


def test_every_task_has_a_model_for_each_kind_that_it_reads():
    for name in TASKS:
        for kind in TASKS[name].inputs:
            assert any(not network_and_task(kind, model, name) for model in models().values())
