"""Pairs of text that follow each other or do not, made of the windows of a batch."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from toolkit.tasks.masked.sentence_pairs import SentencePairs, sentence_ends

PAD, START, END, STOP = 0, 1, 2, 3
VOCABULARY = ("[PAD]", "[CLS]", "[SEP]", ".", *(f"w{i}" for i in range(4, 2000)))


def pairs(length=23):
    return SentencePairs(length, START, END, PAD, sentence_ends(VOCABULARY))


def windows(rows, how, every=6):
    """Rows of consecutive numbers, each row its own thousand words, a full stop now and then."""
    at = np.arange(how.window)
    tokens = 4 + (np.arange(rows)[:, None] * how.window + at).astype("int32")
    tokens[:, every - 1 :: every] = STOP
    return tokens


def test_pairs_have_their_form_and_half_of_them_follow():
    how = pairs()
    assert how.window == 25
    tokens = windows(60, how)
    found, follows = (x.numpy() for x in how(tf.constant(tokens), tf.constant([1, 2], "int64")))
    assert found.shape == (60, 23)
    assert (found[:, 0] == START).all() and (found[:, 11] == END).all()
    assert (found[:, -1] == END).all() and (found == END).sum() == 120
    assert 15 < follows.sum() < 45
    cuts = how.cuts(tf.constant(tokens)).numpy()
    for row, cut, pair, next_ in zip(tokens, cuts, found, follows, strict=True):
        assert row[cut - 1] == STOP
        np.testing.assert_array_equal(pair[1:11], row[cut - 10 : cut])
        assert next_ == (pair[12:22] == row[cut : cut + 10]).all()


def test_second_texts_begin_behind_the_end_of_a_sentence_whether_they_follow_or_not():
    how = pairs()
    tokens = windows(60, how, every=5)
    found, follows = (x.numpy() for x in how(tf.constant(tokens), tf.constant([5, 2], "int64")))
    stops = [list(np.flatnonzero(row[12:22] == STOP)) for row in found]
    assert len({tuple(s) for s in stops}) == 1
    assert len(set(follows)) == 2


def test_a_window_without_an_end_is_cut_in_its_middle():
    how = pairs()
    tokens = tf.fill([3, how.window], 9)
    np.testing.assert_array_equal(how.cuts(tokens), [12, 12, 12])


def test_ends_within_texts_become_padding():
    how = pairs()
    tokens = windows(4, how)
    tokens[:, 7] = END
    found, _ = how(tf.constant(tokens), tf.constant([1, 2], "int64"))
    assert (found.numpy() == END).sum() == 8
    assert (found.numpy() == PAD).any()


def test_one_window_alone_has_no_other_to_be_paired_with():
    how = pairs()
    _, follows = how(tf.constant(windows(1, how)), tf.constant([1, 2], "int64"))
    assert follows.numpy().tolist() == [1]


def test_the_same_seed_gives_the_same_pairs():
    how, tokens = pairs(), tf.constant(windows(30, pairs()))
    one, other = how(tokens, tf.constant([1, 2])), how(tokens, tf.constant([1, 2]))
    np.testing.assert_array_equal(one[0], other[0])
    assert (how(tokens, tf.constant([1, 3]))[1].numpy() != one[1].numpy()).any()


def test_lines_are_cut_at_their_ends_and_documents_are_not():
    how = pairs()
    tokens = np.stack([np.full(how.window, 9), np.full(how.window, 9)]).astype("int32")
    tokens[:, 14] = END
    tokens[1, 3] = END
    tokens[:, 10] = STOP
    np.testing.assert_array_equal(how.cuts(tf.constant(tokens)), [11, 15])
