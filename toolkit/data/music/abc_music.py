"""Music in ABC notation, for models that write tunes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from toolkit.data.files.part_folders import part_folders, refuse_twice
from toolkit.data.music.abc_notes import NoteRules
from toolkit.data.music.abc_tunes import read_tunes
from toolkit.data.music.tune_encoder import TuneEncoder
from toolkit.data.spec import Dataset, Split, carve
from toolkit.data.texts.streams import streams
from toolkit.data.texts.tokenization import Rules
from toolkit.errors import Refused
from toolkit.types import Fraction, PositiveInt

ENDINGS = (".abc", ".abc.gz")
"""Ends of the names of files that are read."""
# fmt: off
Letter = Literal[
    "A", "B", "C", "D", "F", "G", "H", "I", "K", "L", "M", "N",
    "O", "P", "Q", "R", "S", "T", "U", "V", "W", "Z", "m", "r", "s", "w",
]
# fmt: on
"""All that the standard has but ``X``, which every tune begins with."""


def abc(
    *,
    root: str | None = None,
    train: str | None = None,
    valid: str | None = None,
    test: str | None = None,
    unit: Literal["note", "character"] = "note",
    fields: tuple[Letter, ...] = ("M", "L", "K", "V"),
    minimum_count: PositiveInt = 1,
    encoding: str = "utf-8",
    validation_fraction: Fraction = 0.1,
    test_fraction: Fraction = 0.0,
    seed: int = 0,
) -> Dataset:
    """Load tunes in ABC notation (Walshaw, "The abc music standard 2.1", 2011) as one stream.

    Each tune begins with ``X:1`` and ends with an empty line. Comments are left out, and so are
    lines of information whose letter ``fields`` does not name: titles, sources, words. A tune that
    stands in a part twice is read once. Tunes without key or notes are left out, and counted.

    Args:
        root: A file of tunes, a folder of them (``*.abc`` and ``*.abc.gz``, searched through), or
            one that holds ``train/`` and, where there are any, ``valid/`` and ``test/``. None where
            ``train`` is given.
        train: File or folder that is learned from, as it is or below ``root``.
        valid: File or folder that chooses the best epoch; None for ``root``'s ``valid/`` or
            ``val/``, and where there is none, tunes carved from ``train``.
        test: File or folder that is reported; None for ``root``'s ``test/``, or tunes carved from
            ``train``, or none.
        unit: Whether a token is a ``note`` with its accidental, octave and length (likewise a bar
            line, a chord, a rest, a line of information; Sturm et al. 2016, arXiv:1604.08723), or a
            ``character``.
        fields: Letters of the lines of information that are kept. Meter, unit of length and key say
            what the notes mean, and voices which belong together.
        minimum_count: Tokens that occur less often in training are read as ``<unk>``.
        encoding: The files' text encoding.
        validation_fraction: Share of the training tunes that is held back to choose the best epoch,
            where there is no such part.
        test_fraction: Share that is held back to test, where there is no such part.
        seed: Chooses the tunes that are held back.

    Returns:
        Input ``tokens`` and target ``next``; each split holds all its tunes, shape ``(tokens,)``
        int32.

    Raises:
        Refused: If a file or folder is missing, named twice, no text in ``encoding`` (with its
            line), or holds no tune.
    """
    places = sources_of(root, {"train": train, "valid": valid, "test": test})
    parts: dict[str, list[str]] = {}
    notes: list[str] = []
    for part, place in places.items():
        parts[part], told = _read(place, part, fields, encoding)
        notes += told
    where = {part: str(place) for part, place in places.items()}
    for part, fraction in (("test", test_fraction), ("valid", validation_fraction)):
        if part not in parts and fraction:
            notes.append(_carve(parts, part, fraction, seed + (part == "test"), where["train"]))
            where[part] = where["train"]
    return streams(
        {part: "".join(f"{tune}\n\n" for tune in tunes) for part, tunes in parts.items()},
        NoteRules() if unit == "note" else Rules("character"),
        where=where,
        minimum_count=minimum_count,
        validation_fraction=validation_fraction,
        notes=notes,
        encoder=TuneEncoder if unit == "note" else None,
    )


def sources_of(root: str | None, given: Mapping[str, str | None]) -> dict[str, Path]:
    """Return the file or folder of each part that there is.

    Raises:
        Refused: If one that is named is missing, none is named, or one is named twice.
    """
    which = (
        "data=abc: which tunes? Give data.root=FOLDER, with train/ or .abc files in it, or "
        "data.train=FILE or FOLDER."
    )
    found = part_folders(root, given, which=which, expected="your tunes", files=True)
    refuse_twice({f"data.{part}": place for part, place in found.items()})
    return found


def _read(
    place: Path, part: str, fields: tuple[str, ...], encoding: str
) -> tuple[list[str], list[str]]:
    """Return the tunes of a part, each once, and what is to be said of them."""
    paths = [place]
    if place.is_dir():
        paths = sorted(p for p in place.rglob("*") if p.name.endswith(ENDINGS) and p.is_file())
    tunes: list[str] = []
    faults: list[str] = []
    for path in paths:
        found, wrong = read_tunes(path, fields, encoding)
        tunes += found
        faults += wrong
    if not tunes:
        ends = " or ".join(ENDINGS)
        reason = faults[0] if faults else "A tune begins with a line X: and has a line K:."
        if not paths:
            reason = f"There is no file that ends in {ends} in it."
        raise Refused(f"data.{part}: '{place}' holds no tune. {reason}")
    once = list(dict.fromkeys(tunes))
    notes = [f"{place}: {len(once):,} {part} tunes."]
    if len(once) < len(tunes):
        notes.append(f"{place}: {len(tunes) - len(once):,} tunes stand there again; left out.")
    if faults:
        notes.append(f"{place}: {len(faults):,} tunes were left out, the first: {faults[0]}")
    return once, notes


def _carve(parts: dict[str, list[str]], part: str, fraction: float, seed: int, where: str) -> str:
    """Hold tunes back from training, and return the sentence that says so."""
    tunes = parts["train"]
    if len(tunes) < 2:
        raise Refused(
            f"data.train: {where} has one tune only; expected at least 2, to hold one back as the "
            f"{part} part."
        )
    rest, held = carve(Split({"tune": np.arange(len(tunes))}), fraction, seed)
    parts["train"], parts[part] = (
        [tunes[i] for i in np.asarray(split.arrays["tune"]).tolist()] for split in (rest, held)
    )
    return (
        f"{where}: {len(parts[part]):,} of {len(tunes):,} tunes chosen by seed {seed} are the "
        f"{part} part; data.{part} names none."
    )
