"""Sentence similarity: each text of a pair is read by itself, and the cosine is the prediction."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

import toolkit
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.tasks.apart import apart, together
from toolkit.tasks.sentence_similarity import SentenceSimilarity

ROWS = [("a cat", "a cat", 5.0), ("a cat", "a dog", 2.0), ("one two", "two", 3.5), ("x", "", 0.5)]
MODEL = {
    "stem": {"tokens": {"units": 4}},
    "body": [{"recurrent": {"units": 5, "bidirectional": True}}],
}
COLUMNS = {"text_column": "one", "text_pair_column": "two", "label_column": "alike"}


def pairs(folder, **options):
    lines = [json.dumps({"one": a, "two": b, "alike": score}) for a, b, score in ROWS * 3]
    for name in ("train.jsonl", "valid.jsonl"):
        (folder / name).write_text("\n".join(lines))
    return toolkit.load_data(
        "text_classification",
        **{"train": str(folder / "train.jsonl"), "valid": str(folder / "valid.jsonl")},
        **{"target_kind": "value", **COLUMNS, **options},
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("similar")
    return toolkit.train(
        MODEL,
        pairs(folder, tokenizer="wordpiece", vocabulary_size=40),
        task={"name": "sentence_similarity"},
        batch_size=4,
        epochs=2,
        monitor="spearman",
        run_dir=folder / "run",
        quiet=True,
    )


@pytest.mark.parametrize(
    ("special", "pair", "expected"),
    [
        ({"start": 1, "end": 2}, [1, 5, 6, 2, 7, 2, 0], ([1, 5, 6, 2], [1, 7, 2])),
        ({"start": 1, "end": 2}, [1, 5, 2, 2, 7, 8, 2], ([1, 5, 2], [1, 7, 8, 2])),  # RoBERTa
        ({"start": 1, "end": 2}, [1, 2, 7, 8, 9, 2, 0], ([1, 2], [1, 7, 8, 9, 2])),
        ({"start": 1, "end": 2}, [1, 5, 2, 2, 0, 0, 0], ([1, 5, 2], [1, 2])),
        ({"start": 1, "end": 2}, [1, 5, 2, 2, 2, 0, 0], ([1, 5, 2], [1, 2])),
        ({"start": 1, "end": 2, "pad": 3}, [1, 5, 2, 7, 2, 3, 3], ([1, 5, 2], [1, 7, 2])),
    ],
)
def test_texts_are_taken_apart(special, pair, expected):
    field = Field("tokens", (None,), "int32", special=special)
    ids = keras.Input((None,), dtype="int32")
    model = keras.Model(ids, apart(ids, field))
    rows = np.array(model(np.array([pair, pair], "int32")))
    first, second = ([*row, *[field.pad] * (len(pair) - len(row))] for row in expected)
    np.testing.assert_array_equal(rows, [first, first, second, second])


def test_firsts_and_seconds_come_back_in_order():
    rows = np.arange(12.0).reshape(6, 2)
    first, second = (np.array(side) for side in together(keras.ops.convert_to_tensor(rows)))
    np.testing.assert_array_equal(first, rows[:3])
    np.testing.assert_array_equal(second, rows[3:])


def test_predictions_are_cosines_of_vectors_that_texts_have_alone(run, tmp_path):
    (tmp_path / "texts.txt").write_text("a cat\na dog\none two\ntwo\n")
    rows = run.predict(str(tmp_path / "texts.txt"), embed=True)
    assert [row["input"] for row in rows] == ["a cat", "a dog", "one two", "two"]
    cat, dog, both, two = (np.array(row["embedding"]) for row in rows)
    assert cat.shape == (10,)
    for first, second, texts in ((cat, dog, "a cat\ta dog"), (both, two, "one two\ttwo")):
        cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
        (row,) = run.predict(texts)
        assert row["alike"] == pytest.approx(5 * cosine, abs=1e-4)
    assert run.predict("a cat\ta cat")[0]["alike"] == pytest.approx(5, abs=1e-4)
    swapped = run.predict("a dog\ta cat")[0]["alike"]
    assert swapped == pytest.approx(run.predict("a cat\ta dog")[0]["alike"], abs=1e-4)


def test_the_encoder_opens_in_plain_keras(run):
    encoder = keras.models.load_model(run.path / "encoder.keras", compile=False)
    ids = run.data.encoder.encode(["a cat"]).arrays["tokens"].values[None]
    vector = run.predict("a cat", embed=True)[0]["embedding"]
    np.testing.assert_allclose(np.array(encoder(ids))[0], vector, atol=1e-6)


def test_it_learns_what_is_alike(run):
    assert run.results["valid/spearman"] > 0.2
    assert {"valid/pearson", "valid/rmse"} <= run.results.keys()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"tokenizer": "words"}, "needs a tokenizer that marks where texts begin and end"),
        ({"tokenizer": "wordpiece", "text_pair_column": None}, "the data has single texts"),
    ],
)
def test_data_that_cannot_be_compared_is_refused(options, reason, tmp_path):
    with pytest.raises(Refused, match=reason):
        toolkit.train(
            MODEL,
            pairs(tmp_path, vocabulary_size=40, **options),
            task={"name": "sentence_similarity"},
            run_dir=tmp_path / "run",
            quiet=True,
        )


def test_a_scale_without_extent_is_refused():
    with pytest.raises(Refused, match=r"task\.highest: 1 is not above task\.lowest=1"):
        SentenceSimilarity(lowest=1, highest=1)


def test_ranking_learns_the_order_of_values_and_not_the_values(tmp_path):
    run = toolkit.train(
        MODEL,
        pairs(tmp_path, tokenizer="wordpiece", vocabulary_size=40),
        task={"name": "sentence_similarity", "loss": "ranking"},
        optimizer={"name": "adam", "learning_rate": 0.02},
        batch_size=12,
        epochs=30,
        monitor="spearman",
        run_dir=tmp_path / "run",
        quiet=True,
    )
    assert run.results["valid/spearman"] > 0.99
    values = [run.predict("\t".join(row[:2]))[0]["alike"] for row in ROWS]
    assert np.argsort(values).tolist() == np.argsort([row[2] for row in ROWS]).tolist()


def test_a_batch_whose_pairs_are_compared_is_not_cut(tmp_path):
    with pytest.raises(Refused, match="which cannot be cut into parts; expected 1, or"):
        toolkit.train(
            MODEL,
            pairs(tmp_path, tokenizer="wordpiece", vocabulary_size=40),
            task={"name": "sentence_similarity", "loss": "ranking"},
            optimizer={"name": "sgd", "gradient_accumulation_steps": 2},
            run_dir=tmp_path / "run",
            quiet=True,
        )
