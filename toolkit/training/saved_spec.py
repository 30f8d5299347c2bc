"""What a run keeps of its data set: enough to score, predict and generate without it."""

from __future__ import annotations

import json
from typing import Any

from toolkit.data.spec import Spec
from toolkit.data.spec_json import from_json, to_json
from toolkit.errors import Refused
from toolkit.training.run_folder import RunFolder


def write_spec(folder: RunFolder, spec: Spec, encoder: Any) -> None:
    """Write ``spec.json``."""
    folder.write_json(folder.spec, to_json(spec, encoder))


def check_same(folder: RunFolder, spec: Spec, encoder: Any) -> None:
    """Refuse data with another vocabulary, other classes or shapes than the run began with.

    Raises:
        Refused: With what differs.
    """
    now = json.loads(json.dumps(to_json(spec, encoder)))
    try:
        then = json.loads(folder.spec.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"run: {folder.spec} cannot be read ({error}).") from None
    if now != then:
        parts = sorted(k for k in {*now, *then} if now.get(k) != then.get(k))
        raise Refused(
            f"run: the data is no longer what {folder.path} began with: its {', '.join(parts)} "
            f"differ from {folder.spec.name}; train it anew."
        )


def read_spec(folder: RunFolder) -> tuple[Spec, Any]:
    """Return the spec and the encoder (None where the data set has none).

    Raises:
        Refused: If the file is missing or damaged.
    """
    try:
        content = json.loads(folder.spec.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"run: {folder.spec} cannot be read ({error}).") from None
    return from_json(content)


def gives_pictures(folder: RunFolder) -> bool:
    """Return whether what a run has learned to give is pictures; told without TensorFlow."""
    try:
        targets = json.loads(folder.spec.read_text("utf-8"))["targets"].values()
    except (OSError, ValueError, KeyError):
        return False  # told by read_spec
    return bool(targets) and all(field["kind"] in ("image", "picture") for field in targets)
