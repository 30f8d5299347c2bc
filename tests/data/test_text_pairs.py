"""Pairs of texts: files, marks, words that are written back, and what is said of them."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from toolkit.data.texts.joining import join, learn_joins
from toolkit.data.texts.words import Words
from toolkit.data.translated.multi30k import multi30k
from toolkit.data.translated.parallel import parallel
from toolkit.data.translated.scitldr import scitldr
from toolkit.data.translated.summaries import summaries
from toolkit.data.translated.summary_rows import first_sentence
from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.errors import Refused

TEXTS = [
    "The dog's bone (a T-shirt), isn't here.",
    'She says "go on", and he says "stop".',
    'A "no" is a no: it isn\'t a yes.',
    "Ein Hund-Haus (rot) ist da, oder?",
]


def words(**options):
    return Words.train("words", TEXTS, **options)


def test_texts_are_written_as_they_were():
    made = words()
    for text, ids in zip(TEXTS, made.ids(TEXTS), strict=False):
        assert made.decode(ids) == text


def test_texts_with_marks_are_written_as_they_were():
    texts = [
        "नमस्ते, दुनिया (हिन्दी) है!",
        "שָׁלוֹם, עוֹלָם.",
        "مُحَمَّدٌ (می\u200cخواهم).",
        "Cafe\u0301, de\u0301ja\u0300 \U0001f468\u200d\U0001f469\u200d\U0001f467 vu.",
    ]
    made = Words.train("words", texts)
    rows = made.ids(texts)
    assert [made.decode(rows[i]) for i in range(len(texts))] == texts


def test_small_letters_and_characters():
    assert words(lower=True).decode(words(lower=True).ids(TEXTS[:1])[0]) == TEXTS[0].lower()
    letters = Words.train("words", TEXTS, unit="character")
    assert letters.decode(letters.ids(TEXTS)[1]) == TEXTS[1]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["say", '"', "a", '"', "and", '"', "b", '"'], 'say "a" and "b"'),
        (["a", "-", "b", ",", "c"], "a-b, c"),
        (["unheard", "*", "x"], "unheard * x"),
    ],
)
def test_joining(tokens, expected):
    texts = ['He "is" here, a-b "c".', 'A "d", e-f.']
    split = [
        ["He", '"', "is", '"', "here", ",", "a", "-", "b", '"', "c", '"', "."],
        ["A", '"', "d", '"', ",", "e", "-", "f", "."],
    ]
    assert join(tokens, learn_joins(zip(texts, split, strict=True))) == expected


def test_marks_never_come_out_of_a_text():
    made = words()
    ids = made.ids(["<start> the <end> <pad> <unk>"])[0]
    marks = {made.special[name] for name in ("pad", "start", "end")}
    assert not marks & set(ids.tolist())
    assert made.special == {"pad": 0, "unknown": 1, "start": 2, "end": 3}


def test_frames_are_cut_from_the_longer_text():
    made = words()
    first, second = made.ids(["The dog here is here"]), made.ids(["yes no"])
    assert made.frame(first, None, 5)[0].tolist() == [2, *first[0][:3], 3]
    framed = made.frame(first, second, 7)[0].tolist()
    assert framed == [2, *first[0][:2], 3, *second[0], 3]
    assert made.frame(first)[0].tolist() == [2, *first[0], 3]


def test_rare_words_are_unknown_and_nothing_to_learn_is_refused():
    assert "dog" not in words(minimum_count=2).vocabulary
    with pytest.raises(Refused, match=r"no word is left.*occurs \d+ times"):
        words(minimum_count=100)


def corpus(folder, name, pairs, zipped=False):
    for side, texts in zip(("de", "en"), zip(*pairs, strict=True), strict=True):
        content = "\n".join(texts) + "\n"
        if zipped:
            (folder / f"{name}.{side}.gz").write_bytes(gzip.compress(content.encode()))
        else:
            (folder / f"{name}.{side}").write_text(content, "utf-8")


PAIRS = [(f"ein Satz {i}", f"a sentence {i}") for i in range(20)]


@pytest.mark.parametrize("zipped", [False, True])
def test_two_files_line_by_line(tmp_path, zipped):
    corpus(tmp_path, "train", [*PAIRS, ("leer", ""), (" ", "empty")], zipped)
    corpus(tmp_path, "test", [*PAIRS[:3], ("nichts", "")])
    data = parallel(root=str(tmp_path), train="train", test="test", source="de", target="en")
    assert (len(data.train), len(data.valid), len(data.test)) == (19, 1, 4)
    assert any("2 of 22 pairs have no text on one side" in note for note in data.notes)
    assert any("1 pairs chosen by seed 0" in note for note in data.notes)
    row = data.test.arrays["text"][0]
    assert row[0] == 2 and row[-1] == 3
    assert data.encoder.decode(row) == "a sentence 0"
    assert data.test.source.references[0] == ["a sentence 0"]
    assert data.spec.target.special["end"] == 3


def test_other_side_other_direction(tmp_path):
    corpus(tmp_path, "train", PAIRS)
    data = parallel(root=str(tmp_path), train="train", source="en", target="de")
    assert data.encoder.decode(data.train.arrays["text"][0]).startswith("ein Satz")


def test_files_of_differing_length_are_refused_with_both_numbers(tmp_path):
    corpus(tmp_path, "train", PAIRS)
    with open(tmp_path / "train.en", "a") as file:
        file.write("one more\n")
    with pytest.raises(Refused, match=r"has 20 lines and .*train\.en 21"):
        parallel(root=str(tmp_path), train="train", source="de", target="en")


def test_a_missing_side_is_named(tmp_path):
    corpus(tmp_path, "train", PAIRS)
    with pytest.raises(Refused, match=r"data\.train: there is no .*train\.fr"):
        parallel(root=str(tmp_path), train="train", source="de", target="fr")


def test_mixed_encodings_are_refused_with_the_line(tmp_path):
    corpus(tmp_path, "train", PAIRS)
    (tmp_path / "train.de").write_bytes("gut\nschön\n".encode("latin-1"))
    with pytest.raises(Refused, match=r"train\.de, line 2: not utf-8"):
        parallel(root=str(tmp_path), train="train", source="de", target="en")


def test_columns_of_a_table_and_what_predict_reads(tmp_path):
    rows = [{"de": a, "en": b} for a, b in PAIRS]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = parallel(train=str(path), source="de", target="en", shared_vocabulary=True)
    texts, split = data.encoder.read(str(path), {})
    assert texts == [a for a, _ in PAIRS]
    assert (
        split.arrays["tokens"][0].tolist()
        == data.encoder.encode([PAIRS[0][0]]).arrays["tokens"][0].tolist()
    )
    again = WritingEncoder.from_json(json.loads(json.dumps(data.encoder.to_json())))
    assert again == data.encoder and again.source is again.target


def test_empty_texts_are_read(tmp_path):
    corpus(tmp_path, "train", PAIRS)
    data = parallel(root=str(tmp_path), train="train", source="de", target="en")
    assert data.encoder.encode([""]).arrays["tokens"][0].tolist() == [2, 3]


def test_nothing_on_one_side_is_refused(tmp_path):
    corpus(tmp_path, "train", [("a", ""), ("b", "")])
    with pytest.raises(Refused, match="no pair has text on both sides"):
        parallel(root=str(tmp_path), train="train", source="de", target="en")


def test_summaries_with_several_versions(tmp_path, copied):
    rows = [
        {"text": ["First. ", "Second one."], "summary": ["One.", "Two."]},
        {"text": "Only e.g. this? Yes.", "summary": "Three."},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = summaries(train=str(path), valid=copied(path))
    assert len(data.train) == 3  # each version is learned
    assert len(data.valid) == 2
    assert data.valid.source.references[0] == ["One.", "Two."]
    assert data.valid.source.baselines[0] == "First."
    assert data.encoder.source is data.encoder.target
    assert data.valid.source.baseline == "first sentence"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One here. Two.", "One here."),
        ('He said "no." Then.', 'He said "no."'),
        ("v1.2 is out! Yes", "v1.2 is out!"),
        ("no mark at all", "no mark at all"),
        ("", ""),
    ],
)
def test_first_sentence(text, first):
    assert first_sentence(text) == first


def test_long_texts_are_cut_and_counted(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(f"{'w ' * 30},s {i}\n" for i in range(12))
    path.write_text("text,summary\n" + rows)
    data = summaries(train=str(path), max_length=10, max_target_length=2)
    rows = data.train.arrays
    assert set(rows["tokens"].lengths) == {10} and set(rows["text"].lengths) == {2}
    assert any("texts that are read have 10 tokens or more" in note for note in data.notes)


def test_multi30k(data_root):
    data = multi30k(root=str(data_root))
    assert (len(data.train), len(data.valid), len(data.test)) == (29_000, 1_014, 1_000)
    assert len(data.spec.input.vocabulary) == 7_882
    assert len(data.spec.target.vocabulary) == 5_900
    right = [text for (text,) in data.test.source.references]
    known = data.encoder.target
    back = [join(known.tokens(text), known.joins) for text in right]
    same = np.mean([a == b.lower() for a, b in zip(back, right, strict=True)])
    assert same > 0.99
    with pytest.raises(Refused, match="the other language"):
        multi30k(root=str(data_root), source="en")


def test_scitldr(data_root):
    data = scitldr(root=str(data_root))
    assert (len(data.train), len(data.valid), len(data.test)) == (1_992, 619, 618)
    assert sum(map(len, data.test.source.references)) == 1_967
    assert len(data.spec.input.vocabulary) == 8_000
