"""Samplers and batches: everything once, in an order that any step can be entered at."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from toolkit.data.pipeline import (
    Window,
    example_batches,
    stream_batches,
    window_batches,
    window_starts,
)
from toolkit.data.samplers import Bucketed, Shuffled
from toolkit.data.spec import Field, Ragged, Spec, Split, carve

TEXT = Spec(
    {"tokens": Field("tokens", (None,), "int32")}, {"next": Field("next", (None,), "int32")}
)
LABELLED = Spec({"x": Field("table", (1,))}, {"label": Field("label", (), "int32")})


def labelled(n: int) -> Split:
    return Split(
        {"x": np.arange(n, dtype="float32")[:, None], "label": np.arange(n, dtype="int32")}
    )


def indices(batches, count: int, start: int = 0) -> list[list[int]]:
    taken = batches.endless(start).take(count)
    return [y.numpy().tolist() for _, y, _ in taken]


def test_each_example_once_an_epoch_short_last_batch_included():
    batches = example_batches(labelled(10), LABELLED, 4, seed=3)
    first, second = indices(batches, 3), indices(batches, 6)[3:]
    assert [len(b) for b in first] == [4, 4, 2]
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(10))
    assert first != second, "the order changes from epoch to epoch"
    assert first == indices(example_batches(labelled(10), LABELLED, 4, seed=3), 3)
    assert first != indices(example_batches(labelled(10), LABELLED, 4, seed=4), 3)


@pytest.mark.parametrize("start", [0, 1, 3, 5, 8])
def test_entering_at_any_step_gives_what_would_have_followed(start):
    batches = example_batches(labelled(10), LABELLED, 4, seed=3)
    assert indices(batches, 4, start) == indices(batches, start + 4)[start:]


def test_inputs_and_targets_stay_together():
    for x, y, weight in example_batches(labelled(10), LABELLED, 4, seed=0).endless().take(3):
        np.testing.assert_array_equal(x["x"].numpy()[:, 0], y.numpy())
        np.testing.assert_array_equal(weight, np.ones(len(y)))


def test_shuffle_does_not_keep_neighbours():
    order = Shuffled(2000, 10, seed=0).order(np.int64(0)).numpy()
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.08


def test_buckets_hold_similar_lengths_and_everything_once():
    lengths = np.random.default_rng(0).integers(1, 60, 1000)
    split = Split(
        {"tokens": Ragged.from_rows([[1] * n for n in lengths]), "label": np.arange(1000)}
    )
    spec = Spec({"tokens": Field("tokens", (None,), "int32")}, LABELLED.targets)

    def padding(bucket: bool) -> float:
        real = total = 0
        for x, _, _ in example_batches(split, spec, 16, seed=0, bucket=bucket).once():
            real, total = (
                real + int((x["tokens"].numpy() > 0).sum()),
                total + x["tokens"].shape[0] * x["tokens"].shape[1],
            )
        return 1 - real / total

    assert padding(True) < padding(False) / 5
    sampler = Bucketed(lengths, 16, seed=0)
    order = sampler.order(np.int64(1)).numpy()
    assert sorted(order) == list(range(1000))
    first = [lengths[order[i : i + 16]].mean() for i in range(0, 960, 16)]
    assert abs(np.corrcoef(range(60), first)[0, 1]) < 0.5, "batches do not come in order of length"


def test_buckets_hold_other_examples_in_each_epoch():
    lengths = np.random.default_rng(0).integers(1, 400, 1001)
    sampler = Bucketed(lengths, 32, seed=0)
    epochs = [sampler.order(np.int64(epoch)).numpy() for epoch in range(4)]
    batches = [[set(order[i : i + 32]) for i in range(0, 1001, 32)] for order in epochs]
    for former, later in pairwise(batches):
        met = sum(len(a & b) * (len(a & b) - 1) for a in former for b in later)
        assert met < 0.2 * sum(len(b) * (len(b) - 1) for b in later)  # all at random: 0.03
    last = [lengths[list(epoch[-1])].mean() for epoch in batches]
    assert max(last) < 300, "the longest are not left to the end"


def test_streams_go_on_where_they_stopped():
    tokens = np.arange(100, 125, dtype="int32")
    batches = stream_batches(Split({"tokens": tokens}), TEXT, 2, 5)
    assert (batches.steps, batches.examples) == (3, 24)
    rows = list(batches.once())
    carried = [x["carry"].numpy().tolist() for x, _, _ in rows]
    assert carried == [[0, 0], [1, 1], [1, 1]]
    targets = np.concatenate([y.numpy()[:, w.numpy()[0] > 0] for _, y, w in rows], axis=1)
    np.testing.assert_array_equal(targets, tokens[:24].reshape(2, 12))
    inputs = np.concatenate([x["tokens"].numpy() for x, _, _ in rows], axis=1)[:, :12]
    np.testing.assert_array_equal(inputs[:, 1:], targets[:, :-1])
    assert inputs[0, 0] == tokens[-1], "what precedes the first token is the end of a line"


@pytest.mark.parametrize("length", [4, 5, 7, 25, 40])
def test_one_stream_scores_every_token_once(length):
    tokens = np.arange(25, dtype="int32")
    batches = stream_batches(Split({"tokens": tokens}), TEXT, 1, length)
    scored = [y.numpy()[w.numpy() > 0] for _, y, w in batches.once()]
    np.testing.assert_array_equal(np.concatenate(scored), tokens)


def test_windows_and_what_follows_them():
    spec = Spec({"series": Field("series", (None, 2))}, {"future": Field("future", (None, 2))})
    values = np.stack([np.arange(30), np.arange(30) + 100], 1).astype("float32")
    split = Split({"series": values}, rows=(20, 30))
    window = Window(context=6, horizon=3, targets=(1,))
    batches = window_batches(split, spec, 4, window)
    found = [(x["series"].numpy(), y.numpy()) for x, y, _ in batches.once()]
    x, y = (np.concatenate(part) for part in zip(*found, strict=True))
    assert len(x) == 10 - 3 + 1, "every window whose future lies in the split"
    np.testing.assert_array_equal(x[0], values[14:20])
    np.testing.assert_array_equal(y[0], values[20:23, 1:])
    np.testing.assert_array_equal(y[-1], values[27:30, 1:])


def test_windows_of_a_first_split_begin_at_its_first_row():
    split = Split({"series": np.zeros((30, 1), "float32")}, rows=(0, 12))
    assert window_starts(split, Window(6, 3)).tolist() == [0, 1, 2, 3]
    assert window_starts(split, Window(12, 3)).tolist() == []
    assert window_starts(split, Window(6, 3, stride=2)).tolist() == [0, 2]


def test_carving_is_by_seed_and_loses_nothing():
    rest, part = carve(labelled(50), 0.2, seed=1)
    assert (len(rest), len(part)) == (40, 10)
    both = np.concatenate([rest.arrays["label"], part.arrays["label"]])
    assert sorted(both.tolist()) == list(range(50))
    again = carve(labelled(50), 0.2, seed=1)[1].arrays["label"]
    np.testing.assert_array_equal(part.arrays["label"], again)
