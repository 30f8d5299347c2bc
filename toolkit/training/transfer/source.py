"""Where ``model.init_from`` points; told without TensorFlow."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import Refused, did_you_mean
from toolkit.training.run_folder import RunFolder


def source_file(init_from: str) -> Path:
    """Return the ``.keras`` file of a run's folder, or the file that was given.

    Args:
        init_from: A run's folder or a ``.keras`` file.

    Raises:
        Refused: If there is none.
    """
    path = Path(init_from)
    if path.is_file() and path.suffix == ".keras":
        return path
    run = RunFolder(path)
    if run.model.is_file():
        return run.model
    if run.config.is_file():
        raise Refused(
            f"model.init_from: {path} has no model.keras yet: no epoch of it was finished; let it "
            f"finish one first (resume run={run.shown})."
        )
    beside = [str(config.parent) for config in Path("runs").glob("*/*/config.yaml")]
    hint = did_you_mean(str(path), beside) if not path.exists() else ""
    raise Refused(
        f"model.init_from: expected a run's folder or a .keras file; {path} is neither.{hint}"
    )


def missing_source(model: dict[str, object]) -> list[str]:
    """Return what is wrong with ``model.init_from``, if anything is."""
    init_from = model.get("init_from")
    try:
        if init_from is not None:
            source_file(str(init_from))
    except Refused as refusal:
        return refusal.faults
    return []
