"""Two folders of pictures, a and b, each with the same parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from toolkit.data.files.part_folders import USUAL, either, refuse_twice
from toolkit.errors import Refused

SIDES = ("a", "b")
Folders = dict[str, dict[str, Path]]
"""A folder by part and side: ``folders["train"]["a"]``."""


def two_folders(
    name: str,
    root: str | None,
    given: Mapping[str, str | None],
    parts: Mapping[str, str | None] | None = None,
) -> Folders | None:
    """Return the two folders of each part that there is.

    They are ``trainA/`` and ``trainB/`` of the root (likewise ``valA/``, ``testA/``, …), as
    CycleGAN's own sets have them; or those that ``a`` and ``b`` name: a folder with pictures, or
    with ``train/``, ``valid/`` and ``test/`` in it, or one in each of the root's ``train/``,
    ``valid/`` and ``test/``.

    Args:
        name: The data set, for messages.
        root: The folder that holds them; None where ``a`` and ``b`` are whole paths.
        given: What the user gives for ``a`` and ``b``.
        parts: Folders that the user names for the parts, in which ``a`` and ``b`` lie.

    Returns:
        None where neither ``a`` nor ``b`` is given, and the root has no ``trainA/`` or ``trainB/``.

    Raises:
        Refused: If a folder is missing on one side, or both are the same.
    """
    base = None if root is None else Path(root).expanduser()
    if base is not None and not base.is_dir():
        raise Refused(f"data.root: there is no folder '{base}'; expected one with your pictures.")
    one, other = (given[side] for side in SIDES)
    if (one is None) != (other is None):
        there, absent = SIDES if other is None else reversed(SIDES)
        raise Refused(
            f"data={name}: data.{there}={given[there]}, and no data.{absent}; give both folders."
        )
    if one is None:
        if base is None:
            return None
        found = {side: _lettered(base, side.upper()) for side in SIDES}
        if not any("train" in folders for folders in found.values()):
            return None
    else:
        found = {side: _named(side, str(given[side]), base, dict(parts or {})) for side in SIDES}
    return _matched(found)


def _lettered(base: Path, letter: str) -> dict[str, Path]:
    """Return ``trainA`` and its likes."""
    places = {part: (base / f"{name}{letter}" for name in names) for part, names in USUAL.items()}
    return _there(places)


def _named(
    side: str, name: str, base: Path | None, parts: Mapping[str, str | None]
) -> dict[str, Path]:
    """Return the folders of one side that the user names."""
    own = [Path(name).expanduser(), *([base / name] if base is not None else [])]
    found: dict[str, Path] = {}
    for part, folder in parts.items():
        if folder is not None:
            within = [Path(folder).expanduser(), *([base / folder] if base is not None else [])]
            places = [place / name for place in within]
            found.update(_there({part: places}))
            if part not in found:
                raise Refused(f"data.{part}: there is no folder {either(places)}.")
    usual = {part: names for part, names in USUAL.items() if parts.get(part) is None}
    found |= _there(
        {
            part: [
                *(base / n / name for n in names if base is not None),
                *(place / n for place in own for n in names),
            ]
            for part, names in usual.items()
        }
    )
    if "train" not in found:
        found |= _there({"train": own})
    if "train" not in found:
        raise Refused(f"data.{side}: there is no folder {either(own)}.")
    return found


def _there(places: Mapping[str, Iterable[Path]]) -> dict[str, Path]:
    """Return the first folder of each part that is there."""
    first = {part: next(filter(Path.is_dir, folders), None) for part, folders in places.items()}
    return {part: folder for part, folder in first.items() if folder is not None}


def _matched(found: Mapping[str, Mapping[str, Path]]) -> Folders:
    """Return the folders by part, each with both sides."""
    result: Folders = {}
    for part in USUAL:
        sides = {side: folders[part] for side, folders in found.items() if part in folders}
        if len(sides) == 1:
            ((side, folder),) = sides.items()
            absent = "b" if side == "a" else "a"
            raise Refused(
                f"'{folder}': the {part} part of {side}, and there is none of {absent}; expected "
                "both or neither."
            )
        if sides:
            result[part] = sides
    keys = {f"data.{s} ({p})": f for p, sides in result.items() for s, f in sides.items()}
    refuse_twice(keys)
    return result
