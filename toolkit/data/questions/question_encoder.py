"""From questions and contexts to rows of token ids, and from rows back to the contexts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.labelled.raw_texts import encoding_of
from toolkit.data.questions.asked import Answer, Question, Reading
from toolkit.data.questions.raw_questions import raw_questions
from toolkit.data.questions.windows import windows
from toolkit.data.spec import Ragged, Split
from toolkit.data.subwords import SubwordEncoder, Subwords
from toolkit.errors import Refused


@dataclass(frozen=True)
class Cut:
    """What windows were cut from; a split's ``source``.

    Its array ``window``, shape ``(windows, 4)``, says of each: the question's number, the context's
    first token in it, where in the row that token stands, and how many tokens of the context follow
    one another there.

    Attributes:
        reading: Contexts and questions.
        offsets: First character, and one past the last, of each token of each context.
        unanswerable: Whether a question may have no answer.
        left_out: The sentence that says how many questions were cut; None where none was. Contexts
            never are.
    """

    reading: Reading
    offsets: tuple[np.ndarray, ...]
    unanswerable: bool
    left_out: str | None = None


@dataclass(frozen=True)
class QuestionEncoder:
    """Turns questions and their contexts into rows ``[start] question [end] context [end]``.

    A context that does not fit is read in several windows, one row each.

    Attributes:
        tokenizer: Turns texts into pieces.
        max_length: Most tokens of a row.
        stride: Tokens from one window's start to the next.
        question_length: Tokens after which a question is cut off.
        unanswerable: Whether a question may have no answer in its context.
        input: Name of the array of ids.
    """

    tokenizer: Subwords
    max_length: int = 384
    stride: int = 128
    question_length: int = 64
    unanswerable: bool = False
    input: str = "tokens"

    def read(self, given: str, data: Mapping[str, Any]) -> tuple[list[str], Split]:
        """Return the questions that ``input`` of predict means, and their windows."""
        pairs = raw_questions(given, encoding_of(data))
        return [question for question, _ in pairs], self.encode(pairs)

    def encode(self, raw: Sequence[tuple[str, str]]) -> Split:
        """Return the windows of questions, each given with its context."""
        place: dict[str, int] = {}
        questions = tuple(
            Question(str(i), question, place.setdefault(context, len(place)))
            for i, (question, context) in enumerate(raw)
        )
        return self.cut(Reading("input", tuple(place), questions))

    def cut(self, reading: Reading) -> Split:
        """Return the windows of a reading.

        Returns:
            Rows of ids; ``span``, shape ``(windows, 2)``: the first and last token of the answer,
            counted in the row, both 0 where the window does not hold the first answer that has a
            place; and ``window``, as :class:`Cut` has it.

        Raises:
            Refused: If ``max_length`` leaves a context no room beside its question.
        """
        whole = [self._ids(q.text) for q in reading.questions]
        asked = [ids[: self.question_length] for ids in whole]
        read = [self.tokenizer.spans(context) for context in reading.contexts]
        texts = [np.asarray(ids, "int32") for ids, _ in read]
        offsets = tuple(np.asarray(places, "int32").reshape(-1, 2) for _, places in read)
        special = self.tokenizer.special
        if not {"start", "end"} <= set(special):
            raise Refused(
                "data.tokenizer: has no tokens that mark where a text starts and ends, between "
                "which question and context stand."
            )
        start = np.array([special["start"]], "int32")
        end = np.array([special["end"]], "int32")
        between = np.repeat(end, self.tokenizer.pair_ends)
        rows, spans, table = [], [], []
        for number, (question, ids) in enumerate(zip(reading.questions, asked, strict=True)):
            text, places = texts[question.context], offsets[question.context]
            before = np.concatenate([start, ids, between])
            room = self.max_length - len(before) - 1
            if room < 1:
                raise Refused(
                    f"data.max_length={self.max_length}: a question of {len(ids)} tokens leaves "
                    f"no room for its context (question {question.id}); expected at least "
                    f"{len(before) + 2}, or a smaller data.question_length."
                )
            answer = _tokens_of(question.answers, places)
            for first, count in windows(len(text), room, self.stride):
                rows.append(np.concatenate([before, text[first : first + count], end]))
                inside = answer is not None and first <= answer[0] and answer[1] < first + count
                shift = len(before) - first
                spans.append((answer[0] + shift, answer[1] + shift) if inside else (0, 0))  # type: ignore[index]
                table.append((number, first, len(before), count))
        return Split(
            {
                self.input: Ragged.packed(rows),
                "span": np.array(spans, "int32").reshape(-1, 2),
                "window": np.array(table, "int32").reshape(-1, 4),
            },
            source=Cut(reading, offsets, self.unanswerable, self._left_out(whole)),
        )

    def decode(self, ids: Iterable[int]) -> str:
        """Return ids as text, without the tokens that are no words."""
        return self.tokenizer.decode(ids)

    @property
    def as_texts(self) -> SubwordEncoder:
        """What turns question and context into a row as a pair of texts, in one window."""
        return SubwordEncoder(self.tokenizer, self.max_length, input=self.input)

    def _left_out(self, questions: Sequence[np.ndarray]) -> str | None:
        cut = sum(len(ids) > self.question_length for ids in questions)
        if not cut:
            return None
        return (
            f"{cut:,} of {len(questions):,} questions are longer than {self.question_length} "
            "tokens (data.question_length); what they have beyond is left out."
        )

    def _ids(self, text: str) -> np.ndarray:
        return np.asarray(self.tokenizer.spans(text)[0], "int32")

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "tokenizer": self.tokenizer.to_json()}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> QuestionEncoder:
        """Return the encoder that :meth:`to_json` described."""
        return cls(**{**saved, "tokenizer": Subwords.from_json(saved["tokenizer"])})


def _tokens_of(answers: Sequence[Answer], offsets: np.ndarray) -> tuple[int, int] | None:
    """Return the first and last token that the first answer with a place touches, or None."""
    placed = [answer for answer in answers if answer.start is not None and answer.text]
    if not placed:
        return None
    start = int(placed[0].start or 0)
    stop = start + len(placed[0].text)
    touched = np.flatnonzero((offsets[:, 1] > start) & (offsets[:, 0] < stop))
    return (int(touched[0]), int(touched[-1])) if len(touched) else None
