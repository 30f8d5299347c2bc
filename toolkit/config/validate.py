"""The one check of a configuration: every fault of its keys, types, ranges, names and pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from toolkit.config import pairs
from toolkit.config.compose import Composed
from toolkit.config.groups import GROUPS
from toolkit.config.model import check_model, unread
from toolkit.config.origins import Origins, Path_, dotted
from toolkit.config.resolve import resolve, written_at
from toolkit.config.schema import MISSING, Fault, schema_of
from toolkit.config.values import check_group, further_networks, parts_of_a_batch
from toolkit.errors import Refused, did_you_mean
from toolkit.types import Seed


def run(
    *,
    seed: Seed = 0,
    run_dir: str | None = None,
    plugins: list[str] = [],  # noqa: B006 (a schema; never called)
    expect: dict[str, Any] | None = None,
    first: dict[str, Any] | None = None,
) -> None:
    """Hold the keys that are in no group.

    Args:
        seed: Of weights, shuffling, dropout, augmentation and carved validation parts.
        run_dir: Folder of the run; None: ``runs/<model>-<data>/<time>``.
        plugins: Modules to import first, whose parts then have names like the toolkit's own.
        expect: What a recipe's test holds it to.
        first: What is trained before, ``recipe`` in ``run_dir``, unless it is done; the run can
            then begin from it (``model.preset=${first.run_dir}``). ``overrides`` are its own:
            ``["trainer.threads=1"]``.
    """


def check(composed: Composed) -> dict[str, Any]:
    """Return plain settings: a mapping for each group, ``model`` too, and the keys of :func:`run`.

    Raises:
        Refused: With all faults, each with its key and where it was written.
    """
    values, unresolved = _resolve(composed.config)
    raw = OmegaConf.to_container(composed.config, resolve=False)
    faults = [Fault(path, text) for path, text in unresolved.items()]
    faults += [
        Fault(path, "classes are not named in a configuration; use the names of `list`")
        for path in _targets(values)
    ]
    groups = {name: values.pop(name, None) for name in ("model", *GROUPS)}
    settings, found = schema_of(run).check(values)
    settings.pop("first", None)  # no part of the run itself
    faults += [_root(fault) if fault.unknown else fault for fault in found]
    for name, group in groups.items():
        if name == "model":
            settings[name], found = check_model(group, composed.origins)
            if not found and not unresolved and composed.choices:  # a run's is resolved
                found = unread(settings[name], composed.origins)
        else:
            settings[name], found = _group(name, group, composed)
        faults += [Fault((name, *fault.path), fault.text, fault.unknown) for fault in found]
    faults += parts_of_a_batch(settings["optimizer"], settings["data"])
    if not faults:
        faults += further_networks(settings)
    told = _tell(faults, unresolved, raw, composed.origins)
    if not any(fault.path[0] in ("data", "task", "model") for fault in faults):
        told += pairs.check(settings["data"], settings["task"], settings["model"])
        told += [f for f in pairs.parts(settings["optimizer"], settings["task"]) if f not in told]
    if composed.faults or told:
        raise Refused(*composed.faults, *told)
    return settings


def _resolve(config: DictConfig) -> tuple[dict[str, Any], dict[Path_, str]]:
    """Resolve a configuration, with Hydra's own values (``${hydra:job.num}``) at hand."""
    hydra = HydraConfig.instance()
    before = hydra.cfg
    if before is None:  # no job of Hydra's has begun
        hydra.cfg = config
    try:
        return resolve(config)
    finally:
        hydra.cfg = before


def _group(name: str, values: Any, composed: Composed) -> tuple[dict[str, Any], list[Fault]]:
    """Return the checked values of a group, its ``name`` first, and its faults."""
    table = GROUPS[name].table
    if composed.choices.get(name) is None and values is None and table is not None:
        data = composed.choices.get("data")
        what = f", and data/{data} names none; say task=NAME" if name == "task" else ""
        return {}, [Fault((), f"none is chosen{what}. There is: {', '.join(sorted(table))}.")]
    return check_group(name, values)


def _root(fault: Fault) -> Fault:
    name = str(fault.path[0])
    known = [*schema_of(run).options, *GROUPS, "model"]
    return Fault(fault.path, f"unknown.{did_you_mean(name, known)}", unknown=True)


def _targets(values: Any, path: Path_ = ()) -> Iterable[Path_]:
    items = (
        values.items()
        if isinstance(values, dict)
        else enumerate(values)
        if isinstance(values, list)
        else ()
    )
    for key, inner in items:
        if key == "_target_":
            yield (*path, key)
        yield from _targets(inner, (*path, key))


def _tell(
    faults: list[Fault], unresolved: dict[Path_, str], raw: Any, origins: Origins
) -> list[str]:
    """Return faults as sentences, each once, where its value was written.

    A value that cannot be resolved has no other faults, nor have those that refer to it.
    """
    told: dict[str, None] = {}
    for fault in faults:
        path = written_at(raw, fault.path)
        known = path == fault.path and unresolved.get(path) == fault.text
        if not known and any(p[:n] in unresolved for p in (path, fault.path) for n in _lengths(p)):
            continue
        place = None if _value(raw, path) == MISSING else origins.of(path)
        told[f"{f'{place}: ' if place else ''}{dotted(path)}: {fault.text}"] = None
    return list(told)


def _value(raw: Any, path: Path_) -> Any:
    for key in path:
        try:
            raw = raw[key]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _lengths(path: Path_) -> range:
    return range(1, len(path) + 1)
