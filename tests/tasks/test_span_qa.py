"""Answers read off logits over all windows, and scored as SQuAD's script scores them."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from toolkit.data.questions.asked import Answer, Question, Reading
from toolkit.data.questions.question_encoder import QuestionEncoder
from toolkit.data.spec import Dataset, Field, Spec
from toolkit.data.subwords import Subwords
from toolkit.errors import Refused
from toolkit.models.network import Features
from toolkit.tasks.answering.answer_scores import best, best_threshold, exact, f1, judge, normal
from toolkit.tasks.answering.span_decoding import Span, allowed_in, read_window
from toolkit.tasks.answering.span_qa import SpanQA
from toolkit.training.checks import check_monitor

VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz?")
SPECIAL = dict(zip(("pad", "unknown", "start", "end", "mask"), range(5), strict=True))
LETTERS = Subwords("wordpiece", VOCABULARY, SPECIAL, lower=True)
CONTEXT = " ".join("abcdefghijkl")


def windows(answers=("c d",), *, unanswerable=False, questions=1, room=4):
    """Windows of four letters over a context of twelve, two apart."""
    right = tuple(Answer(text, CONTEXT.index(text)) for text in answers)
    reading = Reading(
        "x", (CONTEXT,), tuple(Question(str(i), "q", 0, right) for i in range(questions))
    )
    encoder = QuestionEncoder(LETTERS, room + 4, 2, unanswerable=unanswerable)
    return encoder.cut(reading)


def pointing(split, first, last, score=5.0):
    """Logits that point at letters of the context wherever they are seen."""
    logits = np.zeros((len(split), int(split.arrays["tokens"].lengths.max()), 2))
    for i, (_, begin, place, count) in enumerate(split.arrays["window"]):
        for column, token in enumerate((first, last)):
            if begin <= token < begin + count:
                logits[i, place + token - begin, column] = score
    return logits


@pytest.mark.parametrize(
    ("text", "same"),
    [("The  Cat!", "cat"), ("a an the", ""), ("U.S.A.", "usa"), ("theatre", "theatre")],
)
def test_answers_are_compared_without_articles_and_punctuation(text, same):
    assert normal(text) == same
    assert exact(text, same) == 1.0


def test_overlap_of_words():
    assert f1("the red house", "red house") == 1.0
    assert f1("big red house", "red car") == pytest.approx(2 / 5)  # precision 1/3, recall 1/2
    assert f1("red red", "red") == pytest.approx(2 / 3)
    assert f1("x", "y") == 0.0
    assert (f1("", ""), f1("", "x"), f1("the", "")) == (1.0, 0.0, 1.0)


def test_the_nearest_right_answer_counts():
    assert best("in 1999", ["1999", "year 1999", "in 1999."]) == (1.0, 1.0)
    assert best("", []) == (1.0, 1.0)
    assert best("x", []) == (0.0, 0.0)
    judged = judge(["x", "", "b c"], [["x"], [], ["c"]])
    assert judged.figures() == pytest.approx(
        {
            "exact_match": 2 / 3,
            "f1": (1 + 1 + 2 / 3) / 3,
            "f1_answerable": (1 + 2 / 3) / 2,
            "f1_unanswerable": 1.0,
        }
    )


def test_the_best_threshold_is_the_best_of_all():
    draw = np.random.default_rng(0)
    for _ in range(50):
        right = [["x"] if draw.random() < 0.5 else [] for _ in range(9)]
        given = [str(draw.choice(["x", "x y", "z"])) for _ in range(9)]
        doubts = draw.integers(-3, 4, 9).astype(float).tolist()

        def at(limit, right=right, given=given, doubts=doubts):
            told = [g if d <= limit else "" for g, d in zip(given, doubts, strict=True)]
            return judge(told, right).figures()["f1"]

        found = best_threshold(judge(given, right), doubts)
        assert found["best_f1"] == pytest.approx(max(at(t) for t in [-9.0, *doubts]))
        assert at(found["best_f1_threshold"]) == pytest.approx(found["best_f1"])


def test_a_window_gives_its_best_passages():
    draw = np.random.default_rng(1)
    logits = draw.normal(size=(12, 2))
    allowed = draw.random((7, 4)) < 0.7
    found = read_window(logits, 3, 20, allowed, 5)
    expected = [
        Span(logits[3 + i, 0] + logits[3 + j, 1], 20 + i, 20 + j)
        for i, j in itertools.product(range(7), repeat=2)
        if i <= j < i + 4 and allowed[i, j - i]
    ]
    assert found.spans == sorted(expected, reverse=True)[:5]
    assert found.mass == pytest.approx(np.log(sum(np.exp(span.score) for span in expected)))
    assert found.nothing == pytest.approx(logits[0].sum())


def test_each_passage_is_told_by_one_window():
    parts = np.array([[0, 6], [2, 6], [4, 6], [6, 4]])
    told = {}
    for chosen, (first, count) in enumerate(parts.tolist()):
        allowed = allowed_in(parts, chosen, 3)
        assert allowed.shape == (count, 3)
        for i, d in zip(*np.nonzero(allowed), strict=True):
            assert told.setdefault((first + int(i), first + int(i + d)), chosen) == chosen
            assert i + d < count
    seen = {(i, j) for i in range(10) for j in range(i, min(i + 3, 10))}
    assert set(told) == seen
    assert (told[4, 5], told[0, 1], told[4, 6]) == (1, 0, 1)


def test_answers_come_from_the_window_with_most_around_them():
    split = windows()
    (row,) = SpanQA().predictions(split, [pointing(split, 6, 7)])
    assert row["answer"] == "g h"
    assert CONTEXT[row["start"] : row["end"]] == "g h"
    assert 0 < row["probability"] < 1
    assert len(row["answers"]) == 5
    flat = np.zeros((len(split), 8, 2))
    everything = SpanQA(n_best=100, max_answer_length=3).predictions(split, [flat])[0]["answers"]
    assert len(everything) == sum(min(3, 12 - i) for i in range(12))
    assert sum(a["probability"] for a in everything) == pytest.approx(1.0)
    assert {CONTEXT[a["start"] : a["end"]] == a["answer"] for a in everything} == {True}


def test_answers_are_no_longer_than_allowed():
    split = windows(room=9)
    logits = pointing(split, 4, 6)
    assert SpanQA().predictions(split, [logits])[0]["answer"] == "e f g"
    short = SpanQA(max_answer_length=2).predictions(split, [logits])[0]["answer"]
    assert len(short.split()) <= 2


def test_question_and_ends_are_never_the_answer():
    split = windows()
    logits = np.zeros((len(split), 8, 2))
    logits[:, :3] = logits[:, 7:] = 100.0
    answers = SpanQA(n_best=50).predictions(split, [logits])[0]["answers"]
    assert all(answer["answer"] and answer["answer"] in CONTEXT for answer in answers)


def test_no_answer_where_the_first_token_scores_more():
    split = windows((), unanswerable=True)
    logits = pointing(split, 6, 7, score=2.0)
    logits[:, 0] = 2.5
    logits[0, 0] = 9.0  # the lowest of all windows counts
    (row,) = SpanQA().predictions(split, [logits])
    assert (row["answer"], row["start"], row["end"]) == ("", None, None)
    (row,) = SpanQA(no_answer_threshold=1.5).predictions(split, [logits])
    assert row["answer"] == "g h"
    assert row["answers"][-1]["answer"] == ""
    certain = windows()
    assert SpanQA().predictions(certain, [logits])[0]["answer"] == "g h"


def test_an_empty_context_has_no_answer():
    encoder = QuestionEncoder(LETTERS)
    split = encoder.encode([("q", ""), ("q", "a")])
    rows = SpanQA().predictions(split, [np.zeros((2, 6, 2))])
    assert [row["answer"] for row in rows] == ["", "a"]
    assert rows[0]["probability"] == 0.0


def test_figures_of_whole_questions():
    split = windows(("c d", "g h"), questions=2)
    task = SpanQA()
    (observer,) = task.observers(None, split)
    half = len(split) // 2
    logits = np.concatenate([pointing(split, 6, 7)[:half], pointing(split, 6, 8)[half:]])
    for _ in range(2):
        observer.reset()
        for part in np.array_split(logits, [3, 7]):  # batches do not end where questions do
            observer.observe({}, None, keras.ops.convert_to_tensor(part), None)
        assert observer.figures() == pytest.approx({"exact_match": 0.5, "f1": (1 + 0.8) / 2})


def test_figures_where_some_questions_have_no_answer():
    split = windows((), unanswerable=True)
    observer = SpanQA().observers(None, split)[0]
    observer.observe({}, None, pointing(split, 6, 7), None)
    assert observer.figures() == {
        "exact_match": 0.0,
        "f1": 0.0,
        "best_f1": 1.0,
        "best_f1_threshold": pytest.approx(-11.0),
    }


@pytest.mark.parametrize("unanswerable", [False, True])
def test_what_the_best_epoch_can_be_chosen_by(unanswerable):
    split = windows(unanswerable=unanswerable)
    data = Dataset(Spec({}, {"span": Field("span", (2,))}), split, split, split)
    task = SpanQA()
    task.check(data)
    check_monitor("exact_match", task, data)
    if unanswerable:
        check_monitor("best_f1", task, data)
        return
    with pytest.raises(Refused, match="no 'best_f1' in validation"):
        check_monitor("best_f1", task, data)


def test_nothing_observed_has_no_figures():
    assert SpanQA().observers(None, windows())[0].figures() == {}


def test_loss_is_the_mean_of_both_ends_and_padding_counts_for_nothing():
    task = SpanQA()
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], bool)
    entry, real = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    head = keras.Model(
        [entry, real], task.head(Features(entry, "sequence", False, None, real), None)
    )
    y = np.array([[1, 3], [0, 2]], "int32")
    losses = np.asarray(task.loss(y, head([x, mask])))
    kernel, bias = head.get_weights()
    logits = x @ kernel + bias
    for i, length in enumerate((5, 3)):
        part = logits[i, :length]
        wrong = np.log(np.exp(part).sum(0)) - part[y[i], [0, 1]]
        assert losses[i] == pytest.approx(wrong.mean(), rel=1e-5)
    (metric,) = task.metrics(None).values()
    metric.update_state(np.argmax(np.where(mask[..., None], logits, -1e9), 1), head([x, mask]))
    assert float(metric.result()) == 1.0
