"""Where the runs of a sweep go: folders named by what makes each run, so that it is found again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "runs/sweeps"
"""``hydra.sweep.dir`` of conf/config.yaml, below which sweeps get folders of their own."""

LONGEST = 120
"""Letters of a folder's name; a longer one ends in a digest of what was cut."""

APART = ("run_dir", "data.root", "plugins")
"""Keys that say where things lie, and nothing of the run."""

NAMING = ("recipe", "model", "data")
"""Groups whose choice names a sweep, where all of its runs share it."""


@dataclass(frozen=True)
class SweepFolders:
    """The folders of a sweep's runs.

    Attributes:
        folder: The sweep's own.
        told: Overrides that its name tells already, and a run's need not.
    """

    folder: str
    told: tuple[str, ...] = ()

    @classmethod
    def of(cls, base: str, choices: Sequence[Mapping[str, str | None]]) -> SweepFolders:
        """Name a sweep by the recipe, or the model and data, that all of its runs share.

        Args:
            base: ``hydra.sweep.dir``; any but the default is taken as it stands.
            choices: The chosen name of each config group, for each run.
        """
        if base != DEFAULT:
            return cls(base)
        shared = {
            group: str(choices[0][group])
            for group in NAMING
            if choices and len({c.get(group) for c in choices}) == 1 and choices[0].get(group)
        }
        if recipe := shared.get("recipe"):
            shared = {"recipe": recipe}
        name = "-".join(safe(name) for name in shared.values()) or "mixed"
        return cls(f"{base}/{name}", tuple(f"{k}={v}" for k, v in shared.items()))

    def run(self, overrides: Iterable[str]) -> str:
        """Return the folder of a run, whatever the order of its overrides."""
        return str(Path(self.folder, run_name(overrides, self.told)))


def run_name(overrides: Iterable[str], told: Iterable[str] = ()) -> str:
    """Return a run's name: its overrides, sorted by key, as a folder can be called.

    Example:
        >>> run_name(["seed=1", "model=gru", "hydra.verbose=true"])
        'model=gru,seed=1'
    """
    words = {
        word
        for word in overrides
        if word not in told and not word.startswith("hydra.") and _key(word) not in APART
    }
    return safe(",".join(sorted(words))) or "run"


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")


def safe(text: str) -> str:
    """Return a text as a folder's name: no strange signs, not too long, and distinct.

    Slashes become dashes; where anything else is lost, a digest of the text is put behind.
    """
    plain = re.sub(r"[^\w.=,+~-]+", "-", text.replace("/", "-"), flags=re.ASCII).strip(".")
    if plain == text.replace("/", "-") and len(plain) <= LONGEST:
        return plain
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{plain[: LONGEST - 9].rstrip('-,')}-{digest}"
