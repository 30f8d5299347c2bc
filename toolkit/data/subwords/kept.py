"""Tokenizers made before, kept in the cache folder: a text is learned from once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from toolkit.data.files.finding import cache_folder
from toolkit.data.subwords.subwords import Subwords

MAKERS = ("keras-hub", "sentencepiece", "tokenizers")
"""Packages whose versions decide what a text gives."""
FORM = 1
"""Changed whenever this project makes other tokenizers of the same texts."""


def place_of(kind: str, texts: Iterable[str], size: int, lower: bool) -> Path:
    """Return the file of the tokenizer that these texts and options give."""
    digest = hashlib.sha256(
        json.dumps([FORM, kind, size, lower, [version(name) for name in MAKERS]]).encode()
    )
    for text in texts:
        digest.update(b"\0" + text.encode("utf-8", "surrogatepass"))
    return cache_folder() / "tokenizers" / f"{digest.hexdigest()}.json"


def kept(place: Path) -> Subwords | None:
    """Return the tokenizer that is kept there; None where there is none that can be read."""
    try:
        return Subwords.from_json(json.loads(place.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep(place: Path, made: Subwords) -> None:
    """Keep a tokenizer, whole or not at all; where nothing can be written, do without."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(made.to_json(), file)
        Path(aside).replace(place)
