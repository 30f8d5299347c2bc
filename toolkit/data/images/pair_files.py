"""The files of pairs of pictures: found by their names, and checked against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.data.images import pictures
from toolkit.data.images.picture_files import Broken, found_in, sound
from toolkit.errors import Refused

MOST = 10
"""Files that are named in a message."""


@dataclass(frozen=True)
class Pair:
    """The two files of a pair; the same one where it holds both."""

    a: Path
    b: Path


def pairs_of(
    part: str, sides: dict[str, Path] | Path, check: pictures.Check, broken: Broken
) -> tuple[list[Pair], list[str]]:
    """Return the pairs of a part, and what is to be said of those that are left out.

    Args:
        part: Its name, for messages.
        sides: The folders ``a`` and ``b``, or one of pictures that hold both.
        check: See :func:`toolkit.data.images.pictures.faults`.
        broken: Whether files that are no pictures or have no partner are left out, or refused.

    Raises:
        Refused: If there is such a file, or nothing is left.
    """
    if isinstance(sides, Path):
        paths = found_in(sides, f"data.{part}")
        kept, notes = sound(paths, sides, check, broken)
        return [Pair(paths[i], paths[i]) for i in kept], notes
    named, notes = {}, []
    for side, folder in sides.items():
        paths = found_in(folder, f"data.{side} ({part})")
        _refuse_doubles(paths, folder)
        kept, told = sound(paths, folder, check, broken)
        notes += told
        named[side] = {paths[i].relative_to(folder).with_suffix(""): paths[i] for i in kept}
    alone = [
        f"{path}: no picture of the same name in '{sides[other]}'."
        for side, other in (("a", "b"), ("b", "a"))
        for name, path in named[side].items()
        if name not in named[other]
    ]
    names = [name for name in named["a"] if name in named["b"]]
    if alone and (broken == "refuse" or not names):
        raise Refused(
            *_some(alone, "files without a partner"),
            f"{len(alone)} files without a partner in all; the files of a pair have one name up to "
            "its ending. Remove these, or set data.broken=skip to leave them out.",
        )
    if alone:
        notes.append(f"{part}: {len(alone)} files without a partner were left out.")
    return [Pair(named["a"][name], named["b"][name]) for name in names], notes


def _refuse_doubles(paths: list[Path], folder: Path) -> None:
    """Refuse files whose names differ in their endings alone."""
    counts = Counter(path.with_suffix("") for path in paths)
    doubles = [f"{path}" for path in paths if counts[path.with_suffix("")] > 1]
    if doubles:
        raise Refused(
            f"'{folder}': {', '.join(doubles[:MOST])}: one name with several endings; which is the "
            "partner cannot be told."
        )


def size_of_pairs(
    found: Mapping[str, list[Pair]], together: bool, size: tuple[int, int] | None
) -> tuple[int, int]:
    """Return the size of the first pair's pictures.

    Args:
        found: The pairs of each part.
        together: Whether a file holds both pictures of a pair.
        size: What all are brought to; None where both pictures of a pair must have one size.

    Raises:
        Refused: If the two of a pair have different sizes, or a file cannot be cut into halves.
    """
    faults: list[str] = []
    first: tuple[int, int] | None = None
    for pair in (pair for pairs in found.values() for pair in pairs):
        height, width = pictures.size_of(pair.a)
        if together and width % 2:
            faults.append(
                f"{pair.a}: {height} x {width} pixels cannot be cut into two halves of one width."
            )
        if not together and size is None and (other := pictures.size_of(pair.b)) != (height, width):
            faults.append(
                f"{pair.a}: {height} x {width} pixels, and its partner {pair.b} has "
                f"{other[0]} x {other[1]}."
            )
        first = first or (height, width // 2 if together else width)
    if faults:
        raise Refused(
            *_some(faults, "such pictures"),
            "Expected pictures that hold A and B side by side, or data.a and data.b."
            if together
            else "Expected both pictures of a pair to have one size; data.size=[HEIGHT,WIDTH] "
            "brings them to one.",
        )
    assert first is not None  # no part is empty
    return first


def _some(faults: Sequence[str], what: str) -> list[str]:
    """Return the first of many sentences, and one that counts the rest."""
    more = len(faults) - MOST
    return [*faults[:MOST], *([f"… and {more} more {what}."] if more > 0 else [])]
