"""Downloads that several mirrors, cut connections and two processes at once cannot spoil."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from toolkit.data.files.archives import extract
from toolkit.data.files.finding import sha256 as checksum
from toolkit.data.files.transfer import Failed, begun_from, say, transfer
from toolkit.errors import Refused


def fetch(
    urls: Sequence[str],
    path: str | os.PathLike[str],
    sha256: str | None = None,
    *,
    timeout: float = 30.0,
    tries: int = 3,
    say: Callable[[str], None] = say,
) -> Path:
    """Download one file unless it is there already.

    It is written beside its place as ``NAME.part``, continued there after a cut connection or in a
    later run, and renamed when it is whole and its checksum is right. Of several processes one
    downloads and the others wait.

    Args:
        urls: Addresses of the same file, tried in order.
        path: Where it goes; folders are made.
        sha256: Its checksum. None: the one in ``NAME.sha256`` beside it from an earlier download,
            and if there is none either, the first download's is recorded there, and said.
        timeout: Seconds without an answer or a byte after which an address is given up.
        tries: How often one address is tried while its connection breaks.
        say: Takes progress and remarks, one line each.

    Returns:
        The path.

    Raises:
        Refused: If no address gives the file, or there is no room or no right to write.
    """
    path = Path(path)
    with _locked(path, say):
        if not path.is_file():
            part = path.with_name(f"{path.name}.part")
            with _writing(path.parent):
                check = partial(_check, path=path, sha256=sha256)
                _first_right(urls, part, check, timeout, tries, say)
                _settle(part, path, sha256, say)
    return path


def fetch_members(
    urls: Sequence[str],
    folder: str | os.PathLike[str],
    members: Mapping[str, str],
    *,
    sha256: Mapping[str, str | None] | None = None,
    archive: Path | None = None,
    timeout: float = 30.0,
    tries: int = 3,
    say: Callable[[str], None] = say,
) -> list[Path]:
    """Download an archive, take files out of it, check them, and put them in place.

    The downloaded archive is deleted afterwards. See ``fetch`` for what happens on the way.

    Args:
        urls: Addresses of the same archive, tried in order.
        folder: Where the files go; made if needed.
        members: Name of the archive's member for each file name.
        sha256: Checksums of the files taken out; those that are None or missing are recorded.
        archive: The archive, where it is on disk already (it is kept).
        timeout: See ``fetch``.
        tries: See ``fetch``.
        say: See ``fetch``.

    Returns:
        The files' paths.

    Raises:
        Refused: As ``fetch``; and if the archive is damaged or lacks a member.
    """
    folder, known = Path(folder), sha256 or {}
    paths = {name: folder / name for name in members}
    part = folder / f"{urls[0].rpartition('/')[2]}.part"

    def unpack(source: Path, new: Path) -> None:
        extract(source, members, new)
        for name, path in paths.items():
            _check(new / name, path, known.get(name))

    with _locked(part, say):
        if all(path.is_file() for path in paths.values()):
            return list(paths.values())
        with _writing(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as new:
            if archive is not None:
                unpack(archive, Path(new))
            else:
                check = partial(unpack, new=Path(new))
                _first_right(urls, part, check, timeout, tries, say)
                part.unlink()
            for name, path in paths.items():
                _settle(Path(new) / name, path, known.get(name), say)
    return list(paths.values())


def verify_recorded(path: Path) -> None:
    """Check a downloaded file against the checksum in ``NAME.sha256`` beside it, if there is one.

    Raises:
        Refused: If the file is not what was downloaded.
    """
    expected = _expected(path, None)
    if expected is None:
        return
    found = checksum(path)
    if found != expected:
        raise Refused(
            f"{path}: changed since it was downloaded (its sha256 is {found}, {_record(path).name} "
            f"says {expected}). Delete {path.name} to fetch it again, or {_record(path).name} to "
            "keep the change."
        )


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _expected(path: Path, sha256: str | None) -> str | None:
    if sha256 is None and _record(path).is_file():
        return _record(path).read_text().partition(" ")[0]
    return sha256


def _check(file: Path, path: Path, sha256: str | None) -> None:
    """Raise unless ``file``, which will be at ``path``, has the right checksum."""
    expected, found = _expected(path, sha256), checksum(file)
    if expected not in (None, found):
        source = "" if sha256 else f" ({_record(path)}; delete that if upstream has changed)"
        raise Refused(f"wrong contents: sha256 of {path.name} is {found}, not {expected}{source}")


def _settle(new: Path, path: Path, sha256: str | None, say: Callable[[str], None]) -> None:
    """Rename a finished file into place, with its checksum recorded beside it."""
    if _expected(path, sha256) is None:
        say(f"{path.name}: no published sha256 is known; recorded in {_record(path)}")
    with open(new, "rb") as file:
        os.fsync(file.fileno())
    recorded = path.with_name(f".{path.name}.sha256.new")
    recorded.write_text(f"{checksum(new)}  {path.name}\n")
    os.replace(recorded, _record(path))
    os.replace(new, path)


def _first_right(
    urls: Sequence[str],
    part: Path,
    check: Callable[[Path], None],
    timeout: float,
    tries: int,
    say: Callable[[str], None],
) -> None:
    """Leave in ``part`` the file of the first address that gives one which passes the check."""
    reasons = []
    for url in sorted(urls, key=lambda url: url != begun_from(part)):
        try:
            transfer(url, part, timeout=timeout, tries=tries, say=say)
            check(part)
            return
        except Failed as failed:
            reasons.append(f"{url}: {failed}.")
        except Refused as wrong:
            part.unlink()  # whole, but not what was wanted
            reasons.append(f"{url}: {str(wrong).rstrip('.')}.")
    raise Refused(
        f"Could not download {part.stem}. {' '.join(reasons)} By hand: fetch it from one of these "
        f"addresses and put it into '{part.parent}'."
    )


@contextmanager
def _locked(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock beside ``path``, waiting for another process that does."""
    from filelock import FileLock, Timeout

    with _writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(f".{path.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"{path.name}: another process is fetching it; waiting")
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn the errors of a full disk or a read-only folder into a message."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Refused(
                f"disk full: no room for the download in '{folder}'. Free some, or name another "
                "folder with data.root=FOLDER."
            ) from error
        raise Refused(
            f"cannot write to '{folder}': {error.strerror or error}. Name another folder with "
            "data.root=FOLDER."
        ) from error
