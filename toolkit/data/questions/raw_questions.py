"""Questions to answer for a user, each with the text that holds the answer."""

from __future__ import annotations

import os
from collections.abc import Iterable

from toolkit.data.labelled.raw_texts import standard_input
from toolkit.data.questions.asked import read_questions
from toolkit.data.tables.reading import BETWEEN, json_lines, read_table
from toolkit.errors import Refused

COLUMNS: dict[str, str | int] = {"question": "question", "context": "context"}
FORMS = (
    "a csv, tsv or jsonl file with the columns question and context, a json file in SQuAD's form, "
    "or - for JSON lines on standard input"
)


def raw_questions(given: str, encoding: str = "utf-8") -> list[tuple[str, str]]:
    """Return questions and contexts.

    Args:
        given: A csv, tsv or jsonl file with columns ``question`` and ``context``, or a ``.json``
            file in SQuAD's form (answers are not read), each plain or ``.gz``; or ``-`` for JSON
            lines on standard input.
        encoding: The files' text encoding.

    Raises:
        Refused: If there is no such file, or it does not hold questions and contexts.
    """
    if given == "-":
        pairs = _pairs(json_lines(standard_input(), "standard input", COLUMNS).rows)
    elif not os.path.isfile(given):
        raise Refused(f"input: no file {given[:80]}; questions are read from {FORMS}.")
    elif given.removesuffix(".gz").lower().endswith(".json"):
        reading = read_questions(given, encoding=encoding, answers=False)
        pairs = [(q.text, reading.contexts[q.context]) for q in reading.questions]
    elif given.removesuffix(".gz").lower().endswith((".txt", ".text")):
        raise Refused(f"input: {given}: a text says nothing of what is asked; expected {FORMS}.")
    else:
        pairs = _pairs(read_table(given, columns=COLUMNS, encoding=encoding).rows)
    if not any(question.strip() and context.strip() for question, context in pairs):
        raise Refused(f"input: {given} holds no question with a context.")
    return pairs


def _pairs(rows: Iterable[list[str]]) -> list[tuple[str, str]]:
    return [(row[0].replace(BETWEEN, " "), row[1].replace(BETWEEN, " ")) for row in rows]
