"""The vocabulary or tokenizer of a text that is too large to be seen whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, get_args

from toolkit.data.files.finding import MEBIBYTE
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.prepare.documents import documents
from toolkit.data.prepare.raw_text import RawText
from toolkit.data.prepare.stretches import Stretch, gzipped, stretches
from toolkit.data.prepare.tokenizing import ByPieces, ByWords, joined
from toolkit.data.spec import Field, Spec
from toolkit.data.subwords import SubwordEncoder
from toolkit.data.subwords.streaming import BEFORE_A_LINE, line_marks
from toolkit.data.texts.piece_streams import DOCUMENT, begin_of, marks_of
from toolkit.data.texts.pieces import pieces
from toolkit.data.texts.text_streams import AUTO
from toolkit.data.texts.tokenization import Rules, Tokenizer
from toolkit.data.texts.vocabulary import ABSENT, END_OF_LINE, PAD, UNKNOWN, Vocabulary, count
from toolkit.errors import Refused

PART = MEBIBYTE
"""Bytes of each part of a sample."""


@dataclass(frozen=True)
class Learned:
    """How a text becomes tokens.

    Attributes:
        tokenizing: For the jobs.
        spec: Of the data set.
        encoder: Reads and writes texts likewise.
        notes: Sentences for the user.
    """

    tokenizing: ByWords | ByPieces
    spec: Spec
    encoder: Any
    notes: tuple[str, ...]


def learn(text: RawText, sample: int) -> Learned:
    """Return the tokenizer that options name, learned from a sample where it must be.

    Args:
        text: Files and options.
        sample: Most bytes of training text that are looked at, spread evenly over all of it.

    Raises:
        Refused: If there is no such tokenizer, or no text.
    """
    options = text.options
    name = "whitespace" if options["tokenizer"] == AUTO else options["tokenizer"]
    if name in get_args(Tokenizer):
        return _words(text, name, sample)
    if options["unit"] == "character":
        raise Refused(
            f"data.unit: character, but data.tokenizer={name} splits words into pieces; give one "
            "of the two."
        )
    return _pieces(text, name, sample)


def _pieces(text: RawText, name: str, sample: int) -> Learned:
    options, end_of_line = text.options, text.options["end_of_line"]
    train = Sample(text, "train", sample)
    several = False

    def lines() -> Iterator[str]:
        nonlocal several
        for i, (new, part) in enumerate(train):
            several = several or (new and i > 0)
            part = part if end_of_line else part.replace("\n", " ")
            yield from BEFORE_A_LINE.split(part)

    made, told = pieces(
        name,
        lines(),
        size=options["vocabulary_size"],
        lower=options["lower"],
        where=text.where["train"],
    )
    if not told:  # a tokenizer that there is has not read the sample
        several = sum(1 for new, _ in Sample(text, "train", 2 * PART) if new) > 1
    marks = marks_of(made, end_of_line, marked=False)
    special = dict(made.special)
    encoder = SubwordEncoder(
        made,
        framed=False,
        end_of_line=bool(line_marks(made, end_of_line)),
        begin=begin_of(made, several),
    )
    spec = Spec(
        {"tokens": Field("tokens", (None,), "int32", made.vocabulary, special=special)},
        {"next": Field("next", (None,), "int32", made.vocabulary, special=special)},
    )
    return Learned(ByPieces(made, marks, end_of_line), spec, encoder, (*told, *_told(train)))


def _words(text: RawText, name: str, sample: int) -> Learned:
    options = text.options
    rules = Rules(options["unit"], name, options["lower"], options["end_of_line"])  # type: ignore[arg-type]
    samples = {part: Sample(text, part, sample) for part in text.paths}

    def tokens(part: str) -> Iterator[list[str]]:
        found = ""
        for i, (new, found) in enumerate(samples[part]):
            found = DOCUMENT + found if new and i > 0 else found
            yield rules.tokens(rules.clean(joined(found, rules)))
        if rules.end_of_line and rules.unit == "word" and not found.endswith("\n"):
            yield [END_OF_LINE]  # of the last line

    counts = count(tokens("train"))
    if not counts:
        raise Refused(f"data.train: {text.where['train']} is empty; expected text.")
    size, least = options["vocabulary_size"], options["minimum_count"]
    vocabulary = Vocabulary.build(counts, size=size, minimum_count=least)
    if all(word in (UNKNOWN, END_OF_LINE, PAD) for word in vocabulary.words):
        raise Refused(
            f"{text.where['train']}: no word is left for the vocabulary (data.vocabulary_size="
            f"{size or 'null'}, data.minimum_count={least}). Lower data.minimum_count or raise "
            "data.vocabulary_size."
        )
    if vocabulary.unknown is None and not (
        all(found.whole for found in samples.values())
        and all(vocabulary.ids.keys() >= set(w) for part in samples for w in tokens(part))
    ):
        vocabulary = Vocabulary((UNKNOWN, *vocabulary.words))
    absent = ABSENT if vocabulary.unknown is None else vocabulary.unknown
    spec = Spec(
        {"tokens": Field("tokens", (None,), "int32", vocabulary.words)},
        {"next": Field("next", (None,), "int32", vocabulary.words)},
    )
    encoder = TextEncoder(vocabulary.words, **asdict(rules))
    notes = [f"Of {len(counts):,} different tokens {len(vocabulary):,} are known."]
    notes = notes if len(vocabulary) < len(counts) else []
    learned = ByWords(rules, vocabulary.words, absent)
    return Learned(learned, spec, encoder, (*notes, *_told(samples["train"])))


def _told(sample: Sample) -> list[str]:
    """Return the sentence that says that not all was looked at, where it was not."""
    if sample.whole or not sample.read:
        return []
    read, most = round(sample.read / MEBIBYTE), sample.most // MEBIBYTE
    total = sum(map(os.path.getsize, sample.paths)) // MEBIBYTE
    of = (
        f"{read:,} MiB of text, spread evenly over the files; gzipped ones were read from their "
        "beginning"
        if any(map(gzipped, sample.paths))
        else f"{read:,} of {total:,} MiB, spread evenly"
    )
    where = sample.text.where[sample.part]
    return [f"{where}: what tokens there are was learned from {of} (sample={most})."]


class Sample:
    """Text of a part, and whether a document begins with it: all of it, or parts of 1 MiB.

    Where it is not all, parts are spread evenly over the files. A gzipped file can be read from its
    beginning alone; each has its share of ``most``, and what one leaves goes on to the next.

    Args:
        text: The files.
        part: Which.
        most: Bytes that are read, about; unpacked.

    Attributes:
        read: Bytes of text that were read, unpacked, once it has been gone through.
    """

    def __init__(self, text: RawText, part: str, most: int):
        self.text, self.part, self.most = text, part, most
        self.paths = text.paths[part]
        self.read = 0

    @cached_property
    def whole(self) -> bool:
        """Whether it is all text of the part: that is no longer than ``most``, unpacked."""
        if sum(map(os.path.getsize, self.paths)) > self.most:
            return False
        if not any(map(gzipped, self.paths)):
            return True
        left = self.most
        for path in self.paths:
            for block in Stretch(str(path)).unpacked():
                left -= len(block)
                if left < 0:
                    return False
        return True

    def __iter__(self) -> Iterator[tuple[bool, str]]:
        encoding, jobs = self.text.options["encoding"], self._jobs()
        left, self.read = self.most, 0
        for i, job in enumerate(jobs):
            rest = left - left // (len(jobs) - i)  # for the jobs behind it
            for j, stretch in enumerate(job):
                share = (left - rest) // (len(job) - j)
                for new, found in self._found(stretch, share):
                    yield new, found
                    left -= len(found)
                    self.read += len(found.encode(encoding, "replace"))
                    if left < -4 * PART:  # what cannot be cut may hold any amount
                        return

    def _jobs(self) -> Sequence[tuple[Stretch, ...]]:
        if self.whole:
            return [tuple(Stretch(str(path)) for path in self.paths)]
        text = self.text
        jobs = stretches(self.paths, PART, text.options["encoding"], text.documents)
        wanted = max(self.most // PART, 1)
        return [jobs[i * len(jobs) // wanted] for i in range(min(wanted, len(jobs)))]

    def _found(self, stretch: Stretch, share: int) -> Iterator[tuple[bool, str]]:
        """Yield the text of a stretch; of a gzipped one about ``share`` characters, if not all."""
        cut = not self.whole and gzipped(stretch.path)
        if cut and share <= 0:
            return
        blocks, kind = stretch.blocks(self.text.options["encoding"]), self.text.documents
        for new, found in documents(blocks, kind, begins=stretch.start == 0, ends=stretch.ends):
            yield new, found
            share -= len(found)
            if cut and share <= 0:
                return
