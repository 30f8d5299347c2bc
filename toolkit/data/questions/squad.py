"""SQuAD: questions about paragraphs of Wikipedia; or questions of one's own in the same form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from toolkit.data.files.part_folders import refuse_twice
from toolkit.data.files.sources import locate
from toolkit.data.questions.answer_places import place_answers
from toolkit.data.questions.asked import Reading, read_questions
from toolkit.data.questions.question_encoder import QuestionEncoder
from toolkit.data.spec import Dataset, Field, Spec, Split, carve
from toolkit.data.tables.columns import locate_parts
from toolkit.data.texts.pieces import pieces
from toolkit.errors import Refused
from toolkit.types import Fraction, PositiveInt

NAMES = {"1.1": ("squad", "v1.1"), "2.0": ("squad_v2", "v2.0")}


def squad(
    *,
    root: str | None = None,
    version: Literal["1.1", "2.0"] = "1.1",
    train: str | None = None,
    valid: str | None = None,
    test: str | None = None,
    encoding: str = "utf-8",
    tokenizer: str = "auto",
    vocabulary_size: PositiveInt | None = None,
    lower: bool = True,
    max_length: PositiveInt = 384,
    stride: PositiveInt = 128,
    question_length: PositiveInt = 64,
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load questions whose answers are passages of a text, in SQuAD's JSON form.

    Without files of one's own: SQuAD 1.1 (87,599 questions to train on, each with an answer) or 2.0
    (130,319, a third of them without), the best epoch chosen on paragraphs carved from training,
    and the public dev part reported. Answers are held against their contexts; those that do not
    stand where the file says are counted and told.

    Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016,
    arXiv:1606.05250; "Know What You Don't Know", ACL 2018, arXiv:1806.03822.

    Args:
        root: Folder that holds the files in ``squad/`` or itself; None for the cache folder, where
            SQuAD's own are downloaded to.
        version: Which of SQuAD's versions is read where ``train`` names no file.
        train: A file to learn from instead, in SQuAD's form, 1.1 or 2.0, plain or ``.gz``.
        valid: The file that chooses the best epoch; None carves paragraphs from ``train``.
        test: The file that is reported; None: SQuAD's dev part, or none beside a ``train`` of
            one's own.
        encoding: The files' text encoding.
        tokenizer: ``wordpiece`` (or ``auto``, where no model says otherwise), ``bpe`` or
            ``sentencepiece`` learn one from the training texts; anything else is the name of one:
            a KerasHub preset, a Hugging Face repository, a folder of either kind or a run.
        vocabulary_size: Most pieces of a tokenizer that is learned; None for 8,000.
        lower: Whether it makes letters small.
        max_length: Most tokens of question and context together; 384 is BERT's choice. A longer
            context is read in several windows.
        stride: Tokens from the start of one window to the start of the next (BERT: 128).
        question_length: Tokens after which a question is cut off (BERT: 64).
        validation_fraction: Share of the training paragraphs carved for validation where ``valid``
            is None.
        seed: Chooses the paragraphs that are carved.

    Returns:
        Input ``tokens``, a row ``[start] question [end] context [end]`` for each window, and target
        ``span``, the first and last token of the answer.

    Raises:
        Refused: If a file is missing or not in this form, or ``max_length`` is too short.
    """
    placed = {
        part: place_answers(read_questions(path, encoding=encoding))
        for part, path in _files(root, version, train, valid, test).items()
    }
    notes = [note for found in placed.values() for note in found.notes]
    readings = {part: found.reading for part, found in placed.items()}
    absent = set(placed["train"].absent)
    if absent:
        kept = tuple(q for q in readings["train"].questions if q.id not in absent)
        readings["train"] = replace(readings["train"], questions=kept)
    if "valid" not in readings:
        readings |= _carved(readings["train"], validation_fraction, seed)
        notes.append(
            f"{readings['valid'].path}: {len(readings['valid']):,} questions about "
            f"{len(readings['valid'].contexts):,} paragraphs chosen by seed {seed} are the "
            "validation part; data.valid names none."
        )
    own, told = pieces(
        tokenizer,
        [*readings["train"].contexts, *(q.text for q in readings["train"].questions)],
        size=vocabulary_size,
        lower=lower,
        where=readings["train"].path,
    )
    unanswerable = readings["train"].unanswerable > 0
    encoder = QuestionEncoder(own, max_length, stride, question_length, unanswerable)
    splits = {part: encoder.cut(reading) for part, reading in readings.items()}
    notes += told + [note for part in splits for note in _told(part, splits[part])]
    spec = Spec(
        {"tokens": Field("tokens", (None,), "int32", own.vocabulary, special=dict(own.special))},
        {"span": Field("span", (2,), "int32", names=("first", "last"))},
    )
    return Dataset(
        spec, splits["train"], splits["valid"], splits.get("test"), encoder, tuple(notes)
    )


def _files(
    root: str | None, version: str, train: str | None, valid: str | None, test: str | None
) -> dict[str, Path]:
    """Return the file of each part."""
    given = {"train": train, "valid": valid, "test": test}
    found = locate_parts(given, root, "squad")
    if train is None:
        name, mark = NAMES[version]
        official = locate(name, root)
        ours = {"train": f"train-{mark}.json", "test": f"dev-{mark}.json"}
        found = {part: official[file] for part, file in ours.items()} | found
    refuse_twice({f"data.{part}": path for part, path in found.items()})
    return {part: found[part] for part in given if part in found}


def _carved(train: Reading, fraction: float, seed: int) -> dict[str, Reading]:
    """Return training and validation part, no paragraph in both."""
    if not fraction or len(train.contexts) < 2:
        raise Refused(
            f"data.validation_fraction: {fraction}, data.valid names no file, and {train.path} has "
            f"{len(train.contexts)} paragraphs; the best epoch is chosen on other paragraphs than "
            "those learned from: give either."
        )
    rest, part = carve(Split({"context": np.arange(len(train.contexts))}), fraction, seed)
    return {
        name: train.part(np.asarray(split.arrays["context"]).tolist())
        for name, split in (("train", rest), ("valid", part))
    }


def _told(part: str, split: Split) -> list[str]:
    """Return what the user is told of a part's windows and its questions without an answer."""
    reading = split.source.reading
    notes = []
    if len(split) > len(reading):
        notes.append(
            f"{reading.path}: {len(reading):,} {part} questions are {len(split):,} windows, since "
            "some contexts are longer than data.max_length."
        )
    if reading.unanswerable:
        notes.append(
            f"{reading.path}: {reading.unanswerable:,} of {len(reading):,} {part} questions have "
            "no answer."
        )
    return notes
