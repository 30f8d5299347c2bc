"""Stretches of text files, each some job's, that end where tokens do."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.data.files.finding import MEBIBYTE
from toolkit.errors import Refused

BY_BYTES = ("utf-8", "ascii", "iso8859-", "cp125", "koi8-")
"""Encodings, by the names that Python gives them, in which a line feed is one byte and that byte is
nothing else, so that a file can be cut there unread."""
LOOK = 1 << 16
"""Bytes in which something is looked for at a time: an end of a line, or any text."""


@dataclass(frozen=True)
class Stretch:
    """A part of a file, or all of it.

    Attributes:
        path: The file, plain or gzipped.
        start: First byte; 0 for a gzipped one.
        stop: One past the last byte; None to the end.
    """

    path: str
    start: int = 0
    stop: int | None = None

    @property
    def ends(self) -> bool:
        """Whether it goes to the end of its file."""
        return self.stop is None

    def blocks(self, encoding: str, size: int = MEBIBYTE) -> Iterator[str]:
        """Yield the text, ``size`` bytes at a time, with a line feed at the end of each line.

        Raises:
            Refused: If it cannot be read, is not in ``encoding``, or holds NUL bytes.
        """
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(codec(encoding))(), True
        )
        at, first = self.start, self.start == 0
        for block in self.unpacked(size):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                raise Refused(
                    f"{self.path}, near byte {at + error.start:,}: not {encoding} (byte "
                    f"0x{error.object[error.start]:02x}). Name the file's encoding "
                    "(data.encoding=latin-1, …) or convert it."
                ) from error
            if "\0" in text:
                raise Refused(
                    f"{self.path}, near byte {at:,}: holds NUL bytes, so it is no text file in "
                    f"{encoding}."
                )
            yield text.removeprefix("\ufeff") if first else text
            at, first = at + len(block), False
        try:
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise Refused(
                f"{self.path}: not {encoding}: it ends within a character. Name the file's "
                "encoding (data.encoding=latin-1, …) or convert it."
            ) from error

    def unpacked(self, size: int = MEBIBYTE) -> Iterator[bytes]:
        """Yield the bytes, those of a gzipped file unpacked, at most ``size`` at a time.

        Raises:
            Refused: If they cannot be read, or the file ends before the stretch does.
        """
        left = None if self.stop is None else self.stop - self.start
        try:
            with open(self.path, "rb") as plain:
                file = gzip.GzipFile(fileobj=plain) if _gzipped(plain) else plain
                plain.seek(self.start)
                while left is None or left > 0:
                    block = file.read(size if left is None else min(left, size))
                    if not block and left:
                        raise changed(self.path)
                    if not block:
                        return
                    left = None if left is None else left - len(block)
                    yield block
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Refused(
                f"{self.path}: a damaged or truncated gzip file ({error}). Fetch it again."
            ) from error
        except OSError as error:
            raise Refused(f"{self.path}: cannot be read: {error.strerror or error}.") from error


def changed(path: str | os.PathLike[str]) -> Refused:
    """Return what is said of a file that is not what it was when preparing it began."""
    return Refused(f"{path}: changed while it was read; prepare it anew.")


def gzipped(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is gzipped, told by its first bytes."""
    with open(path, "rb") as file:
        return _gzipped(file)


def _gzipped(file: io.BufferedReader) -> bool:
    return file.read(2) == b"\x1f\x8b"


def codec(encoding: str) -> str:
    """Return Python's name of an encoding.

    Raises:
        Refused: If there is none.
    """
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise Refused(
            f"data.encoding: no text encoding '{encoding}'; expected a name such as utf-8, "
            "latin-1, cp1252 or utf-16."
        ) from error


def stretches(
    paths: Sequence[Path], size: int, encoding: str, ends: str
) -> list[tuple[Stretch, ...]]:
    """Divide files into jobs of about one size.

    A file that is gzipped, or in an encoding in which a line feed is no single byte, is never cut.

    Args:
        paths: In order.
        size: Bytes of a job.
        encoding: Of the files.
        ends: Where a file may be cut: ``line`` behind a line feed, ``blank_line`` behind an empty
            line, else before a line feed that a character other than a blank follows, which no
            tokenizer reads otherwise for it.

    Returns:
        The stretches of each job; at least one job.
    """
    cuttable = codec(encoding).startswith(BY_BYTES)
    jobs: list[tuple[Stretch, ...]] = []
    held: list[Stretch] = []
    room = size
    for path in paths:
        total, start = os.path.getsize(path), 0
        with open(path, "rb") as file:
            whole = not cuttable or _gzipped(file)
            while not whole and total - start > room * 3 // 2:
                cut = _cut(file, start + room, total, ends)
                if cut is None:
                    break
                jobs.append((*held, Stretch(str(path), start, cut)))
                start, held, room = cut, [], size
        held.append(Stretch(str(path), start))
        room -= total - start
        if room <= size // 4:
            jobs.append(tuple(held))
            held, room = [], size
    return [*jobs, tuple(held)] if held or not jobs else jobs


def _cut(file: io.BufferedReader, at: int, total: int, ends: str) -> int | None:
    """Return the first place from ``at`` on where a file may be cut; None if there is none."""
    file.seek(at)
    before = b""
    while block := file.read(LOOK):
        held = before + block
        place = _place(held, ends)
        if place is not None:
            cut = file.tell() - len(held) + place
            return cut if cut < total else None
        before = held[-8:]
    return None


def _place(held: bytes, ends: str) -> int | None:
    """Return where some bytes may be cut."""
    if ends == "line":
        found = held.find(b"\n")
        return None if found < 0 else found + 1
    if ends == "blank_line":
        places = [held.find(mark) + len(mark) for mark in (b"\n\n", b"\n\r\n") if mark in held]
        return min(places, default=None)
    found = held.find(b"\n")
    while 0 <= found < len(held) - 4:
        following = held[found + 1 : found + 5].decode("utf-8", "ignore")
        if following and not following[0].isspace():
            return found - (held[found - 1 : found] == b"\r")
        found = held.find(b"\n", found + 1)
    return None
