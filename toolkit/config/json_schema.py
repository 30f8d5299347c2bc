"""The configuration as a JSON schema, from which editors complete and check YAML files."""

from __future__ import annotations

from typing import Any

from toolkit.blocks import BLOCKS
from toolkit.config import docs, files
from toolkit.config.groups import GROUPS
from toolkit.config.schema import Schema, schema_of
from toolkit.config.validate import run
from toolkit.data.augment import AUGMENTATIONS
from toolkit.models.stems import STEMS
from toolkit.registry import Table

Json = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
"""What editors know best."""

REFERENCE: Json = {"type": "string", "pattern": r"\$\{", "description": "a reference: ${key}"}

DEFAULTS: Json = {"type": "array", "description": "Hydra's defaults list: choices of groups."}


def json_schema(group: str = "") -> Json:
    """Return the schema of a whole configuration and of recipes, or of a group's files.

    Args:
        group: ``model``, ``data``, … ; empty for the whole.
    """
    if group:
        return {"$schema": DIALECT, "title": f"conf/{group}", **_group(group)}
    properties = _properties(schema_of(run))
    properties |= {name: _group(name) for name in ("model", *GROUPS)}
    properties |= {"defaults": DEFAULTS, "hydra": {"type": "object"}}
    return {"$schema": DIALECT, "title": "toolkit", **_object(properties)}


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
            properties["augment"] = _either(_named(AUGMENTATIONS), {"type": "null"})
        text = docs.summary(group.table[row])
        choices.append({"title": row, "description": text, **_object(_with_defaults(properties))})
    return {"anyOf": choices}


def _models() -> Json:
    blocks = _either(_named(BLOCKS) | {"minProperties": 1, "maxProperties": 1}, {"enum": [*BLOCKS]})
    parts: Json = {
        "name": {"type": "string"},
        "stem": _named(STEMS),
        "body": {"type": "array", "items": blocks, "description": "Blocks, one after another."},
    }
    choices = []
    for name in files.names("model"):
        knobs = {
            key.name: {"description": key.comment} if key.comment else {}
            for key in files.keys(files.path("model", name))
        }
        text = files.headline(files.path("model", name))
        choices.append(
            {"title": name, "description": text, **_object(_with_defaults({**knobs, **parts}))}
        )
    own = {"title": "own", "type": "object", "required": ["body"], "properties": parts}
    return {"anyOf": [*choices, own]}


def _named(table: Table[Any]) -> Json:
    """Return the schema of a mapping from a table's names to options."""
    properties = {
        name: {"description": docs.summary(table[name])}
        | _either(_object(_properties(schema_of(table[name]))), {"type": "null"})
        for name in table
    }
    return _object(properties)


def _properties(schema: Schema) -> Json:
    found = schema.model.model_json_schema()["properties"]
    properties = {}
    for name, facts in found.items():
        outside = {key: facts.pop(key) for key in ("description", "default") if key in facts}
        facts.pop("title", None)
        properties[name] = {**outside, **(_either(facts, REFERENCE) if facts else {})}
    return properties


def _either(*choices: Json) -> Json:
    return {"anyOf": [part for choice in choices for part in choice.get("anyOf", [choice])]}


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _with_defaults(properties: Json) -> Json:
    return {**properties, "defaults": DEFAULTS}
