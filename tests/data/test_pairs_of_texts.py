"""Pairs of texts: how they are read, joined, cut, and given to predict."""

from __future__ import annotations

import io
import itertools
import json
import sys

import numpy as np
import pytest

from toolkit.data.labelled.pairs import cut_lengths
from toolkit.data.labelled.raw_pairs import raw_pairs
from toolkit.data.labelled.raw_texts import raw_texts
from toolkit.data.labelled.text_classification import text_classification
from toolkit.errors import Refused

ROWS = "q,a,score\nWho is it?,It is I.,1.5\nWhat?,<sep> A cat on a mat.,4\nEmpty,,2.5\n"
PAIR = {"text_column": "q", "text_pair_column": "a", "label_column": "score"}


@pytest.fixture
def path(tmp_path):
    """A file of pairs with values."""
    (tmp_path / "pairs.csv").write_text(ROWS)
    return str(tmp_path / "pairs.csv")


def cut_one_by_one(first, second, room):
    """What is kept when an element of the longer one is taken off again and again."""
    while first + second > room:
        first, second = (first - 1, second) if first > second else (first, second - 1)
    return first, second


def test_the_longer_text_is_cut_first():
    for first, second, room in itertools.product(range(8), range(8), range(9)):
        kept = cut_lengths(np.array([first]), np.array([second]), room)
        assert [int(k[0]) for k in kept] == list(cut_one_by_one(first, second, room))


def test_words_of_a_pair_are_one_row_with_a_separator_between(path, copied):
    dataset = text_classification(train=path, valid=copied(path), target_kind="value", **PAIR)
    rows, field = dataset.train.arrays["tokens"], dataset.spec.input
    assert [dataset.encoder.decode(rows[i]) for i in range(3)] == [
        "who is it ? <sep> it is i .",
        "what ? <sep> < sep > a cat on a mat .",
        "empty <sep>",
    ]
    assert field.special == {"pad": 0, "unknown": 1, "end": 2}
    assert field.names == ("q", "a")
    assert [int((rows[i] == 2).sum()) for i in range(3)] == [1, 1, 1]
    assert dataset.notes[0] == f"{path}: 1 of 3 train texts of column 'a' are empty."
    again = dataset.encoder.encode([("Who is it?", "It is I.")]).arrays["tokens"]
    np.testing.assert_array_equal(again[0], rows[0])


def test_a_separator_in_raw_text_is_no_separator(path, copied):
    options = {
        "train": path,
        "valid": copied(path),
        "target_kind": "value",
        "tokenizer": "whitespace",
    }
    dataset = text_classification(**options, **PAIR)
    assert int((dataset.train.arrays["tokens"][1] == 2).sum()) == 1


def test_both_texts_are_cut_to_the_longest_row(path, copied):
    options = {"train": path, "valid": copied(path), "target_kind": "value", "max_length": 6}
    dataset = text_classification(**options, **PAIR)
    rows = dataset.train.arrays["tokens"]
    assert dataset.encoder.decode(rows[0]) == "who is it <sep> it is"
    assert dataset.encoder.decode(rows[1]) == "what ? <sep> < sep >"


def test_values_are_standardised_by_the_training_rows(path, copied):
    dataset = text_classification(train=path, valid=copied(path), target_kind="value", **PAIR)
    target, values = dataset.spec.target, np.array([1.5, 4, 2.5])
    assert (target.kind, target.names) == ("value", ("score",))
    np.testing.assert_allclose(dataset.train.arrays["value"], values[:, None])
    np.testing.assert_allclose([*target.offset, *target.scale], [values.mean(), values.std()])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text_pair_column": "b"}, "data.text_pair_column: {path} has no column 'b'."),
        ({"label_column": "q"}, "{path}, line 2: column 'q' holds 'Who is it?', not a number."),
        ({"multi_label": "|"}, "data.multi_label: values have no labels; expected null."),
        (
            {"unit": "character", "tokenizer": "bpe"},
            "data.unit: characters, but data.tokenizer=bpe makes pieces of words.",
        ),
    ],
)
def test_what_is_refused(change, told, path, copied):
    options = {"train": path, "valid": copied(path), "target_kind": "value", **PAIR, **change}
    with pytest.raises(Refused) as error:
        text_classification(**options)
    assert told.format(path=path) in str(error.value)


def test_a_column_without_a_text(tmp_path, copied):
    (tmp_path / "x.csv").write_text("q,a,score\none,,1\ntwo, ,2\n")
    path = str(tmp_path / "x.csv")
    with pytest.raises(Refused, match="column 'a' has no text in any of its 2 rows; is data.text_"):
        text_classification(train=path, valid=copied(path), target_kind="value", **PAIR)


def test_pairs_to_predict_for(path, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("one\ttwo\n\nthree\tfour\n")
    (tmp_path / "b.jsonl").write_text(json.dumps({"sentence1": "x", "sentence2": "y"}) + "\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("five\tsix\n"))
    names = ("q", "a")
    assert raw_pairs(path, names, {})[0] == ("Who is it?", "It is I.")
    assert raw_pairs(str(tmp_path / "a.txt"), names, {}) == [("one", "two"), ("three", "four")]
    (tmp_path / "l.txt").write_bytes("thé\tcafé\n".encode("latin-1"))
    assert raw_pairs(str(tmp_path / "l.txt"), names, {"encoding": "latin-1"}) == [("thé", "café")]
    assert raw_pairs(str(tmp_path / "b.jsonl"), names, {}) == [("x", "y")]
    assert raw_pairs("-", names, {}) == [("five", "six")]
    assert raw_pairs("a question?\tand more", names, {}) == [("a question?", "and more")]
    assert raw_pairs(r"a question?\tand more", names, {}) == [("a question?", "and more")]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("no tab", "input: this run reads pairs of texts (q, a); expected two texts with a tab"),
        ("{path}/lines.txt", "input, line 2: this run reads pairs"),
        ("{path}/none.csv", "input: no file {path}/none.csv."),
        ("{path}/empty.txt", "input: nothing to read in"),
        ("{path}/other.csv", "data.text_column: {path}/other.csv has no column 'q'."),
        ("{path}", "is a folder; expected a file of pairs (q, a)."),
    ],
)
def test_pairs_that_cannot_be_read(given, told, tmp_path):
    (tmp_path / "lines.txt").write_text("a\tb\nc\n")
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "other.csv").write_text("z,w\n1,2\n")
    with pytest.raises(Refused) as error:
        raw_pairs(given.format(path=tmp_path), ("q", "a"), {})
    assert told.format(path=tmp_path) in str(error.value)


def test_single_texts_are_found_under_the_names_that_data_sets_have(tmp_path):
    (tmp_path / "a.tsv").write_text("sentence\tlabel\nfine\t1\n")
    assert raw_texts(str(tmp_path / "a.tsv"), {}) == ["fine"]
