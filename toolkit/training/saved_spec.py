"""What a run keeps of its data set: enough to score, predict and generate without it."""

from __future__ import annotations

import dataclasses
import importlib
import json
from typing import Any

from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.training.run_folder import RunFolder

ENCODERS = {
    "WritingEncoder": "toolkit.data.writing_encoder",
    "TextEncoder": "toolkit.data.text_encoder",
    "SubwordEncoder": "toolkit.data.subwords",
    "TuneEncoder": "toolkit.data.tune_encoder",
    "ImageEncoder": "toolkit.data.image_encoder",
    "TableEncoder": "toolkit.data.table_encoder",
    "SeriesEncoder": "toolkit.data.series_encoder",
    "QuestionEncoder": "toolkit.data.question_encoder",
    "TagEncoder": "toolkit.data.tag_encoder",
}
"""Where the encoders that a run can hold are found."""


def write_spec(folder: RunFolder, spec: Spec, encoder: Any) -> None:
    """Write ``spec.json``."""
    folder.write_json(folder.spec, _content(spec, encoder))


def check_same(folder: RunFolder, spec: Spec, encoder: Any) -> None:
    """Refuse data with another vocabulary, other classes or shapes than the run began with.

    Raises:
        Refused: With what differs.
    """
    now = json.loads(json.dumps(_content(spec, encoder)))
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


def _content(spec: Spec, encoder: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        part: {name: _field_json(field) for name, field in getattr(spec, part).items()}
        for part in ("inputs", "targets")
    }
    if encoder is not None:
        content["encoder"] = {"name": type(encoder).__name__, **encoder.to_json()}
    return content


def read_spec(folder: RunFolder) -> tuple[Spec, Any]:
    """Return the spec and the encoder (None where the data set has none).

    Raises:
        Refused: If the file is missing or damaged.
    """
    try:
        content = json.loads(folder.spec.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"run: {folder.spec} cannot be read ({error}).") from None
    inputs, targets = (
        {name: _field(saved) for name, saved in content[part].items()}
        for part in ("inputs", "targets")
    )
    saved = content.get("encoder")
    if saved is None:
        return Spec(inputs, targets), None
    name = saved.pop("name")
    encoder = getattr(importlib.import_module(ENCODERS[name]), name)
    return Spec(inputs, targets), encoder.from_json(saved)


def gives_pictures(folder: RunFolder) -> bool:
    """Return whether what a run has learned to give is pictures; told without TensorFlow."""
    try:
        targets = json.loads(folder.spec.read_text("utf-8"))["targets"].values()
    except (OSError, ValueError, KeyError):
        return False  # told by read_spec
    return bool(targets) and all(field["kind"] in ("image", "picture") for field in targets)


def _field_json(field: Field) -> dict[str, Any]:
    values = dataclasses.asdict(field)
    return {key: value for key, value in values.items() if value not in (None, False)}


def _field(saved: dict[str, Any]) -> Field:
    return Field(**{key: _tuples(value) for key, value in saved.items()})


def _tuples(value: Any) -> Any:
    """Return lists as tuples, those within lists too."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
