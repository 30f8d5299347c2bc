"""Raw text to shards of tokens, read in pieces and never whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.files.finding import MEBIBYTE
from toolkit.data.prepare.documents import Documents, documents
from toolkit.data.prepare.learned import Learned, learn
from toolkit.data.prepare.output import Output, names_of
from toolkit.data.prepare.pool import run_jobs
from toolkit.data.prepare.raw_text import RawText
from toolkit.data.prepare.stretches import Stretch, changed, stretches
from toolkit.data.prepare.token_shards import TOKENS, TokenWriter, finish_tokens
from toolkit.data.prepare.tokenizing import Tokenizing
from toolkit.data.texts.piece_streams import DOCUMENT
from toolkit.data.texts.vocabulary import UNKNOWN, unknown_note

Say = Callable[[str], None]
AT_A_TIME = 1 << 18
"""Characters of short documents that are tokenized together."""


@dataclass(frozen=True)
class Job:
    """One shard to be made.

    Attributes:
        folder: Where it goes.
        name: Its name.
        stretches: The text that it holds.
        kind: What a document is.
        encoding: Of the files.
        first: Whether it is the first of its part.
        last: Whether it is the last.
    """

    folder: Path
    name: str
    stretches: tuple[Stretch, ...]
    kind: Documents
    encoding: str
    first: bool
    last: bool


def prepare_text(
    text: RawText, output: Output, *, workers: int, shard_size: int, sample: int, say: Say
) -> None:
    """Write the shards of a text and their manifest.

    Args:
        text: Its files, and the data set's options.
        output: The folder, taken by this process.
        workers: Processes that tokenize.
        shard_size: MiB of text of a shard, about.
        sample: MiB of text that the tokenizer is learned from, at most.
        say: Takes progress, a line at a time.

    Raises:
        Refused: If a file cannot be read or changes meanwhile, or there is too little text.
    """
    encoding, size = text.options["encoding"], shard_size * MEBIBYTE
    plans = {
        part: stretches(paths, size, encoding, text.documents) for part, paths in text.paths.items()
    }
    names = {part: names_of(part, len(jobs)) for part, jobs in plans.items()}
    done = output.done([name for part in names.values() for name in part])
    learned = learn(text, sample * MEBIBYTE)
    for note in (*text.notes, *learned.notes):
        say(note)
    total = sum(map(len, plans.values()))
    if done:
        say(f"{len(done):,} of {total:,} shards are done already")

    def jobs() -> Iterator[Job]:
        for part, found in plans.items():
            for i, (name, job) in enumerate(zip(names[part], found, strict=True)):
                if name not in done:
                    yield Job(
                        output.folder,
                        name,
                        job,
                        text.documents,
                        encoding,
                        i == 0,
                        i == len(found) - 1,
                    )

    count = len(done)
    write = partial(write_shard, learned.tokenizing)
    for name in run_jobs(write, jobs(), max(min(workers, total - count), 1)):
        count += 1
        say(f"{name}: {count:,} of {total:,}")
    text.refuse_changed()
    made = {part: output.shards(part, names[part]) for part in plans}
    unknown = list(_unknown(text, learned, made))
    for note in unknown:
        say(note)
    finish_tokens(
        output,
        {part: (shards, sum(more["counts"])) for part, (shards, more) in made.items()},
        learned.spec,
        learned.encoder,
        where=text.where,
        fraction=text.options["validation_fraction"],
        notes=[*text.notes, *learned.notes, *unknown],
    )


def write_shard(tokenizing: Tokenizing, job: Job) -> str:
    """Make tokens of a job's text, write them into its shard, and return the shard's name."""
    begun, end = not job.first, ""
    counts = np.zeros(tokenizing.size, "int64")
    with TokenWriter(job.folder, job.name, TOKENS) as writer:

        def add(text: str) -> None:
            ids = tokenizing.ids(text)
            if len(ids) and ids.min() < 0:
                raise changed(job.stretches[0].path)
            np.add(counts, np.bincount(ids, minlength=tokenizing.size), out=counts)
            writer.add(ids)

        held: list[str] = []
        size = 0
        for stretch in job.stretches:
            found = documents(
                stretch.blocks(job.encoding),
                job.kind,
                begins=stretch.start == 0,
                ends=stretch.ends,
            )
            for new, text in found:
                held.append(DOCUMENT + text if new and begun else text)
                begun, end, size = True, text, size + len(text)
                if size >= AT_A_TIME:
                    add("".join(held))
                    held, size = [], 0
        if job.last and end and not end.endswith("\n"):
            held.append(tokenizing.last)
        add("".join(held))
        writer.finish_tokens(counts)
    return job.name


def _unknown(text: RawText, learned: Learned, made: Mapping[str, Any]) -> Iterator[str]:
    """Yield how much of each part is not known."""
    special = learned.spec.input.special or {}
    vocabulary = learned.spec.input.vocabulary or ()
    unknown = special.get("unknown", vocabulary.index(UNKNOWN) if UNKNOWN in vocabulary else None)
    for part, (_, more) in made.items():
        counts = sum(more["counts"])
        if unknown is not None and counts[unknown]:
            yield unknown_note(text.where[part], int(counts[unknown]), int(counts.sum()))
