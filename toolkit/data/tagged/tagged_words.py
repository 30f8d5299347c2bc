"""Sentences whose words have tags, one word a line, as CoNLL's files hold them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.data.files.finding import lines_of, read_text
from toolkit.entities import as_bio
from toolkit.errors import Refused

DOCUMENT = "-DOCSTART-"
"""The word of a line that begins a document and is no word itself."""
SHOWN = 5
"""Faults of a file that are told one by one."""


@dataclass(frozen=True)
class Sentence:
    """Words and their tags.

    Attributes:
        words: As the file has them.
        tags: As many.
        document: Number of the document that it belongs to; 0 where none is marked.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    document: int = 0


@dataclass(frozen=True)
class Tagged:
    """The sentences of a file.

    Attributes:
        path: The file, for messages.
        sentences: In its order.
        notes: What the user is to be told of it.
    """

    path: str
    sentences: tuple[Sentence, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sentences)

    @property
    def tags(self) -> set[str]:
        """All tags there are."""
        return {tag for sentence in self.sentences for tag in sentence.tags}

    @property
    def documents(self) -> list[int]:
        """Numbers of its documents, those without a sentence left out."""
        return sorted({sentence.document for sentence in self.sentences})

    def part(self, chosen: Collection[int]) -> Tagged:
        """Return some of the sentences, by number, in order."""
        return Tagged(self.path, tuple(self.sentences[i] for i in sorted(chosen)))


def read_tagged(
    path: str | Path,
    *,
    word_column: int = 0,
    tag_column: int = -1,
    delimiter: str | None = None,
    comment: str | None = None,
    encoding: str = "utf-8",
) -> Tagged:
    """Read a file of columns, one word a line, an empty line between sentences; plain or ``.gz``.

    Lines whose word is ``-DOCSTART-`` begin a document. Each tag that marks an entity is read as
    BIO (IOB2) has it, whichever of IOB1, IOB2, IOBES and BILOU the file has; others as they are.

    Args:
        path: The file.
        word_column: Where words stand, from 0; negative numbers count from the end.
        tag_column: Where tags stand, likewise.
        delimiter: What stands between columns, ``tab`` for tabs; None: blanks or tabs.
        comment: How lines begin that are left out (``#`` in CoNLL-U); None for none.
        encoding: Name of the text encoding.

    Raises:
        Refused: If a line lacks a column or has not as many as the first, or there is no word; with
            file and line.
    """
    columns = {"word": word_column, "tag": tag_column}
    found = _sentences(path, columns, delimiter, comment, encoding)
    sentences = tuple(
        Sentence(tuple(word for word, _ in rows), tuple(tag for _, tag in rows), document)
        for rows, document in found
    )
    return _in_bio(Tagged(str(path), sentences))


def read_words(
    path: str | Path,
    *,
    word_column: int = 0,
    delimiter: str | None = None,
    comment: str | None = None,
    encoding: str = "utf-8",
) -> list[tuple[str, ...]]:
    """Read the words of such a file alone; it may have no tags. See :func:`read_tagged`."""
    found = _sentences(path, {"word": word_column}, delimiter, comment, encoding)
    return [tuple(row[0] for row in rows) for rows, _ in found]


def _sentences(
    path: str | Path,
    columns: Mapping[str, int],
    delimiter: str | None,
    comment: str | None,
    encoding: str,
) -> list[tuple[list[list[str]], int]]:
    """Return the rows of each sentence, some columns of them, and its document."""
    between = "\t" if delimiter == "tab" else delimiter
    sentences: list[tuple[list[list[str]], int]] = []
    faults: list[str] = []
    rows: list[list[str]] = []
    document = width = 0
    for number, line in enumerate([*lines_of(read_text(path, encoding)), ""], start=1):
        if comment is not None and line.startswith(comment):
            continue
        cells = re.findall(r"[^ \t]+", line) if between is None else line.split(between)
        begins = bool(cells) and cells[0] == DOCUMENT
        document += begins
        if begins or not line.strip(" \t"):
            if rows:
                sentences.append((rows, document - begins))
            rows = []
        elif (row := _cells(cells, list(columns.values()))) is None:
            wanted = " and ".join(f"a {name} in column {i}" for name, i in columns.items())
            faults.append(f"{path}, line {number}: expected {wanted}; got {line.strip()!r}.")
        elif len(cells) != (width := width or len(cells)):
            tabs = between is None and "\t" in line
            faults.append(
                f"{path}, line {number}: expected as many columns as the first line with a "
                f"word has, {width}; got {len(cells)} in {line.strip()!r}."
                + (" If tabs alone stand between columns: data.delimiter=tab." if tabs else "")
            )
        else:
            rows.append(row)
    if faults:
        more = [f"{path}: {len(faults) - SHOWN} more such lines."] if len(faults) > SHOWN else []
        raise Refused(*faults[:SHOWN], *more)
    if not sentences:
        raise Refused(f"{path}: holds no word; expected one a line, with its tag.")
    return sentences


def _cells(cells: Sequence[str], columns: Sequence[int]) -> list[str] | None:
    """Return the cells of some columns, or None where there are too few or one is empty."""
    places = [i + len(cells) if i < 0 else i for i in columns]
    if len(set(places)) < len(places) or not all(0 <= i < len(cells) for i in places):
        return None
    found = [cells[i].strip() for i in places]
    return found if all(found) else None


def _in_bio(read: Tagged) -> Tagged:
    """Return the sentences with entities marked as BIO, and what was changed."""
    changed = 0
    sentences = []
    for sentence in read.sentences:
        tags = tuple(as_bio(sentence.tags))
        changed += sum(a != b for a, b in zip(tags, sentence.tags, strict=True))
        sentences.append(Sentence(sentence.words, tags, sentence.document))
    told = f"{read.path}: {changed:,} tags are written as BIO has them; the entities are the same."
    return Tagged(read.path, tuple(sentences), (told,) if changed else ())
