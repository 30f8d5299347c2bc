"""Presets that must be fetched: KerasHub's by name, Hugging Face's repositories."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toolkit.errors import Refused, did_you_mean
from toolkit.lazy import keras_hub

OFFLINE = (
    "what works with no network is a folder: a Hugging Face or KerasHub one that was copied here, "
    "or a run's"
)


def is_path(name: str) -> bool:
    """Say whether a name can only mean a folder."""
    plain = name.removeprefix("hf://")
    return plain.startswith((".", "/", "~")) or plain.count("/") > 1 or "\\" in plain


def repository_folder(name: str, files: Sequence[str], key: str) -> Path:
    """Return the folder that files of a Hugging Face repository lie in, fetched where needed.

    Args:
        name: ``org/name``.
        files: The files wanted, those that there are.
        key: The config key that names it, for messages.

    Raises:
        Refused: If there is no such repository, or it cannot be reached.
    """
    import huggingface_hub

    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=list(files)))
    except Exception as error:
        raise Refused(
            f"{key}: '{name}' is no folder here, and the Hugging Face repository of this name "
            f"cannot be fetched ({_first_line(error)}); {OFFLINE}."
        ) from error


@contextmanager
def kerashub_folder(name: str, key: str) -> Iterator[Path]:
    """Give the folder that the tokenizer of a KerasHub preset lies in, fetched where needed.

    Raises:
        Refused: If there is no such preset, or it cannot be reached.
    """
    known = keras_hub.tokenizers.Tokenizer.presets
    plain = name.removeprefix("kaggle://")
    if plain == name and name not in known:
        raise Refused(
            f"{key}: no preset, folder or run '{name}'.{_near(name, known)} Expected auto, "
            "whitespace, words, wordpiece, bpe, sentencepiece, a KerasHub preset, a Hugging Face "
            f"repository (org/name) or a folder; {OFFLINE}."
        )
    with tempfile.TemporaryDirectory() as folder:
        try:
            keras_hub.tokenizers.Tokenizer.from_preset(name).save_to_preset(folder)
        except Exception as error:
            raise Refused(
                f"{key}: the KerasHub preset '{name}' cannot be fetched ({_first_line(error)}); "
                f"{OFFLINE}."
            ) from error
        yield Path(folder)


def _near(name: str, known: Sequence[str]) -> str:
    hint = did_you_mean(name, known)
    return hint if hint.startswith(" Did") else ""


def _first_line(error: Exception) -> str:
    text = str(error).strip().split("\n")[0].rstrip(". ")
    return text[:160] or type(error).__name__
