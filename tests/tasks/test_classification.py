"""Classification: heads, losses, metrics, class weights and what a prediction says."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.tasks.classification import Classification
from toolkit.tasks.pooling import to_vector


def features(x, layout, causal=False, mask=None):
    return SimpleNamespace(x=x, layout=layout, causal=causal, embedding=None, mask=mask)


def label(classes=("cat", "dog", "cow"), multi_label=False):
    shape = (len(classes),) if multi_label else ()
    return Field("label", shape, "int32", classes=classes, multi_label=multi_label)


def dataset(labels, target=None):
    target = target or label()
    labels = np.array(labels)
    spec = Spec({"x": Field("table", (2,))}, {"y": target})
    split = Split({"x": np.zeros((len(labels), 2), "float32"), "y": labels})
    return Dataset(spec, split, split, None)


X = np.array([[[1.0, -1], [2, -2], [9, 9]], [[3, -4], [9, 9], [9, 9]]], "float32")
MASK = np.array([[True, True, False], [True, False, False]])


@pytest.mark.parametrize(
    ("pooling", "causal", "expected"),
    [
        ("mean", False, [[1.5, -1.5], [3, -4]]),
        ("max", False, [[2, -1], [3, -4]]),
        ("last", False, [[2, -2], [3, -4]]),
        ("auto", True, [[2, -2], [3, -4]]),
        ("auto", False, [[1.5, -1.5], [3, -4]]),
        ("flatten", False, [[1, -1, 2, -2, 0, 0], [3, -4, 0, 0, 0, 0]]),
    ],
)
def test_padding_counts_for_nothing_and_the_network_reloads(pooling, causal, expected, tmp_path):
    x, mask = keras.Input((3, 2)), keras.Input((3,), dtype="bool")
    pooled = to_vector(features(x, "sequence", causal, mask), pooling)
    model = keras.Model([x, mask], pooled)
    np.testing.assert_allclose(model([X, MASK]), expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded([X, MASK]), expected)


def test_last_finds_the_last_real_position_behind_leading_padding():
    x, mask = keras.Input((None, 2)), keras.Input((None,), dtype="bool")
    model = keras.Model([x, mask], to_vector(features(x, "sequence", False, mask), "last"))
    np.testing.assert_allclose(model([X, ~MASK]), [[9, 9], [9, 9]])


@pytest.mark.parametrize("pooling", ["mean", "max", "last"])
def test_an_example_of_padding_only_gives_zeros(pooling):
    x, mask = keras.Input((3, 2)), keras.Input((3,), dtype="bool")
    model = keras.Model([x, mask], to_vector(features(x, "sequence", False, mask), pooling))
    np.testing.assert_allclose(model([X, np.zeros((2, 3), bool)]), np.zeros((2, 2)))


def test_grids_are_flattened_where_their_size_is_known():
    known, free = keras.Input((4, 3, 2)), keras.Input((None, None, 2))
    assert to_vector(features(known, "grid")).shape == (None, 24)
    assert to_vector(features(free, "grid")).shape == (None, 2)
    assert to_vector(features(known, "grid"), "mean").shape == (None, 2)
    with pytest.raises(Refused, match="'flatten' needs features of a known size; got \\(None"):
        to_vector(features(free, "grid"), "flatten")
    with pytest.raises(Refused, match="'last' needs a sequence, and this model gives a grid"):
        to_vector(features(known, "grid"), "last")


def softmax(logits):
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


LOGITS = np.array([[2.0, -1, 0.5], [0.1, 0.2, -0.3]], "float32")


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_ids_and_shares_have_the_same_cross_entropy(smoothing):
    task = Classification(label_smoothing=smoothing)
    ids, shares = np.array([0, 2]), np.eye(3, dtype="float32")[[0, 2]]
    smooth = shares * (1 - smoothing) + smoothing / 3
    expected = -(smooth * np.log(softmax(LOGITS))).sum(-1)
    np.testing.assert_allclose(task.loss(ids, LOGITS), expected, rtol=1e-5)
    np.testing.assert_allclose(task.loss(shares, LOGITS), expected, rtol=1e-5)


def test_mixed_labels_are_learned_by_their_shares():
    shares = np.array([[0.3, 0.7, 0.0], [0.0, 0.5, 0.5]], "float32")
    expected = -(shares * np.log(softmax(LOGITS))).sum(-1)
    np.testing.assert_allclose(Classification().loss(shares, LOGITS), expected, rtol=1e-5)
    metric = Classification().metrics(label())["accuracy"]
    metric.update_state(shares, LOGITS, sample_weight=np.ones(2))
    assert float(metric.result()) == pytest.approx(0.5)  # argmax 0 against 1; 1 against 1


def test_accuracy_weighs_examples():
    metric = Classification().metrics(label())["accuracy"]
    metric.update_state(np.array([0, 0]), LOGITS, sample_weight=np.array([1.0, 3.0]))
    assert float(metric.result()) == pytest.approx(0.25)


def test_many_classes_have_top_5_accuracy():
    metrics = Classification().metrics(label(tuple(map(str, range(20)))))
    logits = -np.tile(np.arange(20, dtype="float32"), (2, 1))
    metrics["top_5_accuracy"].update_state(np.array([4, 5]), logits, sample_weight=np.ones(2))
    assert float(metrics["top_5_accuracy"].result()) == 0.5
    assert "top_5_accuracy" not in Classification().metrics(label())


def test_several_labels_at_once():
    target, task = label(multi_label=True), Classification()
    inputs = keras.Input((2,))
    outputs = task.head(features(inputs, "vector"), target)
    assert outputs.shape == (None, 3)
    assert (task.monitor, Classification.monitor) == ("auc", "accuracy")
    truth = np.array([[1, 0, 1], [0, 1, 0]], "float32")
    p = 1 / (1 + np.exp(-LOGITS))
    expected = -(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean(-1)
    np.testing.assert_allclose(task.loss(truth, LOGITS), expected, rtol=1e-5)
    np.testing.assert_allclose(task.finish(keras.ops.convert_to_tensor(LOGITS)), p, rtol=1e-5)
    metrics = task.metrics(target)
    for metric in metrics.values():
        metric.update_state(truth, LOGITS, sample_weight=np.ones(2))
    values = {name: float(metric.result()) for name, metric in metrics.items()}
    # right but for the last example's first class
    assert values["accuracy"] == pytest.approx(5 / 6)
    assert values["f1"] == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert values["auc"] == pytest.approx(1.0, abs=0.01)
    assert task.rows(p, target)[1]["labels"] == ["cat", "dog"]


def test_a_prediction_names_its_class_and_all_probabilities():
    (row,) = Classification().rows(np.array([[0.2, 0.7, 0.1]], "float32"), label())
    assert row["label"] == "dog"
    assert row["probability"] == pytest.approx(0.7)
    assert row["probabilities"] == pytest.approx({"cat": 0.2, "dog": 0.7, "cow": 0.1})


def test_balanced_class_weights_give_each_class_the_same_sum():
    weights = Classification(class_weight="balanced").class_weights(dataset([0, 0, 0, 1]))
    np.testing.assert_allclose(weights, [2 / 3, 2, 1])  # no cow in training: 1
    assert weights[[0, 0, 0, 1]].mean() == pytest.approx(1)


def test_class_weights_by_label():
    task = Classification(class_weight={"cow": 3.0})
    np.testing.assert_allclose(task.class_weights(dataset([0, 1])), [1, 1, 3])
    assert Classification().class_weights(dataset([0, 1])) is None
    ten = label(tuple("01"))
    numbers = Classification(class_weight={1: 5.0}).class_weights(dataset([0, 1], ten))
    np.testing.assert_allclose(numbers, [1, 5])


def test_class_weights_count_in_training_only():
    from toolkit.tasks.objective import Objective

    inputs = keras.Input((2,))
    network = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    weights = np.array([1, 2, 4], "float32")
    objective = Objective(network, Classification(), label(), class_weight=weights)
    one = keras.ops.ones(3)

    def weigh(y, dtype):
        return objective.weigh(None, keras.ops.convert_to_tensor(y, dtype), one)

    np.testing.assert_allclose(weigh([2, 0, 1], "int32"), [4, 1, 2])
    mixed = [[0.5, 0.5, 0], [0, 0, 1], [0.25, 0.25, 0.5]]
    np.testing.assert_allclose(weigh(mixed, "float32"), [1.5, 4, 2.75])
    several = [[1, 1, 0], [0, 0, 0], [1, 1, 1]]
    np.testing.assert_allclose(weigh(several, "float32"), [1.5, 1, 7 / 3], rtol=1e-6)

    x, y = keras.ops.ones((3, 2)), keras.ops.convert_to_tensor([2, 0, 1])
    losses = np.array(Classification().loss(y, network(x)))
    assert float(objective.test_step((x, y, one))["loss"]) == pytest.approx(losses.mean())
    objective.compile(optimizer="sgd")
    trained = float(objective.train_step((x, y, one))["loss"])
    # test_step counted three examples before; the running mean goes by weight
    expected = (losses.sum() + (losses * [4, 1, 2]).sum()) / (3 + 7)
    assert trained == pytest.approx(expected, rel=1e-5)


def test_unknown_labels_and_a_single_class_are_refused_together():
    task = Classification(class_weight={"dgo": 2.0})
    with pytest.raises(Refused) as fault:
        task.check(dataset([0, 1]))
    assert str(fault.value) == "task.class_weight: no label 'dgo' in the data. Did you mean dog?"
    with pytest.raises(Refused) as fault:
        task.check(dataset([0], label(("dog",))))
    assert len(fault.value.faults) == 2
    assert "classification needs at least two classes; the training split has only 'dog'" in str(
        fault.value
    )


def test_the_most_frequent_class_is_the_baseline():
    data = dataset([0, 0, 1, 2])
    assert Classification().baselines(data, data.valid) == {"accuracy (most frequent class)": 0.5}
    several = label(multi_label=True)
    rows = dataset([[1, 0, 0], [1, 1, 0], [1, 0, 1]], several)
    found = Classification().baselines(rows, rows.valid)
    assert found == {"accuracy (most frequent labels)": pytest.approx(7 / 9)}


def test_logits_are_float32_in_mixed_precision():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        inputs = keras.Input((4, 3))
        x = keras.layers.Dense(2)(inputs)
        assert x.dtype == "float16"
        task = Classification(pooling="max", dropout=0.1)
        mask = keras.Input((4,), dtype="bool")
        logits = task.head(features(x, "sequence", mask=mask), label())
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    assert logits.dtype == "float32"
    assert task.finish(logits).dtype == "float32"
    values = keras.Model([inputs, mask], logits)([np.ones((1, 4, 3)), np.zeros((1, 4), bool)])
    assert np.isfinite(values).all()
