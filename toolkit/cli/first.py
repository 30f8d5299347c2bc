"""A run that another begins from is trained first: pretraining and fine-tuning in one command."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import OmegaConf

from toolkit.cli.check import check_run, check_sweep
from toolkit.config import files
from toolkit.config.compose import Composed, compose
from toolkit.config.validate import check
from toolkit.data.files.named_files import missing_files
from toolkit.errors import Refused, Terminated, did_you_mean
from toolkit.training.run_folder import RunFolder
from toolkit.training.run_state import begin_again, progress_of

BEGINNINGS = {
    "model.preset": "null",
    "model.init_from": "null",
    "data.tokenizer": "auto",
    "task.judge": "null",
    "task.features": "VGG19",
}
"""Keys that can name the run that is trained first, and what they are while it is not there."""


@dataclass(frozen=True)
class First:
    """A block ``first:``.

    Attributes:
        recipe: What is trained.
        run_dir: Where; a run that is finished there is taken as it is, one that was begun goes on.
        overrides: Further words of its command: ``trainer.threads=1``.
    """

    recipe: str
    run_dir: str
    overrides: tuple[str, ...] = ()

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> First:
        """Read a block.

        Raises:
            Refused: With every fault.
        """
        known = ("recipe", "run_dir", "overrides")
        faults = [f"first.{k}: unknown.{did_you_mean(k, known)}" for k in block if k not in known]
        recipe, run_dir = block.get("recipe"), block.get("run_dir")
        recipes = files.names("recipe")
        if recipe not in recipes:
            faults.append(f"first.recipe: no '{recipe}'.{did_you_mean(str(recipe), recipes)}")
        if not isinstance(run_dir, str):
            faults.append(f"first.run_dir: expected the folder of a run; got {run_dir!r}")
        words = block.get("overrides") or []
        if not isinstance(words, list) or not all(isinstance(w, str) and "=" in w for w in words):
            faults.append(f"first.overrides: expected a list of key=value; got {words!r}")
        if faults:
            raise Refused(*faults)
        return cls(str(recipe), str(run_dir), tuple(words))

    @property
    def words(self) -> list[str]:
        """Its command, without the program's name."""
        return [f"recipe={self.recipe}", f"run_dir={self.run_dir}", *self.overrides]


def train_first(
    loader: ConfigLoaderImpl,
    name: str,
    overrides: tuple[str, ...],
    flags: Mapping[str, str | None],
) -> None:
    """Train what a configuration names by ``first``, unless that is done.

    All runs are checked before the first of them starts: one that is trained first may itself have
    one before it. Each has a process of its own.

    Args:
        loader: Hydra's.
        name: The primary file.
        overrides: Of the run that begins from it, or of a sweep of such.
        flags: Hydra's flags.

    Raises:
        Refused: If any of them cannot be.
        SystemExit: If the first one fails, with its exit code.
    """
    if not _may_have_one(overrides, flags):
        return
    composed = compose(loader, name, overrides)
    first = _missing(composed)
    if first is None:
        return
    folder = RunFolder(first.run_dir)
    progress = progress_of(folder)
    settings = check(_without_first(loader, name, first.words))
    faults = missing_files(settings["data"])
    if progress == "absent":
        faults = [*faults, *folder.in_the_way()]
    if faults:
        raise Refused(*faults)
    # What begins from it can only be checked without it.
    later = (*overrides, *_without(composed, first))
    if "--multirun" in flags:
        check_sweep(loader, name, later)
    else:
        check_run(loader, name, later)
    if progress == "failed":
        with folder.held():
            begin_again(folder)
    words = ["resume", f"run={first.run_dir}"] if progress == "begun" else first.words
    told = [f"{flag}={value}" for flag, value in flags.items() if flag.startswith("--config-")]
    print(f"first: python -m toolkit {shlex.join(words)}", flush=True)
    if code := _run(
        [sys.executable, "-m", "toolkit", *(told if words[0] != "resume" else []), *words]
    ):
        raise SystemExit(code)


def _may_have_one(overrides: tuple[str, ...], flags: Mapping[str, str | None]) -> bool:
    """Whether there can be a block at all; composing once more takes time that most do not need."""
    if any(flag.startswith("--config-") for flag in flags):
        return True
    words = dict(word.lstrip("+").partition("=")[::2] for word in overrides)
    if any(key.partition(".")[0] == "first" for key in words):
        return True
    recipe = words.get("recipe", "")
    return recipe in files.names("recipe") and "first" in files.values(files.path("recipe", recipe))


def _missing(composed: Composed) -> First | None:
    """Return what has to be trained before a run.

    None if there is nothing, it is finished, or the run has been told to begin from something else.
    """
    block = OmegaConf.select(composed.config, "first")
    if block is None:
        return None
    first = First.of(OmegaConf.to_container(block, resolve=True))
    if progress_of(RunFolder(first.run_dir)) == "finished" or not _without(composed, first):
        return None
    return first


def _without_first(loader: ConfigLoaderImpl, name: str, words: Iterable[str]) -> Composed:
    """Compose a run, without what it begins from where that is not there yet, but checked too."""
    composed = compose(loader, name, words)
    first = _missing(composed)
    if first is None:
        return composed
    check(_without_first(loader, name, first.words))
    return compose(loader, name, [*words, *_without(composed, first)])


def _without(composed: Composed, first: First) -> list[str]:
    """Return overrides by which nothing begins from the run that is not there yet."""
    raw = {key: OmegaConf.select(composed.config, key) for key in BEGINNINGS}
    return [f"{key}={BEGINNINGS[key]}" for key, value in raw.items() if value == first.run_dir]


def _run(command: list[str]) -> int:
    """Return the exit code of a command; what stops this process stops it too, in its own way."""
    process = subprocess.Popen(command)
    try:
        return process.wait()
    except KeyboardInterrupt:  # the terminal has told it as well
        process.wait()
        raise
    except Terminated:
        process.terminate()
        process.wait()
        raise
