"""What is wrong with a model's presets, told before TensorFlow is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.errors import Refused
from toolkit.presets.architecture import architecture, backbones, is_settled
from toolkit.presets.hugging_face import files_of
from toolkit.presets.places import Place, locate


def faults(model: Mapping[str, Any]) -> list[str]:
    """Return what keeps a model's blocks ``backbone`` from being built and given weights.

    Those of a run are written out, and need their preset no more.

    Args:
        model: Its description, all references resolved.
    """
    told: list[str] = []
    for options in backbones(model):
        try:
            if not is_settled(options):
                architecture({"family": "bert", **options})
                if options.get("preset") is not None:
                    _check_weights(locate(options["preset"]))
        except Refused as refusal:
            told += refusal.faults
    return told


def _check_weights(place: Place) -> None:
    """Refuse a folder that holds no weights."""
    if place.folder is None:
        return
    if place.form == "hugging_face":
        files_of(place)
    elif place.form == "run" and not (place.folder / "model.keras").is_file():
        raise Refused(
            f"model.preset: {place.name} has no model.keras yet: no epoch of it was finished."
        )
    elif place.form == "keras_hub" and not any(place.folder.glob("model*.weights.h5")):
        raise Refused(f"model.preset: {place.name} has no model.weights.h5.")
