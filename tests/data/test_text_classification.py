"""Texts with labels: own files and SST-2."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from toolkit.data.labelled.sst2 import sst2
from toolkit.data.labelled.text_classification import text_classification
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.labelled.text_labels import classes_of
from toolkit.errors import Refused

ROWS = "text,label\nA good film!,good\nbad film,bad\nSo good.,good\nvery bad,bad\n"


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path as text."""

    def write(content, name="train.csv"):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return str(tmp_path / name)

    return write


def texts(dataset, part="train"):
    """The texts of a part."""
    rows = dataset.splits[part].arrays["tokens"]
    return [dataset.encoder.decode(rows[i]) for i in range(len(rows))]


def refusal(**options):
    """What a request is refused with."""
    with pytest.raises(Refused) as error:
        text_classification(**options)
    return str(error.value)


def test_texts_and_labels(write, copied):
    path = write(ROWS)
    dataset = text_classification(train=path, valid=copied(path), test=copied(copied(path)))
    assert texts(dataset) == ["a good film !", "bad film", "so good .", "very bad"]
    assert dataset.spec.input.vocabulary[:5] == ("<pad>", "<unk>", "good", "film", "bad")
    assert dataset.spec.target.classes == ("bad", "good")
    label = dataset.test.arrays["label"]
    assert label.dtype == np.int32
    assert label.tolist() == [1, 0, 1, 0]
    assert dataset.notes == ()


def test_case_and_whitespace_and_length(write, copied):
    path = write(ROWS)
    options = {"tokenizer": "whitespace", "lower": False, "max_length": 2}
    dataset = text_classification(train=path, valid=copied(path), **options)
    assert texts(dataset)[0] == "A good"
    assert texts(dataset)[2] == "So good."


def test_characters(write, copied):
    path = write("text,label\nab a,1\nb,0\n")
    dataset = text_classification(train=path, valid=copied(path), unit="character")
    assert texts(dataset) == ["ab a", "b"]


def test_numbers_are_sorted_by_value(write, copied):
    path = write("a\t10\nb\t9\nc\t-1\n", "train.tsv")
    dataset = text_classification(train=path, valid=copied(path), text_column=0, label_column=1)
    assert dataset.spec.target.classes == ("-1", "9", "10")


def test_validation_is_carved_by_seed(write):
    path = write("text,label\n" + "".join(f"word{i},{i % 2}\n" for i in range(50)))
    options = {"train": path, "validation_fraction": 0.2}
    first, again = (text_classification(**options, seed=3) for _ in range(2))
    other = text_classification(**options, seed=4)
    assert [len(split) for split in first.splits.values()] == [40, 10]
    assert first.spec == again.spec != other.spec
    assert first.test is None
    assert first.notes[0] == (
        f"{path}: 10 rows chosen by seed 3 are the validation part; data.valid names none."
    )
    assert first.notes[1] == (
        f"{path}: 10 of 10 tokens (100 %) are not in the vocabulary and are read as <unk>."
    )


@pytest.mark.parametrize("multi_label", [None, "|"])
def test_a_label_that_occurs_only_in_the_carved_part_is_a_class(write, multi_label):
    rows = "".join(f"word{i},label{i}\n" for i in range(5))
    dataset = text_classification(train=write("text,label\n" + rows), multi_label=multi_label)
    assert dataset.spec.target.classes == tuple(f"label{i}" for i in range(5))
    assert [len(split) for split in dataset.splits.values()] == [4, 1]


def test_several_labels(write, copied):
    path = write('text,label\none,a|b\ntwo,\nthree," b "\n')
    dataset = text_classification(train=path, valid=copied(path), multi_label="|")
    assert dataset.spec.target.multi_label
    assert dataset.spec.target.shape == (2,)
    assert dataset.train.arrays["label"].tolist() == [[1, 1], [0, 0], [0, 1]]


def test_lists_of_labels(write, copied):
    rows = [{"text": ["Two.", "sentences"], "label": ["a", "b"]}, {"text": "x", "label": []}]
    path = write("\n".join(map(json.dumps, rows)), "train.jsonl")
    dataset = text_classification(train=path, valid=copied(path), multi_label=",")
    assert dataset.train.arrays["label"].tolist() == [[1, 1], [0, 0]]
    assert texts(dataset)[0] == "two . sentences"
    assert refusal(train=path, valid=copied(path)).split("\n") == [
        f"{path}, line 1: several labels (a, b); set data.multi_label to allow that.",
        f"{path}, line 2: the label is empty; each row needs one.",
    ]


def test_encoder_reads_as_training_did(write, copied):
    path = write(ROWS)
    dataset = text_classification(train=path, valid=copied(path))
    encoder = TextEncoder.from_json(json.loads(json.dumps(dataset.encoder.to_json())))
    rows = encoder.encode(["A GOOD\nfilm!", "unheard"]).arrays["tokens"]
    np.testing.assert_array_equal(rows[0], dataset.train.arrays["tokens"][0])
    assert rows[1].tolist() == [1]


def test_some_empty_texts_are_told(write, copied):
    path = write("text,label\na,x\n,y\n b ,y\n")
    dataset = text_classification(train=path, valid=copied(path))
    assert texts(dataset) == ["a", "<unk>", "b"]
    assert dataset.notes[0] == f"{path}: 1 of 3 train texts are empty."


# === What cannot be read ===


def test_a_column_without_text(write, copied):
    path = write("text,label\n ,x\n,y\n")
    assert refusal(train=path, valid=copied(path)) == (
        f"{path}: column 'text' has no text in any of its 2 rows; is data.text_column the right "
        "one?"
    )


def test_a_label_never_seen_in_training(write, copied):
    path = write(ROWS)
    other = write("text,label\nfine,good\nfine,godo\n", "test.csv")
    assert refusal(train=path, valid=copied(path), test=other) == (
        f"{other}, line 3: label 'godo' does not occur in the training part. Did you mean good?"
    )


def test_an_empty_label(write, copied):
    path = write("text,label\na,x\nb,\n")
    assert refusal(train=path, valid=copied(path)) == (
        f"{path}, line 3: the label is empty; each row needs one."
    )


def test_one_line_only(write):
    path = write("text,label\n")
    assert refusal(train=path) == (
        f"{path}: holds no rows below its first line, which names the columns."
    )
    path = write("text,label\na,x\n")
    assert refusal(train=path) == (
        f"{path}: has one row only, so no validation row can be carved from it; expected at least "
        "two rows, or a file for data.valid."
    )


def test_empty_file(write):
    path = write("")
    assert refusal(train=path) == f"{path}: is empty; expected rows."


def test_no_such_files(write, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = write(ROWS)
    assert refusal(root=str(tmp_path), train="trian.csv") == (
        f"data.train: there is no '{tmp_path / 'trian.csv'}' or 'trian.csv' (plain or .gz). Did "
        "you mean train.csv?"
    )
    assert refusal(train=path, test=str(tmp_path / "held-out")) == (
        f"data.test: there is no '{tmp_path / 'held-out'}' (plain or .gz)."
    )


def test_missing_column(write):
    path = write("sentence,label\na,x\n")
    assert refusal(train=path) == (
        f"data.text_column: {path} has no column 'text'. There is: label, sentence. If its first "
        "line names no columns, give numbers instead, from 0."
    )


def test_ragged_rows(write):
    path = write("text,label\na,x\nb,c,y\n")
    assert refusal(train=path) == (
        f"{path}, line 3: 3 cells, but the first line names 2 columns (text, label)."
    )


def test_not_utf8(write):
    path = write("text,label\nÜber,x\n".encode("latin-1"))
    assert refusal(train=path) == (
        f"{path}, line 2: not utf-8 (byte 0xdc). Name the file's encoding in training "
        "(data.encoding=latin-1, …) or convert it."
    )


def test_nul_bytes(write):
    path = write(b"text,label\na\0,x\n")
    assert refusal(train=path) == (
        f"{path}, line 2: holds NUL bytes, so it is no text file in utf-8."
    )


def test_truncated_gzip(tmp_path):
    path = tmp_path / "train.csv.gz"
    path.write_bytes(gzip.compress(ROWS.encode() * 99)[:-9])
    assert refusal(train=str(path)).startswith(f"{path}: a damaged or truncated gzip file (")


def test_no_word_is_left(write, copied):
    path = write(ROWS)
    assert refusal(train=path, valid=copied(path), vocabulary_size=2) == (
        f"{path}: no word is left for the vocabulary (data.vocabulary_size=2, "
        "data.minimum_count=1); raise the first or lower the second."
    )


def test_nothing_to_validate_on(write):
    assert refusal(train=write(ROWS), validation_fraction=0.0) == (
        "data.validation_fraction: 0, and data.valid names no file; the best epoch is chosen on "
        "validation rows: give either."
    )


# === SST-2 ===


def test_sst2(data_root):
    dataset = sst2(root=str(data_root))
    splits = dataset.splits
    assert [len(split) for split in splits.values()] == [67_349, 872, 1_821]
    assert dataset.spec.target.classes == ("negative", "positive")
    positive = [int(split.arrays["label"].sum()) for split in splits.values()]
    assert positive == [37_569, 444, 909]
    assert 13_000 < len(dataset.spec.input.vocabulary) < 15_000
    assert texts(dataset, "test")[0] == "no movement , no <unk> , not much of anything ."
    assert min(split.arrays["tokens"].lengths.min() for split in splits.values()) >= 1
    rows = dataset.encoder.encode(["I don't like it's END!"]).arrays["tokens"]
    assert dataset.encoder.decode(rows[0]) == "i do n't like it 's end !"


def test_sst2_without_a_labelled_test(tmp_path):
    (tmp_path / "SST-2").mkdir()
    for name in ("train.tsv", "dev.tsv"):
        content = 'sentence\tlabel\n"fine , but\t1\nnot " fine\t0\n'
        (tmp_path / "SST-2" / name).write_text(content)
    dataset = sst2(root=str(tmp_path))
    assert texts(dataset) == ['" fine , but', 'not " fine']
    assert dataset.test is None
    assert dataset.notes == (
        f"There is no test_labeled.tsv beside {tmp_path / 'SST-2' / 'dev.tsv'}, and GLUE's own "
        "test has no labels: only the dev part is scored.",
    )


def test_labels_that_are_numbers_but_one_have_an_order_of_their_own():
    assert classes_of([["2"], ["nan"], ["10"], ["1"]]) == ("1", "10", "2", "nan")
    assert classes_of([["10"], ["9"]]) == ("9", "10")
