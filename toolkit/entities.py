"""Entities that tags of words mark: where they begin and end, and how many of them are found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OUTSIDE = "O"
"""The tag of a word that belongs to no entity."""
TAG = re.compile(r"([BIESLU])-(.+)", re.DOTALL)
CLOSES = frozenset("ELSU")
"""Parts of a tag after which an entity is over: E and S of IOBES, L and U of BILOU."""
OPENS = frozenset("BSU")
"""Parts of a tag with which an entity begins, whatever stands before."""


@dataclass(frozen=True)
class Entity:
    """Some words that follow one another.

    Attributes:
        kind: What they name: ``PER``.
        start: The first word.
        end: One past the last.
    """

    kind: str
    start: int
    end: int


def mark_entities(tags: Iterable[str]) -> bool:
    """Return whether tags are ``O`` or such as ``B-PER``, so that they mark entities."""
    tags = set(tags)
    return bool(tags - {OUTSIDE}) and all(tag == OUTSIDE or TAG.fullmatch(tag) for tag in tags)


def entities(tags: Sequence[str]) -> list[Entity]:
    """Return the entities of a sentence, by the rules of CoNLL's ``conlleval``.

    An entity begins with a ``B``, or an ``I`` where none of its kind precedes, and goes on through
    each ``I`` of its kind: so sequences that are not well formed, as a network may give them, have
    entities too, and IOB1, IOB2 (BIO), IOBES and BILOU are all read.

    Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003,
    arXiv:cs/0306050.
    """
    found: list[Entity] = []
    kind, start, last = None, 0, OUTSIDE
    for place, tag in enumerate([*tags, OUTSIDE]):
        match = TAG.fullmatch(tag)
        part, now = match.groups() if match else (OUTSIDE, None)
        begins = now is not None and (now != kind or part in OPENS or last in CLOSES)
        if kind is not None and (now is None or begins):
            found.append(Entity(kind, start, place))
        if begins:
            start = place
        kind, last = now, part
    return found


def as_bio(tags: Sequence[str]) -> list[str]:
    """Return tags that mark the same entities, each one beginning with ``B`` (IOB2).

    Tags that mark none, ``O`` and any other without such a beginning, stay as they are.
    """
    written = list(tags)
    for entity in entities(tags):
        written[entity.start] = f"B-{entity.kind}"
        for place in range(entity.start + 1, entity.end):
            written[place] = f"I-{entity.kind}"
    return written


def entity_scores(
    given: Iterable[Sequence[str]], right: Iterable[Sequence[str]]
) -> dict[str, float]:
    """Return precision, recall and F1 of entities, over all sentences together.

    An entity is right where kind, first and last word are; nothing else of it counts.

    Args:
        given: Tags of each sentence, as predicted.
        right: The true ones.
    """
    told = true = same = 0
    for ours, theirs in zip(given, right, strict=True):
        found, wanted = set(entities(ours)), set(entities(theirs))
        told += len(found)
        true += len(wanted)
        same += len(found & wanted)
    return {
        "precision": same / told if told else 0.0,
        "recall": same / true if true else 0.0,
        "f1": 2 * same / (told + true) if told + true else 0.0,
    }
