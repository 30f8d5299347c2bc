"""Folders that hold the parts of a data set: named by the user, or by their usual names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import permutations
from pathlib import Path

from toolkit.errors import Refused

USUAL: dict[str, tuple[str, ...]] = {
    "train": ("train",),
    "valid": ("valid", "val", "validation", "dev"),
    "test": ("test",),
}
"""Names of the subfolders that are taken for a part, the first that there is."""


def part_folders(
    root: str | None,
    given: Mapping[str, str | None],
    *,
    which: str,
    expected: str,
    files: bool = False,
) -> dict[str, Path]:
    """Return the folder of each part that there is.

    Args:
        root: The folder that holds them; where it has none of the usual names, it is the training
            part itself.
        given: The folder that the user names for each part, as it is or below ``root``.
        which: What is said where neither root nor training part is named.
        expected: What a root holds, for the message: "your pictures".
        files: Whether a part may be a file as well.

    Raises:
        Refused: If one that is named is missing, or none is named; with every fault.
    """
    base = None if root is None else Path(root).expanduser()
    if base is not None and not (base.is_dir() or (files and base.is_file())):
        raise Refused(f"data.root: there is no folder '{base}'; expected one with {expected}.")
    if base is None and given["train"] is None:
        raise Refused(which)
    found: dict[str, Path] = {}
    faults = []
    for part, name in given.items():
        if name is not None:
            places = [Path(name).expanduser()] + ([base / name] if base is not None else [])
        else:
            places = [base / usual for usual in USUAL[part]] if base is not None else []
        there = [p for p in places if p.is_dir() or (files and name is not None and p.is_file())]
        if there:
            found[part] = there[0]
        elif name is not None:
            what = "file or folder" if files else "folder"
            faults.append(f"data.{part}: there is no {what} {either(places)}.")
    if faults:
        raise Refused(*faults)
    if base is not None and "train" not in found:
        if found:
            named = ", ".join(f"'{folder.name}'" for folder in found.values())
            raise Refused(f"'{base}': it has {named} but no 'train'; give data.train=FOLDER.")
        found = {"train": base}
    return found


def refuse_twice(places: Mapping[str, Path]) -> None:
    """Refuse files that are the same, and folders of which one is another or lies in it.

    What is learned from would be scored as well; folders are searched through.

    Args:
        places: Files or folders by the keys that name them.

    Raises:
        Refused: Naming both and their keys.
    """
    for (one, inner), (other, outer) in permutations(places.items(), 2):
        if inner.resolve() == outer.resolve():
            what = "file" if inner.is_file() else "folder"
            raise Refused(
                f"{one} and {other} name the same {what}, '{inner}'; expected two different ones."
            )
        if inner.resolve().is_relative_to(outer.resolve()):
            raise Refused(
                f"{one}: '{inner}' lies in '{outer}', which is {other} and is searched through; "
                "expected folders beside each other."
            )


def refuse_shared(groups: Iterable[Iterable[Path]]) -> None:
    """Refuse a file that is in two groups, be it by a link: in two parts, or two classes.

    Raises:
        Refused: Naming both places of the first such file.
    """
    seen: dict[str, tuple[int, Path]] = {}
    for number, paths in enumerate(groups):
        for path in paths:
            group, first = seen.setdefault(os.path.realpath(path), (number, path))
            if group != number:
                raise Refused(
                    f"'{path}' is the same file as '{first}'; expected each file in one part and "
                    "one class only."
                )


def either(places: list[Path]) -> str:
    """Return places as a list in words."""
    return " or ".join(f"'{place}'" for place in places)
