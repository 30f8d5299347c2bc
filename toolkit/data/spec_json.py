"""A data set's spec and encoder as JSON, and back."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any

from toolkit.data.spec import Field, Spec

ENCODERS = {
    "WritingEncoder": "toolkit.data.translated.writing_encoder",
    "TextEncoder": "toolkit.data.labelled.text_encoder",
    "SubwordEncoder": "toolkit.data.subwords",
    "TuneEncoder": "toolkit.data.music.tune_encoder",
    "ImageEncoder": "toolkit.data.images.image_encoder",
    "TableEncoder": "toolkit.data.tables.table_encoder",
    "SeriesEncoder": "toolkit.data.series.series_encoder",
    "QuestionEncoder": "toolkit.data.questions.question_encoder",
    "TagEncoder": "toolkit.data.tagged.tag_encoder",
}
"""Where the encoders that can be kept are found."""


def to_json(spec: Spec, encoder: Any) -> dict[str, Any]:
    """Return what :func:`from_json` needs; ``encoder`` may be None."""
    content: dict[str, Any] = {
        part: {name: _field_json(field) for name, field in getattr(spec, part).items()}
        for part in ("inputs", "targets")
    }
    if encoder is not None:
        content["encoder"] = {"name": type(encoder).__name__, **encoder.to_json()}
    return content


def from_json(content: Mapping[str, Any]) -> tuple[Spec, Any]:
    """Return the spec and the encoder (None where there is none)."""
    inputs, targets = (
        {name: _field(saved) for name, saved in content[part].items()}
        for part in ("inputs", "targets")
    )
    if content.get("encoder") is None:
        return Spec(inputs, targets), None
    saved = dict(content["encoder"])
    name = saved.pop("name")
    encoder = getattr(importlib.import_module(ENCODERS[name]), name)
    return Spec(inputs, targets), encoder.from_json(saved)


def _field_json(field: Field) -> dict[str, Any]:
    values = dataclasses.asdict(field)
    return {key: value for key, value in values.items() if value not in (None, False)}


def _field(saved: dict[str, Any]) -> Field:
    return Field(**{key: _tuples(value) for key, value in saved.items()})


def _tuples(value: Any) -> Any:
    """Return lists as tuples, those within lists too."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
