"""Named members of a tar, zip or gzip file, taken out one by one."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from toolkit.errors import Refused

DAMAGED = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error)


def extract(archive: Path, members: Mapping[str, str], folder: Path) -> None:
    """Write named members of an archive into a folder.

    Only the members asked for are read, and each is written under the name given here, so nothing
    in the archive (``../`` or absolute names, links) can reach outside of ``folder``.

    Args:
        archive: A tar (gzipped or not), zip or gzip file; its first bytes tell which.
        members: The member for each name to write; of a gzip file there is only one.
        folder: Where they go; it exists.

    Raises:
        Refused: If the archive is damaged, or has no such member, or one that is no plain file.
    """
    try:
        with _opened(archive) as open_member:
            for name, member in members.items():
                with open_member(member) as source, open(folder / name, "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
    except KeyError as error:
        raise Refused(f"{archive}: holds no file {error.args[0]}.") from error
    except DAMAGED as error:
        raise Refused(
            f"{archive}: a damaged or truncated archive ({error}). Delete it and fetch it again."
        ) from error


@contextmanager
def _opened(archive: Path) -> Iterator[Callable[[str], Any]]:
    """Give a function that opens a member by name."""
    with open(archive, "rb") as file:
        start = file.read(40)
    if start.startswith(b"PK"):
        with zipfile.ZipFile(archive) as zipped:
            entries = {_plain(info.filename): info for info in zipped.infolist()}
            yield lambda member: zipped.open(entries[_plain(member)])
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            files = {_plain(info.name): info for info in tar if info.isreg()}
            yield lambda member: _member(tar, files[_plain(member)])
    elif start.startswith(b"\x1f\x8b"):
        with gzip.open(archive) as unzipped:
            yield lambda member: unzipped
    else:
        raise Refused(f"{archive}: neither tar, zip nor gzip; it starts with {start!r}.")


def _member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    member = tar.extractfile(info)
    assert member is not None  # a regular file always has contents
    return member


def _plain(name: str) -> str:
    return name.removeprefix("./")
