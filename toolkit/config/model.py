"""What a model file may hold: knobs of its own, and blocks and stems with options of theirs."""

from __future__ import annotations

import re
from typing import Any

from toolkit.blocks import BLOCKS
from toolkit.config.named import check_named
from toolkit.config.origins import Origins
from toolkit.config.schema import MISSING, Fault, schema_of
from toolkit.errors import did_you_mean
from toolkit.models.rules import NETWORKS, form_of
from toolkit.models.stems import STEMS
from toolkit.presets.check import faults as preset_faults


def beginning(*, init_from: str | None = None, freeze: list[str] = []) -> None:  # noqa: B006
    """Hold the keys that every model file may have, whatever its blocks (never called).

    Args:
        init_from: A run's folder, of whatever model, or a ``.keras`` file: layers that fit begin
            with its weights.
        freeze: Layers whose weights stay as they begin: ``stem``, ``body``, ``body[0]``,
            ``body[0:2]``, ``encoder``, ``decoder``, ``generator``, ``head``, names of blocks, or
            names of layers with ``*``.
    """


PARTS = ("name", "stem", *NETWORKS, "init_from", "freeze")
"""Keys of a model file that are no knobs."""


def check_model(values: Any, origins: Origins) -> tuple[dict[str, Any], list[Fault]]:
    """Return a model's checked description, and its faults.

    A knob is known if a model file has it: recipes and command lines set knobs, and make up none.

    Args:
        values: The group ``model``, resolved.
        origins: Where its keys were written.
    """
    if not isinstance(values, dict):
        return {}, [Fault((), "expected a mapping of keys, with `name` and `body` among them")]
    faults = []
    knobs = {
        path[1] for path, place in origins.under(("model",)) if place.group.startswith("model/")
    }
    for path, _ in origins.under(("model",)):
        if path[1] not in (*knobs, *schema_of(beginning).options) and path[1] in values:
            hint = did_you_mean(str(path[1]), map(str, knobs - set(PARTS)))
            faults.append(Fault(path[1:], f"{values.get('name')} has no such knob.{hint}", True))
    if values.get("name") in (None, "", MISSING):
        faults.append(Fault(("name",), "must be given: text"))
    given = {key: value for key, value in values.items() if value not in (None, "", MISSING)}
    if form_of(given) is None:
        few = "must be given: a list of blocks"
        faults.append(Fault(("body",), f"{few} (or in its place both encoder and decoder)"))
    begins = {key: values[key] for key in schema_of(beginning).options if key in values}
    begins, found = schema_of(beginning).check(begins)
    faults += found
    checked = {**values, **begins}
    checked["stem"], found = _stem(values.get("stem"))
    faults += [Fault(("stem", *fault.path), fault.text, fault.unknown) for fault in found]
    for network in NETWORKS:
        if network in values:
            checked[network], found = _blocks(values[network])
            faults += [Fault((network, *fault.path), fault.text, fault.unknown) for fault in found]
    return checked, faults or _of_presets(checked)


def _of_presets(checked: dict[str, Any]) -> list[Fault]:
    """Return the faults of encoders that come from a preset, at the knobs that they name."""
    network = (form_of(checked) or ("body",))[0]
    found = []
    for text in preset_faults(checked):
        key, _, rest = text.partition(": ")
        knob = key.removeprefix("model.")
        named = knob != key and knob in checked
        found.append(Fault((knob,), rest) if named else Fault((network,), text))
    return found


def unread(values: dict[str, Any], origins: Origins) -> list[Fault]:
    """Return a fault for each knob that no file refers to: it is misspelt, or of no use.

    Args:
        values: The group ``model``.
        origins: Where its keys were written.
    """
    knobs = [str(key) for key in values if key not in PARTS]
    lost = [k for k in knobs if not re.search(rf"\$\{{[^}}]*model\.{k}\b", origins.text)]
    return [
        Fault((k,), f"nothing reads this knob.{did_you_mean(k, set(knobs) - {k})}", True)
        for k in lost
    ]


def _stem(values: Any) -> tuple[dict[str, Any], list[Fault]]:
    if values is None:
        return {}, []
    if not isinstance(values, dict):
        return {}, [Fault((), f"expected a mapping of kinds of input to options; got {values!r}")]
    return check_named(STEMS, "stem", values)


def _blocks(values: Any) -> tuple[list[Any], list[Fault]]:
    if values in (None, "", MISSING):
        return [], []
    if not isinstance(values, list):
        return [], [Fault((), f"expected a list of blocks; got {values!r}")]
    checked, faults = [], []
    for place, entry in enumerate(values):
        entry = {entry: None} if isinstance(entry, str) else entry
        if not isinstance(entry, dict) or len(entry) != 1:
            example = "one block and its options, such as `- dense: {units: 128}`"
            faults.append(Fault((place,), f"expected {example}; got {entry!r}"))
            continue
        block, found = check_named(BLOCKS, "block", entry)
        checked.append(block)
        faults += [Fault((place, *fault.path), fault.text, fault.unknown) for fault in found]
    return checked, faults
