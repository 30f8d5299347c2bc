"""Writing a text from another, from files to scores and predictions."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.translated.parallel import parallel
from toolkit.errors import Refused
from toolkit.tasks.built import Sizes
from toolkit.tasks.writing.extraction import likeliest_sentences
from toolkit.tasks.writing.sequence_to_sequence import SequenceToSequence
from toolkit.tasks.writing.written_scores import scores, signatures
from toolkit.text_scores import bleu, rouge
from toolkit.training.parts import suited
from toolkit.training.predict import predict
from toolkit.training.run import train_on
from toolkit.training.writing import Wishes

STACK = {"units": 16, "layers": 1, "heads": 2, "hidden": 16, "dropout": 0.0, "positions": "rotary"}
MODEL = {
    "name": "seq2seq",
    "stem": {"tokens": {"units": 16, "init_std": 0.3, "share": True}},
    "encoder": [{"encoder": STACK}],
    "decoder": [{"decoder": STACK}],
}
WORDS = ["eins", "zwei", "drei", "vier"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Sentences of a few words, which are to be written as they are."""
    folder = tmp_path_factory.mktemp("pairs")
    random = np.random.default_rng(0)
    rows = [" ".join(random.choice(WORDS, random.integers(1, 4))) + "." for _ in range(640)]
    for name, part in (("train", rows), ("valid", rows[:8]), ("test", rows[:8])):
        lines = "".join(json.dumps({"source": row, "target": row}) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(lines)
    files = {part: str(folder / f"{part}.jsonl") for part in ("train", "valid", "test")}
    return parallel(**files, shared_vocabulary=True)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """A run that has learned to copy."""
    return train_on(
        data,
        {
            "model": MODEL,
            "data": {"name": "parallel", "batch_size": 32, "source": "source"},
            "task": {"name": "sequence_to_sequence", "max_length": 8, "validation_texts": 0},
            "optimizer": {"name": "adam", "learning_rate": 0.01},
            "schedule": {"name": "cosine"},
            "trainer": {"epochs": 8, "validate_every": 8},
            "logger": {"name": "none"},
            "seed": 0,
            "run_dir": str(tmp_path_factory.mktemp("run") / "run"),
            "plugins": [],
        },
        quiet=True,
    )


def test_a_network_learns_to_copy_and_is_scored(run):
    results = json.loads(run.results.read_text())
    assert results["test/bleu"] > 90
    assert results["test/perplexity"] < 1.5
    assert results["test/bleu (copy)"] == pytest.approx(100)
    assert "valid/bleu" not in results


def test_predict_writes_the_best_texts(run, capsys):
    (row,) = predict(run=str(run.path), input="drei zwei.")
    assert row["text"] == "drei zwei."
    rows = predict(run=str(run.path), input="vier.", n=3)
    assert [len(row["texts"]) for row in rows] == [3]
    found = rows[0]["texts"]
    assert found[0]["text"] == rows[0]["text"] == "vier."
    assert found[0]["score"] > found[1]["score"] > found[2]["score"]
    drawn = [
        predict(run=str(run.path), input="vier.", n=2, temperature=3.0, seed=1) for _ in range(2)
    ]
    assert drawn[0] == drawn[1]


def test_wishes_that_contradict_each_other_are_refused():
    usual = SequenceToSequence().decoding
    with pytest.raises(Refused, match="the one or the others"):
        Wishes(beams=4, top_k=3).decoding(usual)
    with pytest.raises(Refused, match="n=3: expected at most beams=2"):
        Wishes(n=3, beams=2).decoding(usual)
    assert Wishes(n=3).decoding(usual).beams == 3


def test_the_saved_network_opens_in_plain_keras(run):
    model = keras.models.load_model(run.model, compile=False)
    logits = model({"tokens": np.array([[2, 4, 3]]), "written": np.array([[2, 4]])})
    assert logits.shape == (1, 2, 4 + len(WORDS) + 1)


def test_loss_with_smoothing_is_the_formula(data):
    task = SequenceToSequence(label_smoothing=0.2)
    for tie in (True, False):
        model = {**MODEL, "stem": {"tokens": {"units": 16, "tie": tie}}}
        built = task.assemble(model, data.spec, Sizes(2))
        task.check(data)
        y = tf.constant([[2, 4, 5, 3], [2, 6, 3, 0]])
        x, after, weight = task.examples(
            {"tokens": tf.constant([[2, 4, 3], [2, 5, 3]])}, y, tf.constant([1.0, 0.5]), None
        )
        loss, _ = built.objective.loss_sum(x, after, weight, training=True)
        plain, _ = built.objective.loss_sum(x, after, weight, training=False)
        told = tf.nn.log_softmax(built.inference(x)).numpy()
        size = told.shape[-1]
        counts = np.array([[1, 1, 1], [0.5, 0.5, 0]])
        right = np.take_along_axis(told, after.numpy()[..., None], -1)[..., 0]
        np.testing.assert_allclose(plain, -(right * counts).sum(), rtol=1e-4)
        even = 0.8 * right + 0.2 * told.sum(-1) / size
        np.testing.assert_allclose(loss, -(even * counts).sum(), rtol=1e-4)


def test_the_sentence_that_is_likeliest_is_the_summary(data):
    task = SequenceToSequence(length_penalty=0.5)
    built = task.assemble(MODEL, data.spec, Sizes(2))
    texts = ["Eins zwei drei. Zwei zwei zwei. Drei.", "vier vier vier vier"]
    found = likeliest_sentences(built.inference, data.spec, data.encoder, texts, task.decoding, n=3)
    assert [len(best) for best in found] == [2, 1]  # what has too few words is no sentence
    read = data.encoder.encode(texts).arrays["tokens"]
    for text, best in zip(read, found, strict=False):
        for sentence, score in best:
            ids = data.encoder.target.frame(data.encoder.target.ids([sentence]))[0]
            told = tf.nn.log_softmax(
                built.inference({"tokens": text[None], "written": ids[None, :-1]})
            )[0].numpy()
            total = sum(told[i, ids[i + 1]] for i in range(len(ids) - 1))
            expected = total / ((5 + len(ids) - 1) / 6) ** 0.5
            np.testing.assert_allclose(score, expected, rtol=1e-4)


def test_scores_against_the_libraries_and_by_hand():
    written = ["the cat sat on the mat today", "A dog runs."]
    right = [["the cat sat on a mat today"], ["A dog runs.", "The dog is running."]]
    found = scores(written, right, ("bleu", "rouge"), lower=True)
    assert found["bleu"] == pytest.approx(bleu(written, right, lower=True)[0])
    # 6 of 7 words, and all of 3; two of the pairs of words of the first differ.
    assert rouge(written, right)["rouge1"] == pytest.approx(100 * (6 / 7 + 1) / 2)
    assert rouge(written, right)["rouge2"] == pytest.approx(100 * (4 / 6 + 1) / 2)
    assert rouge(["Привет, мир!"], [["привет мир"]])["rougeL"] == pytest.approx(100)
    assert rouge(["猫が好き"], [["犬が好き"]])["rouge1"] == pytest.approx(75)
    assert scores(["a , b c d"], [["A, b c d"]], ("bleu",), lower=False)["bleu"] == pytest.approx(
        100
    )
    assert "tok:none" in signatures(True)["bleu"] and "case:lc" in signatures(True)["sacrebleu"]
    assert "case:mixed" in signatures(False)["sacrebleu"]
    assert "tok:13a" in signatures(False)["sacrebleu"]


def test_texts_longer_than_the_decoders_positions_are_refused():
    def given(most: int, **data: int | None) -> dict[str, Any]:
        task = {"name": "sequence_to_sequence", "max_length": most}
        block = {"layers": 1, "units": 8, "heads": 2, "positions": "learned", "max_length": 16}
        model = {"encoder": [{"encoder": block}], "decoder": [{"decoder": block}], "stem": None}
        return suited({"max_length": 16, **data}, task, model)

    with pytest.raises(Refused, match=r"task\.max_length=17: the decoder has 16 positions;"):
        given(17)
    with pytest.raises(Refused, match=r"data\.max_target_length=18: .* expected at most 17 tokens"):
        given(16, max_target_length=18)
    assert given(16, max_target_length=17)["max_target_length"] == 17
    assert given(16, max_target_length=None)["max_target_length"] == 17
