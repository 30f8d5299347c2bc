"""Where a preset lies: in a folder, in a run, or in somebody's store."""

from __future__ import annotations

import ast
import difflib
import functools
import importlib.util
import json
import os
import re
import socket
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolkit.errors import Refused
from toolkit.presets.families import FAMILIES

Form = Literal["run", "hugging_face", "keras_hub"]


@dataclass(frozen=True)
class Place:
    """Where a preset lies, and in which form.

    Attributes:
        name: What the user calls it.
        form: ``run`` (of this toolkit), ``hugging_face`` or ``keras_hub``.
        folder: Where it lies on this machine; None where its files are fetched one by one.
        handle: How its store knows it: ``kaggle://…`` or ``hf://…``; None for folders.
    """

    name: str
    form: Form
    folder: Path | None = None
    handle: str | None = None

    def file(self, name: str) -> Path | None:
        """Return one of its files, fetched if need be; None where it has no such file.

        Raises:
            Refused: If it cannot be fetched.
        """
        if self.folder is not None:
            return self.folder / name if (self.folder / name).is_file() else None
        return fetch(str(self.handle), name, self.name)

    @property
    def opened_as(self) -> str:
        """What KerasHub's ``from_preset`` opens it by."""
        return str(self.folder or self.handle)


@functools.lru_cache(maxsize=32)
def locate(name: str) -> Place:
    """Find a preset.

    Args:
        name: A run's folder; a folder in Hugging Face's or KerasHub's form; the name of one of
            KerasHub's presets; ``org/name`` or ``hf://org/name`` of Hugging Face; or ``kaggle://…``.

    Raises:
        Refused: If there is none, with near names and what works with no network.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return Place(name, _form_of(folder), folder)
    if name.startswith("kaggle://"):
        return Place(name, "keras_hub", handle=name)
    if name in (known := hub_presets()):
        return Place(name, "keras_hub", handle=known[name])
    if re.fullmatch(r"(hf://)?[\w.-]+/[\w.-]+", name) and not folder.parent.is_dir():
        handle = f"hf://{name.removeprefix('hf://')}"
        config = fetch(handle, "config.json", name)
        if config is None:
            raise Refused(f"model.preset: {name} has no config.json, so it is no encoder.")
        form: Form = "hugging_face" if "model_type" in _json(config) else "keras_hub"
        return Place(name, form, handle=handle)
    raise Refused(
        f"model.preset: no folder and no preset '{name}'.{_near(name)} {without_network()}"
    )


def _near(name: str) -> str:
    """Return a hint at presets and runs that are called alike; nothing where none is."""
    runs = [str(path.parent) for path in Path("runs").glob("*/*/config.yaml")]
    near = difflib.get_close_matches(name, [*hub_presets(), *runs], n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _form_of(folder: Path) -> Form:
    if (folder / "config.yaml").is_file() and (folder / "spec.json").is_file():
        return "run"
    config = folder / "config.json"
    content = _json(config) if config.is_file() else {}
    if "model_type" in content:
        return "hugging_face"
    if "class_name" in content:
        return "keras_hub"
    raise Refused(
        f"model.preset: {folder} is neither a run (config.yaml, spec.json) nor a folder of "
        "Hugging Face (config.json with model_type) or KerasHub (config.json with class_name)."
    )


def config_of(place: Place) -> dict[str, Any]:
    """Return a preset's ``config.json``.

    Raises:
        Refused: If there is none, or it is damaged.
    """
    path = place.file("config.json")
    if path is None:
        raise Refused(f"model.preset: {place.name} has no config.json.")
    return _json(path)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"model.preset: {path} cannot be read ({error}).") from None
    return content if isinstance(content, dict) else {}


@functools.cache
def hub_presets() -> dict[str, str]:
    """Return the names and handles of KerasHub's presets of the families, read from its sources."""
    spec = importlib.util.find_spec("keras_hub")
    if spec is None or spec.origin is None:
        return {}
    found: dict[str, str] = {}
    for name in FAMILIES:
        kind = FAMILIES.row(name).folder
        path = Path(spec.origin).parent / "src" / "models" / kind / f"{kind}_presets.py"
        if path.is_file():
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.Assign):
                    presets = ast.literal_eval(node.value)
                    found |= {key: str(row["kaggle_handle"]) for key, row in presets.items()}
    return found


def fetch(handle: str, file: str, name: str) -> Path | None:
    """Return a file of a store, from the cache where it lies there; None where it has no such file.

    Raises:
        Refused: If the store cannot be reached, or has no such preset.
    """
    try:
        if handle.startswith("kaggle://"):
            return _from_kaggle(handle.removeprefix("kaggle://"), file)
        return _from_hugging_face(handle.removeprefix("hf://"), file)
    except Exception as error:
        kind, said = type(error).__name__, " ".join(str(error).split())
        if "EntryNotFound" in kind and "Local" not in kind or "is not present" in said:
            return None
        raise Refused(
            f"model.preset: {name} could not be fetched ({kind}: {said[:160]}). {without_network()}"
        ) from None


def _from_kaggle(handle: str, file: str) -> Path:
    import kagglehub  # type: ignore[import-untyped]

    _reachable("www.kaggle.com", _kaggle_cache() / handle / file)
    return Path(kagglehub.model_download(handle, file))


def _from_hugging_face(repository: str, file: str) -> Path:
    import huggingface_hub

    cached = huggingface_hub.try_to_load_from_cache(repository, file)
    if isinstance(cached, str):
        return Path(cached)
    _reachable(urllib.parse.urlparse(huggingface_hub.constants.ENDPOINT).hostname or "")
    return Path(huggingface_hub.hf_hub_download(repository, file))


def _reachable(host: str, cached: Path | None = None) -> None:
    """Raise at once where there is no network; the stores' libraries try for half a minute."""
    if (cached is not None and cached.exists()) or urllib.request.getproxies():
        return
    socket.getaddrinfo(host, 443)


def without_network() -> str:
    """Say what works with no network."""
    text = "With no network: a folder of Hugging Face or KerasHub, or a run"
    if cached := fetched():
        return f"{text}; and what was fetched before: {', '.join(cached[:8])}."
    return f"{text}."


def fetched() -> list[str]:
    """Return the names of presets that lie in the stores' caches on this machine."""
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser() / "hub"
    found = {
        path.parents[2].name.removeprefix("models--").replace("--", "/")
        for path in home.glob("models--*--*/snapshots/*/config.json")
    }
    for name, handle in hub_presets().items():
        if (_kaggle_cache() / handle.removeprefix("kaggle://") / "config.json").is_file():
            found.add(name)
    return sorted(found)


def _kaggle_cache() -> Path:
    home = os.environ.get("KAGGLEHUB_CACHE", "~/.cache/kagglehub")
    return Path(home).expanduser() / "models"
