"""SQuAD's files: read, held against their contexts, cut into windows."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from toolkit.data.questions.answer_places import place_answers
from toolkit.data.questions.asked import Answer, Question, Reading, read_questions
from toolkit.data.questions.question_encoder import QuestionEncoder
from toolkit.data.questions.raw_questions import raw_questions
from toolkit.data.questions.squad import squad
from toolkit.data.questions.windows import fullest, windows
from toolkit.data.subwords import Subwords
from toolkit.errors import Refused

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [*"abcdefghijklmnopqrstuvwxyz.?", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]


@pytest.fixture
def letters():
    """A tokenizer whose pieces are letters."""
    special = dict(zip(("pad", "unknown", "start", "end", "mask"), range(5), strict=True))
    return Subwords("wordpiece", (*MARKS, *LETTERS), special, lower=True)


def entry(question="q?", text="b", start=2, **more):
    answers = [] if text is None else [{"text": text, "answer_start": start}]
    return {"id": question, "question": question, "answers": answers, **more}


@pytest.fixture
def write(tmp_path):
    """Write paragraphs, pairs of a context and its questions, and return the path."""

    def write(*paragraphs, name="train.json"):
        data = [{"title": "t", "paragraphs": [{"context": c, "qas": q} for c, q in paragraphs]}]
        content = json.dumps({"version": "1.1", "data": data}).encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return str(tmp_path / name)

    return write


def refusal(function, *args, **options):
    with pytest.raises(Refused) as error:
        function(*args, **options)
    return str(error.value)


def test_questions_are_read(write):
    path = write(
        ("a b c", [entry("one"), entry("two", None, is_impossible=True)]),
        ("d", [entry("three", "d", 0)]),
        name="x.json.gz",
    )
    reading = read_questions(path)
    assert reading.contexts == ("a b c", "d")
    assert reading.questions[0] == Question("one", "one", 0, (Answer("b", 2),))
    assert [q.context for q in reading.questions] == [0, 0, 1]
    assert reading.unanswerable == 1
    assert reading.marked
    part = reading.part([1])
    assert part.contexts == ("d",)
    assert [(q.id, q.context) for q in part.questions] == [("three", 0)]


def test_plausible_answers_of_impossible_questions_do_not_count(write):
    path = write(("a b c", [entry("one", is_impossible=True)]))
    assert read_questions(path).questions[0].answers == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1, character 2: no JSON"),
        ("[]", "expected SQuAD's form, an object whose 'data' is a list of articles"),
        ('{"data": [1]}', "data[0]: expected an article with a list of 'paragraphs'"),
        ('{"data": []}', "holds no question"),
        (
            '{"data": [{"paragraphs": [{"contxt": "a", "qas": []}]}]}',
            "data[0].paragraphs[0]: has no 'context'. Did you mean contxt?",
        ),
        (
            '{"data": [{"paragraphs": [{"context": "a", "qas": [{"question": "q"}]}]}]}',
            "data[0].paragraphs[0].qas[0]: has no 'answers'",
        ),
        (
            '{"data": [{"paragraphs": [{"context": "a", "qas": [{"question": "q", "answers": '
            '[{"text": "a", "answer_start": "0"}]}]}]}]}',
            "'answer_start' holds \"0\"; expected a whole number",
        ),
    ],
)
def test_other_files_are_refused(tmp_path, content, said):
    path = tmp_path / "x.json"
    path.write_text(content)
    message = refusal(read_questions, path)
    assert message.startswith(str(path))
    assert said in message


def test_answers_are_held_against_their_contexts(write):
    path = write(
        (
            "red fish, blue fish",
            [
                entry("right", "blue", 10),
                entry("near", "fish", 13),
                entry("padded", " red ", 0),
                entry("gone", "green", 3),
                entry("negative", "fish", -4),
            ],
        )
    )
    placed = place_answers(read_questions(path))
    starts = {q.id: q.answers[0].start for q in placed.reading.questions}
    assert starts == {"right": 10, "near": 15, "padded": 0, "gone": None, "negative": 4}
    assert placed.moved == ("near", "padded", "negative")
    assert placed.absent == ("gone",)
    assert placed.notes == [
        f"{path}: answers of 3 of 5 questions do not stand at their answer_start (near, padded, "
        "negative); the nearest place in the context that says the same is taken.",
        f"{path}: answers of 1 of 5 questions are nowhere in their context (gone); such questions "
        "are not trained on, and are scored where they are evaluated.",
    ]


@pytest.mark.parametrize(("total", "room", "step"), [(0, 3, 1), (3, 3, 2), (10, 4, 2), (11, 4, 9)])
def test_windows_leave_nothing_out(total, room, step):
    parts = windows(total, room, step)
    seen = [set(range(first, first + count)) for first, count in parts]
    assert set().union(*seen) == set(range(total))
    assert all(count <= room for _, count in parts)
    assert parts[-1] == (parts[-1][0], total - parts[-1][0])
    assert sum(max(part, default=-1) == total - 1 for part in seen) == 1


def test_a_token_belongs_to_the_window_with_most_around_it():
    parts = windows(10, 6, 3)  # 0-5, 3-8, 6-9
    assert parts == [(0, 6), (3, 6), (6, 4)]
    assert fullest(parts, 10).tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_a_row_is_question_and_context(letters):
    reading = Reading("x", ("ab Cd. ef",), (Question("0", "Q?", 0, (Answer("Cd", 3),)),))
    split = QuestionEncoder(letters).cut(reading)
    row = split.arrays["tokens"][0]
    words = [letters.vocabulary[i] for i in row]
    assert " ".join(words) == "[CLS] q ? [SEP] a ##b c ##d . e ##f [SEP]"
    assert split.arrays["span"].tolist() == [[6, 7]]
    assert split.arrays["window"].tolist() == [[0, 0, 4, 7]]
    assert split.source.offsets[0][2:4].tolist() == [[3, 4], [4, 5]]


def test_a_long_context_is_read_in_windows(letters):
    context = " ".join("abcdefghij")
    reading = Reading("x", (context,), (Question("0", "q", 0, (Answer("f g", 10),)),))
    split = QuestionEncoder(letters, max_length=8, stride=2).cut(reading)  # room for 4 letters
    assert split.arrays["window"].tolist() == [[0, f, 3, 4] for f in (0, 2, 4, 6)]
    assert split.arrays["span"].tolist() == [[0, 0], [0, 0], [4, 5], [0, 0]]
    assert set(split.arrays["tokens"].lengths) == {8}
    whole = QuestionEncoder(letters).cut(reading).arrays["tokens"][0]
    for first, row in zip((0, 2, 4, 6), split.arrays["tokens"], strict=True):
        np.testing.assert_array_equal(row[3:7], whole[3 + first : 7 + first])


def test_two_ends_between_the_texts_of_a_pair(letters):
    from dataclasses import replace

    split = QuestionEncoder(replace(letters, pair_ends=2)).encode([("a", "b")])
    assert split.arrays["tokens"][0].tolist() == [2, 5, 3, 3, 6, 3]
    assert split.arrays["window"].tolist() == [[0, 0, 4, 1]]


def test_no_room_beside_the_question_is_refused(letters):
    encoder = QuestionEncoder(letters, max_length=6, question_length=4)
    assert "leaves no room for its context (question 0); expected at least 8" in refusal(
        encoder.encode, [("abcd", "e")]
    )


def test_right_to_left_text_and_emoji_keep_their_offsets(letters):
    context = "שלום 😀 ab"
    split = QuestionEncoder(letters).encode([("q", context)])
    offsets = split.source.offsets[0]
    assert [context[a:b] for a, b in offsets][-2:] == ["a", "b"]


def test_an_empty_context_is_one_window(letters):
    split = QuestionEncoder(letters).encode([("q", ""), ("", "b")])
    assert split.arrays["window"].tolist() == [[0, 0, 3, 0], [1, 0, 2, 1]]


def test_the_encoder_comes_back_from_json(letters):
    encoder = QuestionEncoder(letters, 20, 5, 7, True)
    assert QuestionEncoder.from_json(json.loads(json.dumps(encoder.to_json()))) == encoder


def test_a_data_set_of_ones_own(write, tmp_path, copied):
    paragraphs = [
        (f"the word {'abcdefghij'[i]} is here", [entry(f"which{i}", "abcdefghij"[i], 9)])
        for i in range(10)
    ]
    paragraphs.append(("nothing", [entry("gone", "word", 0)]))
    path = write(*paragraphs)
    options = {"train": path, "test": copied(path), "tokenizer": "wordpiece", "vocabulary_size": 60}
    dataset = squad(**options, validation_fraction=0.2)
    assert [len(split.source.reading) for split in dataset.splits.values()] == [8, 2, 11]
    assert any("are nowhere in their context (gone)" in note for note in dataset.notes)
    assert any(
        "2 questions about 2 paragraphs chosen by seed 0 are the validation part" in note
        for note in dataset.notes
    )
    trained, chosen = (set(dataset.splits[p].source.reading.contexts) for p in ("train", "valid"))
    assert not trained & chosen
    assert dataset.spec.input.special == dataset.encoder.tokenizer.special
    assert not dataset.encoder.unanswerable
    for split in dataset.splits.values():
        for span, window, row in zip(
            split.arrays["span"], split.arrays["window"], split.arrays["tokens"], strict=True
        ):
            question = split.source.reading.questions[window[0]]
            if question.id == "gone":
                assert span.tolist() == [0, 0]
            else:
                piece = dataset.encoder.decode(row[span[0] : span[1] + 1])
                assert piece.replace(" ", "") == question.answers[0].text


def test_questions_without_answers_are_told(write, copied):
    path = write(("a b", [entry("one"), entry("none", None)]), ("b a b", [entry("two")]))
    dataset = squad(train=path, valid=copied(path), tokenizer="wordpiece", vocabulary_size=60)
    assert dataset.encoder.unanswerable
    assert f"{path}: 1 of 3 train questions have no answer." in dataset.notes


def test_a_missing_file_is_refused(write, tmp_path):
    write(("a b", [entry("one")]))
    message = refusal(squad, root=str(tmp_path), train="trian.json")
    assert message.startswith("data.train: there is no")
    assert "Did you mean train.json?" in message


def test_no_validation_part_is_refused(write):
    path = write(("a b", [entry("one")]))
    assert refusal(squad, train=path).startswith("data.validation_fraction: 0.1")


def test_questions_of_a_user(write, tmp_path, monkeypatch):
    table = tmp_path / "x.csv"
    table.write_text('question,context\nwhat?,"a, b"\n')
    assert raw_questions(str(table)) == [("what?", "a, b")]
    table.write_bytes("question,context\nthé?,café\n".encode("latin-1"))
    assert raw_questions(str(table), "latin-1") == [("thé?", "café")]
    lines = tmp_path / "x.jsonl"
    lines.write_text('{"context": "c", "question": "q"}\n')
    assert raw_questions(str(lines)) == [("q", "c")]
    assert raw_questions(write(("c", [{"question": "q"}]))) == [("q", "c")]
    monkeypatch.setattr("sys.stdin.read", lambda: '{"context": "c", "question": "q"}\n')
    assert raw_questions("-") == [("q", "c")]


def test_what_holds_no_question_is_refused(tmp_path):
    assert "questions are read from a csv, tsv or jsonl file" in refusal(raw_questions, "Who?")
    table = tmp_path / "x.csv"
    table.write_text("question,contxt\nwhat?,a\n")
    assert "has no column 'context'. Did you mean contxt?" in refusal(raw_questions, str(table))
    table.write_text("question,context\n,\n")
    assert "holds no question with a context" in refusal(raw_questions, str(table))


def test_real_questions(data_root):
    """Every answer of XQuAD stands where it says, and its tokens say the same."""
    found = read_questions(data_root / "squad" / "xquad.en.json")
    assert (len(found), len(found.contexts)) == (1190, 240)
    placed = place_answers(found)
    assert placed.notes == []


def test_a_row_is_that_of_a_pair_of_texts(letters):
    encoder = QuestionEncoder(letters, max_length=9)
    rows = encoder.as_texts.encode([("ab", "c d"), ("q", "abcdefgh")]).arrays["tokens"]
    windows_ = encoder.encode([("ab", "c d"), ("q", "abcdefgh")]).arrays["tokens"]
    assert [rows[i].tolist() for i in (0, 1)] == [windows_[i].tolist() for i in (0, 1)]
