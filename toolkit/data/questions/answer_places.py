"""Answers held against their contexts: those that do not stand where a file says that they do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from toolkit.data.questions.asked import Answer, Question, Reading

NAMED = 3
"""Questions that are named where something is wrong with their answers."""


@dataclass(frozen=True)
class Placed:
    """A reading whose answers stand where they say.

    Attributes:
        reading: Answers that the context does not hold have None as their start.
        moved: Ids of questions whose answers stand elsewhere in the context than was said.
        absent: Ids of questions none of whose answers is in the context.
    """

    reading: Reading
    moved: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def notes(self) -> list[str]:
        """What the user is told."""
        path, total, notes = self.reading.path, len(self.reading), []
        if self.moved:
            notes.append(
                f"{path}: answers of {len(self.moved):,} of {total:,} questions do not stand at "
                f"their answer_start ({_some(self.moved)}); the nearest place in the context that "
                "says the same is taken."
            )
        if self.absent:
            notes.append(
                f"{path}: answers of {len(self.absent):,} of {total:,} questions are nowhere in "
                f"their context ({_some(self.absent)}); such questions are not trained on, and "
                "are scored where they are evaluated."
            )
        return notes


def place_answers(reading: Reading) -> Placed:
    """Hold every answer against its context.

    An answer that is not at its ``answer_start`` is looked for in the whole context, since offsets
    are often counted in bytes or in other text than the file holds: the nearest place is taken.
    """
    moved, absent = [], []
    questions: list[Question] = []
    for question in reading.questions:
        context = reading.contexts[question.context]
        answers = tuple(_placed(answer, context) for answer in question.answers)
        if any(new.start is None for new in answers) and not any(
            new.start is not None for new in answers
        ):
            absent.append(question.id)
        elif answers != question.answers:
            moved.append(question.id)
        questions.append(replace(question, answers=answers))
    return Placed(replace(reading, questions=tuple(questions)), tuple(moved), tuple(absent))


def _placed(answer: Answer, context: str) -> Answer:
    """Return the answer with the start where it does stand, or None."""
    text, said = answer.text, answer.start or 0
    if text and context.startswith(text, said) and said >= 0:
        return answer
    text = text.strip()
    places, at = [], context.find(text) if text else -1
    while at >= 0:
        places.append(at)
        at = context.find(text, at + 1)
    start = min(places, key=lambda place: abs(place - said), default=None)
    return Answer(text if start is not None else answer.text, start)


def _some(names: tuple[str, ...]) -> str:
    more = ", …" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
