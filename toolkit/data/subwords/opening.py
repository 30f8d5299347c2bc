"""Tokenizers that exist: of a preset, a folder or a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.data.subwords.hugging_face import FILES, read_hugging_face
from toolkit.data.subwords.kerashub import is_kerashub, read_kerashub
from toolkit.data.subwords.presets import is_path, kerashub_folder, repository_folder
from toolkit.data.subwords.subwords import Subwords
from toolkit.errors import Refused


def open_subwords(name: str, key: str = "data.tokenizer") -> Subwords:
    """Return the tokenizer that a name means; see ``Subwords.open``.

    Args:
        name: A KerasHub preset, a Hugging Face repository, or a folder.
        key: The config key that names it, for messages.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _of_folder(folder, name, key)
    if folder.exists():
        raise Refused(
            f"{key}: '{name}' is a file; expected a folder, a KerasHub preset or a Hugging Face "
            "repository."
        )
    if is_path(name):
        raise Refused(f"{key}: there is no folder '{name}'.")
    if "/" in name.removeprefix("hf://"):
        return _of_folder(repository_folder(name.removeprefix("hf://"), FILES, key), name, key)
    with kerashub_folder(name, key) as saved:
        return read_kerashub(saved, key)


def _of_folder(folder: Path, name: str, key: str) -> Subwords:
    if (folder / "spec.json").is_file():
        return _of_run(folder, key)
    if is_kerashub(folder):
        return read_kerashub(folder, key)
    return read_hugging_face(folder, key)


def _of_run(folder: Path, key: str) -> Subwords:
    try:
        content: dict[str, Any] = json.loads((folder / "spec.json").read_text("utf-8"))
        encoder = content.get("encoder") or {}
        if "tokenizer" in encoder and isinstance(encoder["tokenizer"], dict):
            return Subwords.from_json(encoder["tokenizer"])
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise Refused(f"{key}: {folder / 'spec.json'} cannot be read ({error}).") from None
    raise Refused(
        f"{key}: the run {folder} has read whole words or characters, not pieces of words; "
        "expected a run with data.tokenizer wordpiece, bpe or sentencepiece."
    )
