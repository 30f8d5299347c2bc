"""Files of a data set: found by name, read plain or gzipped, and known by their checksum."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from toolkit.errors import Refused

MEBIBYTE = 1 << 20


def cache_folder() -> Path:
    """Return where downloads go when no ``data.root`` is given: ``~/.cache/toolkit``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "toolkit"


def root_folder(root: str | os.PathLike[str]) -> Path:
    """Return ``data.root`` as a folder that exists.

    Raises:
        Refused: If there is no such folder.
    """
    folder = Path(root).expanduser()
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise Refused(
            f"data.root: '{folder}' {found}; expected the folder that holds the data sets. Make "
            f"it, or leave data.root out and they are kept in '{cache_folder()}'."
        )
    return folder


def find(name: str, root: str | os.PathLike[str], folders: Iterable[str] = ("",)) -> Path | None:
    """Look for a file by name, plain or gzipped.

    Args:
        name: The file's name without ``.gz``: ``ptb.train.txt``.
        root: Where to look.
        folders: Subfolders of ``root`` to try, in order; ``""`` is ``root`` itself. A root that
            *is* such a folder (``…/glue/SST-2`` for ``glue/SST-2``) will do as well.

    Returns:
        The first that is there, the plain file before the gzipped one; None where there is none.
    """
    for folder in _candidates(Path(root).expanduser(), folders):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def _candidates(root: Path, folders: Iterable[str]) -> list[Path]:
    found = []
    for folder in folders:
        found.append(root / folder)
        last = Path(folder).name
        if last and last.lower() == root.resolve().name.lower():
            found.append(root)
    return found


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file, unpacked where it is gzipped (told by its first bytes, not its name).

    Raises:
        Refused: If it cannot be read, or is a damaged or truncated gzip file.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(path, "rb") as file:
            return file.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Refused(
            f"{path}: a damaged or truncated gzip file ({error}). Delete it and fetch it again."
        ) from error
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {_reason(error)}.") from error


def lines_of(text: str) -> list[str]:
    """Return lines as they end in a file; other marks that end a line stay in their text."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """Read a text file, plain or gzipped; a byte order mark is dropped.

    Raises:
        Refused: If it cannot be read, is not in ``encoding``, or holds NUL bytes (a binary file);
            the message names the line.
    """
    data = read_bytes(path)
    if data.startswith(b"\xef\xbb\xbf") and encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        data = data[3:]
    try:
        text = data.decode(encoding)
    except LookupError as error:
        raise Refused(
            f"data.encoding: no text encoding '{encoding}'; expected a name such as utf-8, "
            "latin-1, cp1252 or utf-16."
        ) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"{path}, line {line}: not {encoding} (byte 0x{data[error.start]:02x}). "
            "Name the file's encoding in training (data.encoding=latin-1, …) or convert it."
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Refused(f"{path}, line {line}: holds NUL bytes, so it is no text file in {encoding}.")
    return text


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the checksum of a file as it lies there (a gzipped one is not unpacked)."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(MEBIBYTE):
            digest.update(block)
    return digest.hexdigest()


def stamp(path: str | os.PathLike[str]) -> str:
    """Return what changes with a file, which is not read: its name, size and time."""
    found = os.stat(path)
    return f"{os.fspath(path)} {found.st_size} {found.st_mtime_ns}"


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def missing(what: str, names: Iterable[str], places: Iterable[Path]) -> str:
    """Return the sentence that says which files were looked for, where, and what to do.

    Args:
        what: The data set: ``ptb``.
        names: The files that are not there.
        places: The folders that were searched.
    """
    looked = " or ".join(f"'{place}'" for place in places)
    return (
        f"data={what}: no {', '.join(names)} (plain or .gz) in {looked}. Connect to the network, "
        "or name the folder that holds them with data.root=FOLDER."
    )
