"""Entities by conlleval's rules."""

from __future__ import annotations

import pytest

from toolkit.entities import Entity, as_bio, entities, entity_scores, mark_entities


def found(tags):
    return [(e.kind, e.start, e.end) for e in entities(tags.split())]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O B-A I-A O B-B", [("A", 1, 3), ("B", 4, 5)]),
        ("B-A B-A I-A", [("A", 0, 1), ("A", 1, 3)]),
        ("I-A I-A O I-A", [("A", 0, 2), ("A", 3, 4)]),  # IOB1
        ("I-A B-A I-A", [("A", 0, 1), ("A", 1, 3)]),  # IOB1, two that touch
        ("B-A I-B I-B O", [("A", 0, 1), ("B", 1, 3)]),  # not well formed
        ("O I-A I-B", [("A", 1, 2), ("B", 2, 3)]),
        ("B-A I-A E-A S-A S-A B-A E-A", [("A", 0, 3), ("A", 3, 4), ("A", 4, 5), ("A", 5, 7)]),
        ("B-A L-A U-B U-B", [("A", 0, 2), ("B", 2, 3), ("B", 3, 4)]),
        ("E-A E-A I-A O E-A", [("A", 0, 1), ("A", 1, 2), ("A", 2, 3), ("A", 4, 5)]),
        ("B-A-B I-A-B", [("A-B", 0, 2)]),
        ("O O", []),
        ("", []),
    ],
)
def test_entities_of_a_sentence(tags, expected):
    assert found(tags) == expected


@pytest.mark.parametrize(
    ("tags", "bio"),
    [
        ("I-A I-A O I-A B-A", "B-A I-A O B-A B-A"),
        ("S-A B-A E-A O", "B-A B-A I-A O"),
        ("B-A I-B O", "B-A B-B O"),
        ("S-A MISC B-A E-A", "B-A MISC B-A I-A"),
    ],
)
def test_other_schemes_become_bio(tags, bio):
    assert as_bio(tags.split()) == bio.split()
    assert found(bio) == found(tags)


def test_what_marks_entities():
    assert mark_entities(["O", "B-PER", "S-LOC"])
    assert not mark_entities(["O"])
    assert not mark_entities(["O", "NN"])
    assert not mark_entities(["B-", "O"])


def test_an_entity_is_right_as_a_whole():
    right = [["B-A", "I-A", "O", "B-B"], ["O", "B-A"], ["B-A"]]
    given = [["B-A", "I-A", "O", "B-A"], ["B-A", "I-A"], ["O"]]
    scores = entity_scores(given, right)
    # One of the three that are told is right; there are four.
    assert scores == pytest.approx({"precision": 1 / 3, "recall": 1 / 4, "f1": 2 / 7})


def test_nothing_told_is_no_fault_of_division():
    assert entity_scores([["O"]], [["O"]]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_entities_do_not_reach_over_sentences():
    assert entity_scores([["B-A"], ["I-A"]], [["B-A"], ["B-A"]])["f1"] == 1.0
    assert Entity("A", 0, 1) == entities(["I-A"])[0]
