"""The configuration as a JSON schema, from which editors complete and check YAML files."""

from __future__ import annotations

from typing import Any

from toolkit.blocks import BLOCKS
from toolkit.config import docs, files
from toolkit.config.groups import GROUPS
from toolkit.config.model import beginning
from toolkit.config.schema import Schema, schema_of
from toolkit.config.validate import run
from toolkit.data.images.augment import AUGMENTATIONS
from toolkit.models.rules import FORMS, NETWORKS
from toolkit.models.stems import STEMS
from toolkit.registry import Table

Json = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
"""What editors know best."""

REFERENCE: Json = {"type": "string", "pattern": r"\$\{", "description": "A reference: ${key}."}

DEFAULTS: Json = {"type": "array", "description": "Hydra's defaults list: choices of groups."}


def json_schema(group: str = "") -> Json:
    """Return the schema of a whole configuration and of recipes, or of a group's files.

    Args:
        group: ``model``, ``data``, … ; empty for the whole.
    """
    if group:
        found = {"title": f"conf/{group}", **_group(group)}
    else:
        properties = _properties(schema_of(run))
        properties |= {name: _group(name) for name in ("model", *GROUPS)}
        properties |= {"defaults": DEFAULTS, "hydra": {"type": "object"}}
        found = {"title": "toolkit", **_object(properties)}
    shared: Json = {"reference": REFERENCE, "defaults": DEFAULTS}
    if group in ("", "model"):
        block = _named(BLOCKS) | {"minProperties": 1, "maxProperties": 1}
        shared |= {"stem": _named(STEMS), "block": _either(block, {"enum": [*BLOCKS]})}
    if group in ("", "data"):
        shared["augment"] = _either(_named(AUGMENTATIONS), {"type": "null"}, _shared("reference"))
    return {"$schema": DIALECT, **found, "definitions": shared}


def _shared(name: str) -> Json:
    """Return a reference to what is written once."""
    return {"$ref": f"#/definitions/{name}"}


def _group(name: str) -> Json:
    if name == "model":
        return _models()
    group = GROUPS[name]
    if group.table is None:
        return _object(_properties(group.schema()))
    choices = []
    for row in group.table:
        properties = {"name": {"const": row}, **_properties(group.schema(row))}
        if "augment" in properties:
            properties["augment"] = _shared("augment")
        properties["defaults"] = _shared("defaults")
        choices.append({"title": row, **_about(group.table[row]), **_object(properties)})
    return {"anyOf": choices}


def _models() -> Json:
    parts: Json = {
        "name": {"type": "string"},
        "stem": _shared("stem"),
        **{network: _blocks(network) for network in NETWORKS},
        **_properties(schema_of(beginning)),
        "defaults": _shared("defaults"),
    }
    choices = []
    for name in files.names("model"):
        file = files.path("model", name)
        knobs = {k.name: {"description": k.comment} if k.comment else {} for k in files.keys(file)}
        text = files.headline(file)
        choices.append({"title": name, "description": text, **_object({**knobs, **parts})})
    forms = [{"required": list(form)} for form in FORMS]
    own = {"title": "own", "type": "object", "anyOf": forms, "properties": parts}
    return {"anyOf": [*choices, own]}


def _blocks(network: str) -> Json:
    text = f"Blocks of the {network}, in order."
    return {"type": "array", "items": _shared("block"), "description": text}


def _named(table: Table[Any]) -> Json:
    """Return the schema of a mapping from a table's names to options."""
    options = {name: _object(_properties(schema_of(table[name]))) for name in table}
    return _object(
        {name: _about(table[name]) | _either(options[name], {"type": "null"}) for name in table}
    )


def _about(function: Any) -> Json:
    return {"description": docs.summary(function).replace("``", "")}


def _properties(schema: Schema) -> Json:
    found = _draft_7(schema.model.model_json_schema()["properties"])
    properties = {}
    for name, facts in found.items():
        outside = {key: facts.pop(key) for key in ("description", "default") if key in facts}
        facts.pop("title", None)
        properties[name] = {**outside, **(_either(facts, _shared("reference")) if facts else {})}
    return properties


def _either(*choices: Json) -> Json:
    return {"anyOf": [part for choice in choices for part in choice.get("anyOf", [choice])]}


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _draft_7(schema: Any) -> Any:
    """Return a schema with lists of fixed places as draft 7 writes them."""
    if isinstance(schema, dict):
        return {
            "items" if key == "prefixItems" else key: _draft_7(value)
            for key, value in schema.items()
        }
    return [_draft_7(item) for item in schema] if isinstance(schema, list) else schema
