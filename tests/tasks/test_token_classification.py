"""Tags of words, read off the rows of whole sentences."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.spec import Dataset, Field, Spec
from toolkit.data.tagged.raw_words import RawSentence
from toolkit.data.tagged.tag_encoder import TagEncoder
from toolkit.data.tagged.tagged_words import Sentence
from toolkit.data.tagged.word_pieces import WholeWords
from toolkit.entities import entity_scores
from toolkit.errors import Refused
from toolkit.tasks.tagging.token_classification import TokenClassification
from toolkit.training.checks import check_monitor

CLASSES = ("O", "B-X", "I-X", "B-Y", "I-Y")
ENCODER = TagEncoder(WholeWords(("<pad>", "<unk>", *"abcdef")), CLASSES, max_length=4, stride=2)


def drawn(count=30, seed=0):
    """Sentences of up to nine words with tags, and a network's logits for their rows."""
    draw = np.random.default_rng(seed)
    sentences = [
        Sentence(
            tuple(draw.choice(list("abcdefg"), n).tolist()),
            tuple(draw.choice(CLASSES, n).tolist()),
        )
        for n in draw.integers(1, 10, count)
    ]
    split = ENCODER.cut(sentences)
    return sentences, split, draw.normal(size=(len(split), 4, len(CLASSES)))


def dataset(split, classes=CLASSES):
    spec = Spec(
        {"tokens": Field("tokens", (None,))}, {"tags": Field("tags", (None,), classes=classes)}
    )
    return Dataset(spec, split, split, split)


def tags_of(split, logits):
    """The tag of each word, by hand."""
    best = {}
    for row, word in zip(logits, split.arrays["word"], strict=True):
        for place, number in enumerate(word):
            if number >= 0:
                assert number not in best
                best[int(number)] = CLASSES[int(row[place].argmax())]
    starts = split.source.starts
    return [[best[i] for i in range(a, b)] for a, b in zip(starts[:-1], starts[1:], strict=True)]


def test_the_best_epoch_can_be_by_any_figure_of_entities():
    _, split, _ = drawn()
    task = TokenClassification()
    task.check(entities := dataset(split))
    for name in ("f1", "precision", "recall", "accuracy"):
        check_monitor(name, task, entities)
    task = TokenClassification()
    task.check(words := dataset(split, ("NN", "VB", "DT", "JJ", "IN")))
    with pytest.raises(Refused, match="no 'precision' in validation"):
        check_monitor("precision", task, words)


def test_figures_are_those_of_whole_sentences():
    sentences, split, logits = drawn()
    (observer,) = TokenClassification().observers(dataset(split), split)
    for _ in range(2):
        observer.reset()
        for part in np.array_split(logits, [3, 8, 20]):
            observer.observe({}, None, tf.constant(part), None)
        expected = entity_scores(tags_of(split, logits), [s.tags for s in sentences])
        assert observer.figures() == expected
        assert 0 < expected["f1"] < 1


def test_figures_of_some_of_the_rows():
    sentences, split, logits = drawn()
    (observer,) = TokenClassification().observers(dataset(split), split)
    assert observer.figures() == {}
    rows = next(i for i in range(9, 99) if split.arrays["word"][i][0] in split.source.starts)
    observer.observe({}, None, logits[:rows], None)
    count = int(np.searchsorted(split.source.starts, split.arrays["word"][rows][0]))
    expected = entity_scores(tags_of(split, logits)[:count], [s.tags for s in sentences[:count]])
    assert observer.figures() == expected


def test_the_weight_is_of_words_alone():
    task = TokenClassification()
    y = tf.constant([[-1, 2, -1, 0], [3, -1, -1, -1]])
    x, labels, weight = task.examples("x", y, tf.constant([1.0, 2.0]), None)
    assert x == "x"
    np.testing.assert_array_equal(weight, [[0, 1, 0, 1], [2, 0, 0, 0]])
    logits = np.random.default_rng(0).normal(size=(2, 4, 5)).astype("float32")
    losses = np.asarray(task.loss(labels, logits))
    assert losses.shape == (2, 4)
    wrong = np.log(np.exp(logits[0, 1]).sum()) - logits[0, 1, 2]
    assert losses[0, 1] == pytest.approx(wrong, rel=1e-5)
    logits[0, 1] = [0, 0, 9, 0, 0]
    logits[0, 3] = [0, 9, 0, 0, 0]
    logits[1, 0] = [0, 0, 0, 9, 0]
    (metric,) = task.metrics(None).values()
    metric.update_state(labels, logits, sample_weight=weight)
    assert float(metric.result()) == pytest.approx(3 / 4)


def test_predictions_name_entities():
    raw = RawSentence.of("a b, c")
    split = ENCODER.cut([Sentence(raw.words, ())], (raw,))
    chosen = {0: 1, 1: 2, 2: 0, 3: 3}
    outputs = np.zeros((len(split), 4, 5))
    for row, word in zip(outputs, split.arrays["word"], strict=True):
        for place, number in enumerate(word):
            if number >= 0:
                row[place, chosen[int(number)]] = 0.75
    (said,) = TokenClassification().predictions(split, [outputs[:1], outputs[1:]])
    assert said == {
        "words": ["a", "b", ",", "c"],
        "tags": ["B-X", "I-X", "O", "B-Y"],
        "probabilities": [0.75] * 4,
        "entities": [
            {"kind": "X", "text": "a b", "start": 0, "end": 3},
            {"kind": "Y", "text": "c", "start": 5, "end": 6},
        ],
    }


def test_words_that_no_token_stands_for_are_outside():
    split = ENCODER.cut([Sentence(("a", "b"), ())])
    split.arrays["word"].values[:] = [-1, 1]
    outputs = np.zeros((1, 2, 5))
    outputs[..., 3] = 0.5
    (said,) = TokenClassification().predictions(split, [outputs])
    assert (said["tags"], said["probabilities"]) == (["O", "B-Y"], [0.0, 0.5])


def test_the_best_epoch_is_by_what_tags_mean():
    _, split, _ = drawn(3)
    task = TokenClassification()
    task.check(dataset(split))
    assert task.monitor == "f1"
    plain = dataset(split, ("NN", "VB"))
    task.check(plain)
    assert task.monitor == "accuracy"
    assert task.observers(plain, split) == []
    with pytest.raises(Refused, match="its only tag is 'O'"):
        task.check(dataset(split, ("O",)))


def test_the_baseline_gives_each_word_its_usual_tag():
    train = ENCODER.cut([Sentence(tuple("aab"), ("B-X", "B-X", "O")), Sentence(("a",), ("O",))])
    test = ENCODER.cut([Sentence(tuple("abc"), ("B-X", "B-X", "O"))])
    spec = dataset(train).spec
    (figure,) = TokenClassification().baselines(Dataset(spec, train, train, test), test).values()
    assert figure == pytest.approx(2 / 3)
