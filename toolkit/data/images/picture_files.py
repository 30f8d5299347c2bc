"""Folders of picture files: found, checked, and cut into parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from toolkit.data.images import pictures
from toolkit.data.images.arrays import carved_note
from toolkit.data.spec import Dataset, Spec, Split, carve
from toolkit.errors import Refused

Broken = Literal["refuse", "skip"]
ADVICE = "Remove these files, or set data.broken=skip to leave them out."


def listed(
    folder: Path, within: Path | None = None, endings: tuple[str, ...] = pictures.ENDINGS
) -> list[Path]:
    """Return the picture files in a folder and its subfolders, by their endings, in a fixed order.

    Names that begin with a dot are passed over. Links to folders are followed, each folder once,
    but for those that lead into ``within`` or to what holds it: its files are found anyway, or are
    another class's.

    Args:
        folder: It is searched through.
        within: The folder that is searched as a whole; None for ``folder`` itself.
        endings: Ends of the files' names, in small letters.
    """
    whole = (within or folder).resolve()
    seen: set[Path] = set()
    found = []
    for at, inner, names in os.walk(folder, followlinks=True):
        here = Path(at)
        real = here.resolve()
        linked = here != folder and here.is_symlink()
        back = linked and (real.is_relative_to(whole) or whole.is_relative_to(real))
        if back or real in seen:
            inner.clear()
            continue
        seen.add(real)
        inner.sort()
        found += [
            here / name
            for name in names
            if name.lower().endswith(endings) and not name.startswith(".")
        ]
    return sorted(found)


def unread(paths: Sequence[Path]) -> str:
    """Return what is to be said of picture files that cannot be read: their number and endings."""
    plural = "" if len(paths) == 1 else "s"
    endings = ", ".join(sorted({path.suffix.lower() for path in paths}))
    return f"{len(paths):,} picture{plural} of a kind that cannot be read ({endings})"


def found_in(folder: Path, key: str) -> list[Path]:
    """Return the picture files in a folder.

    Args:
        folder: It is searched through.
        key: The key that names it, for the message.

    Raises:
        Refused: If there is none.
    """
    paths = listed(folder)
    if not paths:
        endings = ", ".join(pictures.ENDINGS)
        others = listed(folder, endings=pictures.UNREAD)
        hint = f" There is: {unread(others)}; save them as png or jpeg." if others else ""
        raise Refused(
            f"{key}: '{folder}' holds no pictures ({endings}), nor do its subfolders.{hint}"
        )
    return paths


def sound(
    paths: Sequence[Path], folder: Path, check: pictures.Check, broken: Broken
) -> tuple[list[int], list[str]]:
    """Return which of some files are pictures, and what is to be said of the others.

    Args:
        paths: The files, by their endings pictures that can be read.
        folder: Where they were found; the pictures of other kinds in it are counted.
        check: See :func:`toolkit.data.images.pictures.faults`.
        broken: Whether files that are no pictures are refused or left out.

    Raises:
        Refused: If some are not and ``broken`` is ``refuse``, or if none is.
    """
    found = pictures.faults(paths, check)
    if broken == "refuse":
        pictures.refuse(found, ADVICE)
    kept = [i for i, path in enumerate(paths) if os.fspath(path) not in found]
    if not kept:
        raise Refused(f"'{folder}': every one of its {len(paths)} files is no picture.")
    notes = [f"{folder}: {len(found)} files that are no pictures were left out."] if found else []
    if others := listed(folder, endings=pictures.UNREAD):
        notes.append(f"{folder}: left out: {unread(others)}; save them as png or jpeg.")
    return kept, notes


def size_as_in(path: str | os.PathLike[str]) -> tuple[tuple[int, int], str]:
    """Return a picture's height and width, and the sentence that all are brought to them."""
    size = pictures.size_of(path)
    return size, f"size: {size[0]} x {size[1]} pixels, as in {path}."


def carve_parts(
    splits: dict[str, Split],
    *,
    folder: Path,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
    what: str = "",
) -> list[str]:
    """Cut validation and test parts out of training where there are none.

    Args:
        splits: The parts that there are; those that are cut are put among them.
        folder: Where the training pictures lie, for the message.
        validation_fraction: Share of what is left for training that is validated on.
        test_fraction: Share of the training pictures that is tested on; 0 for no such part.
        seed: Chooses which.
        what: Which pictures these are, where there are several sorts: ``"a"``.

    Returns:
        Sentences for the user.

    Raises:
        Refused: If there are too few pictures, or a validation part is missing and its share is 0.
    """
    notes, label = [], f"{what}: " if what else ""
    if "valid" not in splits and not validation_fraction:
        raise Refused(
            f"data.validation_fraction: 0, and there is no folder of validation pictures beside "
            f"'{folder}'; the best epoch is chosen on these: give either."
        )
    total = len(splits["train"])
    missing = [p for p in ("valid", *(["test"] if test_fraction else ())) if p not in splits]
    if total <= len(missing):
        least = len(missing) + 1
        plural = "" if total == 1 else "s"
        raise Refused(
            f"'{folder}': {total} picture{plural}; expected at least {least} to train on."
        )
    if "test" in missing:
        splits["train"], splits["test"] = carve(splits["train"], test_fraction, seed + 1)
        held = f"{len(splits['test']):,} of {total:,} images held back (seed={seed})."
        notes.append(f"{label}test: {held}")
    if "valid" in missing:
        count = len(splits["train"])
        splits["train"], splits["valid"] = carve(splits["train"], validation_fraction, seed)
        note = carved_note(len(splits["valid"]), count, validation_fraction, seed)
        notes.append(label + note)
    return notes


def decoded(
    spec: Spec,
    splits: Mapping[str, Split],
    decode: Callable[[dict[str, Any]], dict[str, Any]],
    encoder: Any,
    notes: Sequence[str],
) -> Dataset:
    """Return a data set of files, whose examples are decoded when a batch is made.

    Args:
        spec: Inputs and targets.
        splits: ``train``, ``valid`` and maybe ``test``, which hold names of files.
        decode: Reads the files of one example.
        encoder: Reads files that are given later.
        notes: Sentences for the user.
    """
    whole = {part: Split(split.arrays, decode) for part, split in splits.items()}
    train, valid, test = whole["train"], whole["valid"], whole.get("test")
    return Dataset(spec, train, valid, test, encoder, tuple(notes))
