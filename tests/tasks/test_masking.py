"""Which tokens are hidden, and by what: counted on large batches, and exact where it can be."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from toolkit.tasks.masked.masking import Masking, beginnings, never_hidden

SPECIAL = {"pad": 0, "unknown": 1, "start": 2, "end": 3, "mask": 4}
PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "N", "un", "##like", "##ly", "cat", "dog")


def masking(rate=0.15, **options):
    never = never_hidden(PIECES, SPECIAL, ["N"])
    return Masking(rate, SPECIAL["mask"], never, **options)


def text(rows=400, length=40, seed=0):
    ids = np.random.default_rng(seed).integers(5, len(PIECES), (rows, length)).astype("int32")
    ids[:, 0], ids[:, -1] = SPECIAL["start"], SPECIAL["end"]
    return ids


def seed(*numbers):
    return tf.constant(numbers or (3, 4), "int64")


def hide(how, ids, key=None, real=None):
    real = np.ones(ids.shape, bool) if real is None else real
    return [
        x.numpy() for x in how(tf.constant(ids), tf.constant(real), seed() if key is None else key)
    ]


def test_the_share_of_what_may_be_hidden_is_hidden_and_nothing_else_changes():
    ids, how = text(), masking()
    given, positions, hidden, counted = hide(how, ids)
    assert positions.shape == (400, 6)
    maskable = ~np.isin(ids, [*SPECIAL.values(), 5])
    np.testing.assert_array_equal(counted.sum(1), np.clip(np.round(0.15 * maskable.sum(1)), 1, 6))
    assert all(len(set(row)) == 6 for row in positions)
    rows = np.arange(400)[:, None]
    np.testing.assert_array_equal(hidden, ids[rows, positions])
    places = np.zeros(ids.shape, bool)
    places[rows, positions] = counted > 0
    assert maskable[places].all()
    np.testing.assert_array_equal(given[~places], ids[~places])


def test_of_the_hidden_eight_in_ten_are_masks_one_another_token_one_itself():
    ids = text(4000)
    given, positions, hidden, counted = hide(masking(), ids)
    now = given[np.arange(len(ids))[:, None], positions][counted > 0]
    was = hidden[counted > 0]
    n = len(now)
    assert n > 15_000
    assert (now == 4).mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / n))
    # Of five tokens that may be drawn one is the very token.
    assert (now == was).mean() == pytest.approx(0.1 + 0.1 / 5, abs=4 * np.sqrt(0.11 / n))
    others = now[(now != 4) & (now != was)]
    assert set(others) == {6, 7, 8, 9, 10}
    np.testing.assert_allclose(np.bincount(others)[6:] / len(others), 0.2, atol=0.05)


def test_every_place_is_hidden_as_often_as_any_other():
    ids = np.full((6000, 20), 9, "int32")
    _, positions, _, counted = hide(masking(), ids)
    often = np.bincount(positions[counted > 0], minlength=20) / counted.sum()
    np.testing.assert_allclose(often, 0.05, atol=0.007)


def test_the_same_seed_hides_the_same_and_another_other_tokens():
    ids, how = text(), masking()
    for one, other in zip(hide(how, ids), hide(how, ids), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (hide(how, ids)[0] != hide(how, ids, seed(3, 5))[0]).any()


def test_shares_of_all_and_nothing():
    ids = text(50)
    given, positions, hidden, counted = hide(masking(mask_share=1.0, random_share=0.0), ids)
    assert (given[np.arange(50)[:, None], positions][counted > 0] == 4).all()
    given, *_ = hide(masking(mask_share=0.0, random_share=0.0), ids)
    np.testing.assert_array_equal(given, ids)


def test_padding_and_rows_with_nothing_to_hide_are_left_alone():
    ids = text(8)
    ids[0] = 5
    real = np.ones(ids.shape, bool)
    real[1, 3:] = False
    given, positions, _, counted = hide(masking(), ids, real=real)
    assert counted[0].sum() == 0 and (given[0] == 5).all()
    assert (positions[1][counted[1] > 0] < 3).all()
    np.testing.assert_array_equal(given[1, 3:], ids[1, 3:])


def test_whole_words_are_hidden_whole():
    how = masking(0.3, begins=beginnings(PIECES, SPECIAL), mask_share=1.0, random_share=0.0)
    ids = np.tile(np.array([2, 6, 7, 8, 9, 6, 8, 10, 6, 7, 9, 9, 3], "int32"), (3000, 1))
    given, _, _, counted = hide(how, ids)
    words = [(1, 4), (4, 5), (5, 7), (7, 8), (8, 10), (10, 11), (11, 12)]
    masked = given == 4
    for a, b in words:
        part = masked[:, a:b]
        assert (part.all(1) == part.any(1)).all()
        assert part.any()
    assert (masked.sum(1) == counted.sum(1)).all()
    assert counted.sum(1).max() == 3  # of 11 that may be hidden; never more than the share
    assert counted.sum() / (3000 * 3) > 0.7


def test_tokens_are_hidden_one_by_one_where_whole_words_are_not_wanted():
    ids = np.tile(np.array([2, 6, 7, 8, 6, 7, 8, 6, 7, 8, 3], "int32"), (500, 1))
    masked = hide(masking(0.3, mask_share=1.0, random_share=0.0), ids)[0] == 4
    part = masked[:, 1:4]
    assert (part.any(1) & ~part.all(1)).any()


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("[PAD]", "un", "##like", "##", "cat"), [1, 1, 0, 0, 1]),
        (("<s>", "Ġun", "like", "Ġcat", "."), [1, 1, 0, 1, 0]),
        (("<pad>", "▁un", "like", "▁", "▁cat"), [1, 1, 0, 1, 1]),
        (("<pad>", "un", "like", "cat"), [1, 1, 1, 1]),
    ],
)
def test_how_words_begin(pieces, expected):
    np.testing.assert_array_equal(beginnings(pieces, {"pad": 0}), np.array(expected, bool))


def test_words_of_a_plain_vocabulary_all_begin():
    assert beginnings(("##a", "b"), None).all()


def test_works_in_a_graph_with_a_free_batch():
    how = masking(begins=beginnings(PIECES, SPECIAL))

    @tf.function(input_signature=[tf.TensorSpec((None, 40), "int32")])
    def graph(ids):
        return how(ids, tf.ones_like(ids, "bool"), seed())

    for one, other in zip(graph(text(7)), hide(how, text(7)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert graph(text(7))[1].shape == (7, 6)


def test_words_that_are_never_hidden_are_named_without_the_mark_of_their_beginning():
    pieces = ("<s>", "N", "\u0120N", "\u0120No", "\u0120")
    np.testing.assert_array_equal(never_hidden(pieces, {"start": 0}, ["N"]), [1, 1, 1, 0, 0])
    np.testing.assert_array_equal(never_hidden(pieces, None, ["N"]), [0, 1, 0, 0, 0])
