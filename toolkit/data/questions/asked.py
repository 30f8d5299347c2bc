"""Questions about texts, as SQuAD's JSON files hold them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit.data.files.finding import read_text
from toolkit.errors import Refused, did_you_mean

SHOWN = 5
"""Faults of a file that are told one by one."""


@dataclass(frozen=True)
class Answer:
    """A passage of a context.

    Attributes:
        text: What it says.
        start: Its first character's place in the context; None where the context does not hold it.
    """

    text: str
    start: int | None


@dataclass(frozen=True)
class Question:
    """A question about one of several contexts.

    Attributes:
        id: Its name in the file.
        text: What is asked.
        context: Number of the context that it is about.
        answers: Right answers; none where the context has none.
    """

    id: str
    text: str
    context: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Reading:
    """Contexts and the questions about them.

    Attributes:
        path: The file, for messages.
        contexts: The texts that hold the answers.
        questions: In the order of the file.
        marked: Whether the file says of questions that they are impossible to answer, as those of
            SQuAD 2.0 do.
    """

    path: str
    contexts: tuple[str, ...]
    questions: tuple[Question, ...]
    marked: bool = False

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def unanswerable(self) -> int:
        """How many questions have no answer."""
        return sum(not question.answers for question in self.questions)

    def part(self, contexts: Collection[int]) -> Reading:
        """Return some of the contexts, in order, with all questions about them."""
        kept = sorted(contexts)
        place = {context: i for i, context in enumerate(kept)}
        questions = [
            replace(question, context=place[question.context])
            for question in self.questions
            if question.context in place
        ]
        return replace(
            self, contexts=tuple(self.contexts[i] for i in kept), questions=tuple(questions)
        )


def read_questions(path: str | Path, *, answers: bool = True, encoding: str = "utf-8") -> Reading:
    """Read a JSON file in the form of SQuAD 1.1 or 2.0, plain or ``.gz``.

    Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016,
    arXiv:1606.05250; "Know What You Don't Know", ACL 2018, arXiv:1806.03822.

    Args:
        path: The file: ``data``, a list of articles with ``paragraphs``; each with a ``context``
            and ``qas``; each with ``id``, ``question``, ``answers`` (``text``, ``answer_start``)
            and, in 2.0, ``is_impossible``, which has no answers.
        answers: Whether every question must have ``answers``, be it an empty list.
        encoding: Name of the text encoding.

    Raises:
        Refused: If the file is no such JSON; the message says where in it.
    """
    try:
        content = json.loads(read_text(path, encoding))
    except json.JSONDecodeError as error:
        raise Refused(
            f"{path}, line {error.lineno}, character {error.colno}: no JSON ({error.msg}); "
            "expected a file in SQuAD's form."
        ) from None
    contexts: list[str] = []
    questions: list[Question] = []
    faults: list[str] = []
    marked = False
    for where, paragraph in _paragraphs(content, str(path)):
        context = paragraph.get("context")
        if not isinstance(context, str) or not isinstance(paragraph.get("qas"), list):
            faults.append(f"{where}: {_lack(paragraph, context=str, qas=list)}.")
            continue
        contexts.append(context)
        for i, entry in enumerate(paragraph["qas"]):
            fault = _fault(entry, answers)
            if fault is not None:
                faults.append(f"{where}.qas[{i}]: {fault}.")
                continue
            marked = marked or "is_impossible" in entry
            name = str(entry.get("id", len(questions)))
            questions.append(Question(name, entry["question"], len(contexts) - 1, _answers(entry)))
    if faults:
        more = [f"{path}: {len(faults) - SHOWN} more such places."] if len(faults) > SHOWN else []
        raise Refused(*faults[:SHOWN], *more)
    if not questions:
        raise Refused(f"{path}: holds no question.")
    return Reading(str(path), tuple(contexts), tuple(questions), marked)


def _paragraphs(content: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each paragraph and where it stands.

    Raises:
        Refused: If there are none.
    """
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise Refused(
            f"{path}: expected SQuAD's form, an object whose 'data' is a list of articles."
        )
    for i, article in enumerate(content["data"]):
        where = f"{path}: data[{i}]"
        if not isinstance(article, dict) or not isinstance(article.get("paragraphs"), list):
            raise Refused(f"{where}: expected an article with a list of 'paragraphs'.")
        for j, paragraph in enumerate(article["paragraphs"]):
            if not isinstance(paragraph, dict):
                raise Refused(f"{where}.paragraphs[{j}]: expected 'context' and 'qas'.")
            yield f"{where}.paragraphs[{j}]", paragraph


def _lack(entry: dict[str, Any], **wanted: type) -> str:
    """Return what an object lacks, the first of several."""
    names = {str: "text", list: "a list", int: "a whole number"}
    for key, kind in wanted.items():
        if key not in entry:
            return f"has no '{key}'.{did_you_mean(key, entry)}".removesuffix(".")
        if not isinstance(entry[key], kind) or isinstance(entry[key], bool):
            return f"'{key}' holds {json.dumps(entry[key])[:40]}; expected {names[kind]}"
    return ""


def _fault(entry: Any, answers: bool) -> str | None:
    """Return what is wrong with a question, if anything."""
    if not isinstance(entry, dict):
        return f"expected a question, got {json.dumps(entry)[:40]}"
    lack = _lack(entry, question=str)
    if not lack and answers and not entry.get("is_impossible"):
        lack = _lack(entry, answers=list)
    if not lack:
        for answer in entry.get("answers") or []:
            if not isinstance(answer, dict):
                return f"expected an answer, got {json.dumps(answer)[:40]}"
            lack = lack or _lack(answer, text=str, answer_start=int)
    return lack or None


def _answers(entry: dict[str, Any]) -> tuple[Answer, ...]:
    if entry.get("is_impossible"):
        return ()
    return tuple(Answer(a["text"], a["answer_start"]) for a in entry.get("answers") or [])
