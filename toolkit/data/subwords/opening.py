"""Tokenizers that exist: of a preset, a folder or a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.data.subwords.hugging_face import read_hugging_face
from toolkit.data.subwords.kerashub import is_kerashub, read_kerashub
from toolkit.data.subwords.subwords import Subwords
from toolkit.errors import Refused, did_you_mean
from toolkit.presets.places import Place, locate

KEY = "data.tokenizer"
KINDS = ("auto", "whitespace", "words", "wordpiece", "bpe", "sentencepiece")
RUN = "spec.json"
INSIDE = {"TagEncoder": ("reader", "tokenizer"), "WritingEncoder": ("source",)}
"""Where encoders hold the tokenizer that they read with, if not at ``tokenizer``."""


def open_subwords(name: str) -> Subwords:
    """Return the tokenizer that a name means; see ``Subwords.open``."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if (folder / RUN).is_file():
            return _of_run(folder)
        # A folder that holds a tokenizer and no network will do.
        form = "keras_hub" if is_kerashub(folder) else "hugging_face"
        return _read(Place(name, form, folder))  # type: ignore[arg-type]
    return _read(place_of(name))


def place_of(name: str) -> Place:
    """Return where the tokenizer of a name that is no folder lies.

    Raises:
        Refused: If there is none, with near names.
    """
    if Path(name).expanduser().exists():
        raise Refused(f"{KEY}: '{name}' is a file; expected a folder, or the name of a preset.")
    try:
        return locate(name)
    except Refused as refused:
        faults = [fault.replace("model.preset: ", f"{KEY}: ", 1) for fault in refused.faults]
        near = did_you_mean(name, KINDS)
        kinds = near if near.startswith(" Did") else f" There is also: {', '.join(KINDS)}."
        raise Refused(*faults[:-1], faults[-1] + kinds) from None


def missing_tokenizer(name: object) -> list[str]:
    """Return what is wrong with ``data.tokenizer``, as far as can be told without opening it."""
    if not isinstance(name, str) or name in KINDS or Path(name).expanduser().is_dir():
        return []
    try:
        place_of(name)
    except Refused as refused:
        return refused.faults
    return []


def _read(place: Place) -> Subwords:
    if place.form == "keras_hub":
        return read_kerashub(place, KEY)
    return read_hugging_face(place, KEY)


def _of_run(folder: Path) -> Subwords:
    """Return the tokenizer that a run reads with.

    Raises:
        Refused: If its data were read otherwise, or what it says of them is damaged.
    """
    try:
        content: dict[str, Any] = json.loads((folder / RUN).read_text("utf-8"))
        tokenizer = _reads_with(content.get("encoder") or {})
        if tokenizer is not None:
            return Subwords.from_json(tokenizer)
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise Refused(f"{KEY}: {folder / RUN} cannot be read ({error}).") from None
    raise Refused(
        f"{KEY}: the run {folder} has not read pieces of words; expected a run with {KEY} "
        "wordpiece, bpe or sentencepiece, or with one that it opened."
    )


def _reads_with(encoder: dict[str, Any]) -> dict[str, Any] | None:
    """Return the saved tokenizer that an encoder reads with; None where it reads no pieces.

    Of two, for what is read and for what is written, it is that of what is read.
    """
    found: Any = encoder
    for key in INSIDE.get(encoder.get("name", ""), ("tokenizer",)):
        found = found.get(key)
        if not isinstance(found, dict):
            return None
    saved = dict(found)
    return saved if saved.pop("name", "Subwords") == "Subwords" else None
