"""Figures of a whole split: F1, Matthews and rank correlation against scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from toolkit.data.spec import Field
from toolkit.metrics import F1, Matthews
from toolkit.tasks.classification import Classification
from toolkit.tasks.correlations import Correlations, ranks
from toolkit.tasks.regression import Regression


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
