"""What Hydra, OmegaConf and YAML say of files that cannot be composed, in our words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hydra._internal.config_repository import IConfigRepository
from hydra.core.object_type import ObjectType
from hydra.errors import MissingConfigException
from omegaconf.errors import OmegaConfBaseException
from yaml import MarkedYAMLError

from toolkit.config.origins import find_file, shown
from toolkit.errors import did_you_mean


def first_line(error: BaseException) -> str:
    """Return an error's first line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def explain(
    error: BaseException, repo: IConfigRepository | None = None, files: Iterable[Path] = ()
) -> list[str]:
    """Return faults, with file and line where they can be known.

    Args:
        error: What was raised.
        repo: Hydra's access to the files.
        files: The files that were chosen by name.
    """
    if isinstance(error, MarkedYAMLError):
        return [_yaml(error)]
    if isinstance(error, UnicodeDecodeError):
        return [f"{_not_utf8(files)}: not UTF-8: {error.reason}; save the file as UTF-8"]
    message = str(error)
    if message.startswith("Config group override must be a string"):
        return ["command line: null is no choice of a group among others; run it apart"]
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        if repo is not None and group.startswith("recipe/"):
            group, name = "recipe", error.missing_cfg_file.removeprefix("recipe/")
        where = _written(f"{group}.*:.*{re.escape(name)}", files) or _inside(message, name, repo)
        if not group:
            return [f"{where}: no configuration file {name}"]
        return [f"{where}: {group}: no '{name}'.{did_you_mean(name, error.options or ())}"]
    if match := re.search(r"Could not override '([^']+)'", message):
        key = match[1]
        if key.startswith("hydra."):
            return [f"command line: {key}: Hydra has no such key"]
        known = repo.get_group_options("", ObjectType.GROUP) if repo is not None else ()
        where = _inside(message, key.rpartition("/")[2], repo)
        return [f"{where}: {key}: no such group in the defaults.{did_you_mean(key, known)}"]
    cause: Any = error
    while cause is not None and not isinstance(cause, OmegaConfBaseException):
        cause = cause.__cause__
    key = getattr(cause, "full_key", None)
    last = re.escape(key.rpartition(".")[2]) if key else ""
    found = _written(rf"^\s*{last}\s*:.*\$", files) if key else None
    where = found or _inside(message, "", repo)
    return [f"{where}: {f'{key}: ' if key else ''}{first_line(cause or error)}"]


def _yaml(error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    problem = " ".join(str(part) for part in (error.context, error.problem) if part)
    if mark is None:
        return f"not valid YAML: {problem}"
    file = shown(Path(mark.name)) if Path(mark.name).exists() else mark.name
    return f"{file}:{mark.line + 1}: not valid YAML: {problem}"


def _written(pattern: str, files: Iterable[Path]) -> str | None:
    """Return file and line of the first line in which a pattern is found."""
    for file in files:
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
            if re.search(pattern, line.partition("#")[0]):
                return f"{shown(file)}:{number}"
    return None


def _not_utf8(files: Iterable[Path]) -> str:
    for file in files:
        try:
            file.read_text("utf-8")
        except UnicodeDecodeError:
            return shown(file)
    return "a configuration file"


def _inside(message: str, word: str, repo: IConfigRepository | None) -> str:
    """Return the file, and the line with ``word``, that Hydra's message speaks of."""
    match = re.search(r"In '([^']+)'", message)
    if match is None or match[1] == "config":
        return "command line" if word else "configuration"
    file = find_file(repo, match[1]) if repo is not None else None
    if file is None:
        return match[1]
    found = _written(rf"(?<![\w]){re.escape(word)}(?![\w])", [file]) if word else None
    return found or shown(file)
