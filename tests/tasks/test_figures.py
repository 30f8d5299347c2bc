"""Figures of a whole split: F1, Matthews and rank correlation against scikit-learn and SciPy.

And of all figures whether less or more is better.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

import toolkit
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.metrics import F1, Matthews
from toolkit.tasks import TASKS
from toolkit.tasks.classification import Classification
from toolkit.tasks.correlations import Correlations, ranks
from toolkit.tasks.regression import Regression
from toolkit.training.checks import check_monitor
from toolkit.training.run_state import direction


def told(metric, labels, logits, size=7, weight=None):
    """A metric's figure, batch by batch."""
    for start in range(0, len(labels), size):
        part = slice(start, start + size)
        metric.update_state(labels[part], logits[part], None if weight is None else weight[part])
    return float(metric.result())


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_f1_and_matthews_are_those_of_scikit_learn(classes):
    random = np.random.default_rng(classes)
    labels = random.integers(0, classes, 60)
    logits = random.normal(size=(60, classes)) + 1.5 * np.eye(classes)[labels]
    given = logits.argmax(1)
    average = "binary" if classes == 2 else "macro"
    expected = reference.f1_score(labels, given, average=average)
    assert told(F1(classes), labels, logits) == pytest.approx(expected, abs=1e-6)
    expected = reference.matthews_corrcoef(labels, given)
    assert told(Matthews(classes), labels, logits) == pytest.approx(expected, abs=1e-6)


def test_examples_of_weight_zero_count_for_nothing():
    labels, logits = np.array([0, 1, 1, 0]), np.eye(2)[[0, 1, 0, 1]] * 2.0
    weight = np.array([1.0, 1, 0, 0])
    assert told(Matthews(2), labels, logits, weight=weight) == pytest.approx(1)
    assert told(F1(2), labels, logits, weight=weight) == pytest.approx(1)
    assert told(Matthews(2), labels, logits) == pytest.approx(0)


def test_guesses_that_are_all_alike_have_no_correlation():
    labels, logits = np.array([0, 1, 1]), np.eye(2)[[1, 1, 1]]
    assert told(Matthews(2), labels, logits) == 0
    assert told(F1(2), labels, np.eye(2)[[0, 0, 0]]) == 0


def test_which_figures_are_told():
    two = Field("label", (), "int32", classes=("no", "yes"))
    three = Field("label", (), "int32", classes=("a", "b", "c"))
    assert list(Classification().metrics(two)) == ["accuracy", "f1", "matthews"]
    assert list(Classification(metrics=[]).metrics(two)) == ["accuracy"]
    assert list(Classification().metrics(three)) == ["accuracy"]
    assert list(Classification(metrics=["f1"]).metrics(three)) == ["accuracy", "f1"]


def test_correlations_are_of_the_whole_split_not_of_its_batches():
    random = np.random.default_rng(0)
    true = random.normal(size=(50, 1)).round(1)  # equal values share a rank
    given = (true + random.normal(size=(50, 1))).round(1)
    (observer,) = Regression().observers(None, "valid")
    for _ in range(2):  # the second time as if the first had not been
        observer.reset()
        for start in range(0, 50, 8):
            part = slice(start, start + 8)
            weight = np.ones(len(true[part]))
            observer.observe({}, true[part], given[part], weight)
        observer.observe({}, true[:2], -given[:2], np.zeros(2))  # fill of a last batch
    figures = observer.figures()
    assert figures["pearson"] == pytest.approx(stats.pearsonr(true[:, 0], given[:, 0])[0])
    assert figures["spearman"] == pytest.approx(stats.spearmanr(true[:, 0], given[:, 0])[0])


def test_several_targets_and_predictions_that_do_not_vary():
    true = np.array([[1.0, 5], [2, 4], [3, 9]])
    observer = Correlations()
    observer.observe({}, true, np.array([[1.0, 7], [2, 7], [3, 7]]), np.ones(3))
    assert observer.figures() == {"pearson": pytest.approx(0.5), "spearman": pytest.approx(0.5)}


def test_equal_values_have_the_mean_of_their_ranks():
    values = np.array([3.0, 1, 3, 2, 3, 1])
    np.testing.assert_array_equal(ranks(values), stats.rankdata(values))


MANY = tuple(map(str, range(30)))
LABEL = Field("label", (), "int32", classes=MANY)
IMAGE = Field("image", (8, 8, 1), "uint8")
SERIES = Field("series", (2,), offset=(0.0, 0.0), scale=(1.0, 1.0))
JUDGED = "frechet_distance classifier_score inception_score least_class_share class_agreement"
TOLD = [
    ("language_modelling", {}, None, "loss perplexity"),
    ("masked_language_model", {"next_sentence": True}, None, "loss"),
    ("replaced_token_detection", {}, None, "loss"),
    ("classification", {"metrics": ["f1", "matthews"]}, LABEL, "loss"),
    ("classification", {}, Field("label", (3,), classes=("a", "b"), multi_label=True), ""),
    ("regression", {}, Field("value", (1,)), "loss"),
    ("sentence_similarity", {}, Field("value", ()), "loss"),
    ("forecast", {}, SERIES, "loss"),
    ("sequence_to_sequence", {}, Field("text", (None,)), "loss"),
    ("span_qa", {}, None, "exact_match f1 f1_answerable f1_unanswerable"),
    ("token_classification", {}, LABEL, "precision recall f1"),
    ("reconstruction", {}, IMAGE, "linear_probe_accuracy"),
    ("variational", {"beta": 2.0}, IMAGE, f"importance_bound {JUDGED}"),
    ("adversarial", {"labels": "classify", "game": "hinge", "gradient_penalty": 1.0}, None, JUDGED),
    ("sequence_adversarial", {}, None, "gradient_norm discriminator_gradient_norm"),
    ("image_translation", {"method": "pix2pix"}, None, ""),
    ("image_translation", {"method": "cyclegan"}, None, ""),
    ("style_transfer", {"features": "VGG19", "variation_weight": 1.0}, None, "loss"),
]
"""Tasks, options, a target, and what their observers and steps tell besides."""


@pytest.mark.parametrize(("name", "options", "target", "more"), TOLD)
def test_of_all_figures_it_is_known_which_way_they_are_better(name, options, target, more):
    task = TASKS[name](**options)
    told = {task.monitor, *more.split(), *getattr(task, "figures", ()), *task.metrics(target)}
    if hasattr(task, "told"):
        told |= {*task.told(training=True), *task.told(training=False)}
    assert [figure for figure in told if direction(figure) is None] == []
    assert direction(task.monitor) == task.mode


def test_no_task_is_left_out_of_them():
    assert {name for name, *_ in TOLD} == {*TASKS}


def test_nor_any_figure_that_a_recipe_has_come_to():
    files = [*(Path(toolkit.__file__).parents[1] / "recipes").rglob("*.results.json")]
    runs = [run for file in files for run in json.loads(file.read_text("utf-8"))["runs"]]
    told = {figure for run in runs for figure in run["figures"]}
    assert len(told) > 30
    assert [figure for figure in told if direction(figure) is None] == []


@pytest.mark.parametrize(
    ("figure", "way"),
    [
        ("valid/negative_elbo", "min"),
        ("style", "min"),
        ("style_accuracy", "max"),
        ("test/mse (mean of training)", "min"),
        ("mae_original", "min"),
        ("rougeL", "max"),
        ("top_5_accuracy", "max"),
        ("entropyless", None),
    ],
)
def test_the_last_word_that_tells_decides(figure, way):
    assert direction(figure) == way


def test_a_monitor_of_unknown_direction_is_refused(monkeypatch):
    task, spec = Regression(), Spec({}, {"y": Field("value", (1,))})
    data = Dataset(spec, *[Split({})] * 3)
    monkeypatch.setattr(Regression, "figures", ("colour", "pearson"))
    check_monitor("pearson", task, data)
    with pytest.raises(Refused, match=r"monitor=colour: .* expected one of loss, mae, pear"):
        check_monitor("colour", task, data)
    monkeypatch.setattr(Regression, "monitor", "colour")
    check_monitor("colour", task, data)  # the task says which way
