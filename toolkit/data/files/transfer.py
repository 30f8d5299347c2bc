"""One file over HTTP into a ``.part`` file, continued where it was cut."""

from __future__ import annotations

import errno
import http.client
import json
import os
import shutil
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

BLOCK = 1 << 18


class Failed(Exception):
    """An address that did not give the file, with the reason."""


class Cut(Exception):
    """A connection that broke; worth another try."""


def say(line: str) -> None:
    """Write a line to standard error; one that ends in a carriage return is overwritten."""
    if not line.endswith("\r"):
        print(line, file=sys.stderr, flush=True)
    elif sys.stderr.isatty():
        print(f"\r{line[:-1]:<79}", end="", file=sys.stderr, flush=True)


def transfer(
    url: str,
    part: Path,
    *,
    timeout: float = 30.0,
    tries: int = 3,
    say: Callable[[str], None] = say,
) -> None:
    """Download ``url`` into ``part``, going on with what is there from the same address.

    What is there is used only where the server still has the same file: it is asked for the rest
    *if* its ETag or date is the one seen before, and the answer must start at the right byte and
    have the same total. In all other cases the download starts afresh.

    Args:
        url: The address.
        part: The unfinished file. ``NAME.part.json`` beside it says what it is part of.
        timeout: Seconds without an answer or a byte after which the connection counts as broken.
        tries: How often it is tried; a try that got some bytes does not count.
        say: Takes progress lines (they end in a carriage return) and remarks.

    Raises:
        Failed: If the address does not give the file.
        OSError: If ``part`` cannot be written.
    """
    left = tries
    while True:
        before = _size(part)
        try:
            _once(url, part, timeout, say)
            _note(part).unlink(missing_ok=True)
            return
        except Cut as cut:
            left = tries if _size(part) > before else left - 1
            if left <= 0:
                raise Failed(f"{cut} (tried {tries} times)") from cut
            say(f"{part.stem}: {cut}; trying again")
            time.sleep(min(0.2 * 2 ** (tries - left), 5.0))


def _once(url: str, part: Path, timeout: float, say: Callable[[str], None]) -> None:
    known = _read_note(part)
    known = known if known.get("url") == url else {}
    start = _size(part) if known else 0
    headers = {"User-Agent": "toolkit"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": known["tag"]}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=timeout
        ) as answer:
            start, total = _where(answer, start, known, part)
            if "html" in answer.headers.get("Content-Type", "") and not url.endswith("html"):
                raise Failed("answered with a web page in place of the file")
            _make_room(part, start, total)
            _write_note(part, url, answer, total)
            _copy(answer, part, start, total, say)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # what is there is longer than the file
            _note(part).unlink(missing_ok=True)
            raise Cut("the server has another file now") from error
        if error.code >= 500 or error.code == 429:
            raise Cut(f"HTTP {error.code} {error.reason}") from error
        raise Failed(f"HTTP {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, socket.gaierror):
            raise Failed(f"no network, or no such host ({error.reason.strerror})") from error
        raise Cut(f"no connection ({error.reason})") from error
    except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        raise Cut(f"connection broken ({error or type(error).__name__})") from error


def _where(
    answer: http.client.HTTPResponse, start: int, known: dict, part: Path
) -> tuple[int, int | None]:
    """Return from which byte the answer goes on, and the file's whole size where it is told."""
    length = answer.headers.get("Content-Length")
    if answer.status != 206:
        return 0, int(length) if length else None
    unit, _, span = answer.headers.get("Content-Range", "").partition(" ")
    first, _, rest = span.partition("-")
    total = rest.rpartition("/")[2]
    if unit != "bytes" or first != str(start) or total != str(known.get("size")):
        _note(part).unlink(missing_ok=True)  # the next try starts afresh
        raise Cut("the server did not go on where the download was cut")
    return start, int(total)


def _copy(
    answer: http.client.HTTPResponse,
    part: Path,
    start: int,
    total: int | None,
    say: Callable[[str], None],
) -> None:
    done, began, told = start, time.monotonic(), 0.0
    with open(part, "r+b" if start else "wb") as file:
        file.seek(start)
        while block := answer.read(BLOCK):
            file.write(block)
            done += len(block)
            if time.monotonic() - told > 0.5:
                told = time.monotonic()
                say(_progress(part.stem, done, done - start, total, told - began))
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done < total:
        raise Cut(f"connection cut after {done:,} of {total:,} bytes")
    if total is not None and done > total:
        raise Failed(f"sent {done:,} bytes, said {total:,}")
    say(f"{part.stem}: {_size_text(done)} from {answer.url}")


def _progress(name: str, done: int, new: int, total: int | None, seconds: float) -> str:
    speed = new / max(seconds, 1e-3)
    line = f"{name}: {_size_text(done)}"
    if total:
        left = (total - done) / max(speed, 1.0)
        line += f" of {_size_text(total)} ({done / total:.0%}), {left:.0f} s left"
    return f"{line}, {_size_text(speed)}/s\r"


def begun_from(part: Path) -> str | None:
    """Return the address that an unfinished file can be continued from, if any."""
    return _read_note(part).get("url")


def _size_text(size: float) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _make_room(part: Path, start: int, total: int | None) -> None:
    if total is not None and shutil.disk_usage(part.parent).free < total - start:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _write_note(part: Path, url: str, answer: http.client.HTTPResponse, total: int | None) -> None:
    """Record what the part is part of, or drop the record where it could not be continued."""
    tag = answer.headers.get("ETag", "")
    if not tag or tag.startswith("W/"):  # only a strong tag may be asked for
        tag = answer.headers.get("Last-Modified", "")
    if tag and total is not None:
        _note(part).write_text(json.dumps({"url": url, "tag": tag, "size": total}))
    else:
        _note(part).unlink(missing_ok=True)


def _read_note(part: Path) -> dict:
    """Return what is known of the part: address, tag and size; empty where nothing is."""
    try:
        note = json.loads(_note(part).read_text())
        return note if note.keys() == {"url", "tag", "size"} else {}
    except (OSError, ValueError, AttributeError):
        return {}
