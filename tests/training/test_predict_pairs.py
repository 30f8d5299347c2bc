"""Pairs of texts from their file to predictions, and the vectors that networks make of texts."""

from __future__ import annotations

import json

import numpy as np
import pytest

import toolkit
from toolkit.errors import Refused

ROWS = [("a cat", "a cat", 4.0), ("a cat", "a dog", 1.0), ("one two", "two", 2.5), ("x", "", 0.5)]
MODEL = {
    "stem": {"tokens": {"units": 4}},
    "body": [{"recurrent": {"units": 5, "bidirectional": True}}],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory, copied):
    """A regression on pairs."""
    folder = tmp_path_factory.mktemp("pairs")
    lines = [json.dumps({"one": a, "two": b, "alike": score}) for a, b, score in ROWS * 3]
    (folder / "train.jsonl").write_text("\n".join(lines))
    data = toolkit.load_data(
        "text_classification",
        train=str(folder / "train.jsonl"),
        valid=copied(folder / "train.jsonl"),
        text_column="one",
        text_pair_column="two",
        label_column="alike",
        target_kind="value",
    )
    return toolkit.train(
        MODEL,
        data,
        task={"name": "regression", "pooling": "first", "dropout": 0.1},
        batch_size=4,
        epochs=2,
        monitor="spearman",
        run_dir=folder / "run",
        quiet=True,
    )


def test_correlations_are_told_and_chosen_by(run):
    valid = run.evaluate("valid")
    assert {"pearson", "spearman"} <= valid.keys()
    assert next(iter(key for key in run.results if "/" in key)) == "valid/spearman"
    assert run.results["valid/spearman"] == pytest.approx(valid["spearman"])
    assert run.results["valid/pearson"] == pytest.approx(valid["pearson"])


def test_a_pair_is_predicted_alone_as_among_others(run, tmp_path):
    (tmp_path / "pairs.txt").write_text("".join(f"{a}\t{b}\n" for a, b, _ in ROWS))
    rows = run.predict(str(tmp_path / "pairs.txt"))
    assert [row["input"] for row in rows] == [[a, b] for a, b, _ in ROWS]
    for row, (first, second, _) in zip(rows, ROWS, strict=True):
        (alone,) = run.predict(f"{first}\t{second}")
        assert alone["alike"] == pytest.approx(row["alike"], abs=1e-5)
    (other,) = run.predict("a dog\ta cat")
    assert other["alike"] != pytest.approx(rows[1]["alike"], abs=1e-7), "order matters"
    with pytest.raises(Refused, match="reads pairs of texts"):
        run.predict("one text only")


def test_a_file_of_pairs_to_csv(run, tmp_path):
    (tmp_path / "in.csv").write_text("one,two\na cat,a dog\n")
    run.predict(str(tmp_path / "in.csv"), output=str(tmp_path / "out.csv"))
    head, row = (tmp_path / "out.csv").read_text().splitlines()
    assert head == "input/1,input/2,alike" and row.startswith("a cat,a dog,")


def test_the_vector_is_what_the_head_reads(run):
    (predicted,) = run.predict("a cat\ta dog")
    (row,) = run.predict("a cat\ta dog", embed=True)
    assert row["input"] == ["a cat", "a dog"]
    kernel, bias = run.model.get_layer("head").get_weights()
    target = run.data.spec.target
    value = (np.array(row["embedding"]) @ kernel + bias)[0] * target.scale[0] + target.offset[0]
    assert len(row["embedding"]) == 10
    assert value == pytest.approx(predicted["alike"], abs=1e-4)


def test_a_language_models_vector_is_the_mean_over_its_positions(tmp_path, copied):
    (tmp_path / "t.txt").write_text("a b c d a b c d\n" * 20)
    data = toolkit.load_data(
        "text", train=str(tmp_path / "t.txt"), valid=copied(tmp_path / "t.txt")
    )
    model = {"stem": {"tokens": {"units": 4}}, "body": [{"recurrent": {"units": 6}}]}
    task = {"name": "language_modelling", "sequence_length": 4}
    options = {"task": task, "batch_size": 2, "epochs": 1, "quiet": True, "validation_steps": 1}
    run = toolkit.train(model, data, run_dir=tmp_path / "run", **options)
    vectors = [np.array(run.predict(text, embed=True)[0]["embedding"]) for text in ("a", "a b")]
    assert vectors[0].shape == (6,)
    (tmp_path / "two.txt").write_text("a b\na\n")
    together = run.predict(str(tmp_path / "two.txt"), embed=True)
    np.testing.assert_allclose(together[1]["embedding"], vectors[0], atol=1e-6)
    np.testing.assert_allclose(together[0]["embedding"], vectors[1], atol=1e-6)
    second = 2 * vectors[1] - vectors[0]  # causal: the first position is the same in both
    assert np.abs(second).max() < 1, "a GRU's state lies between -1 and 1"
