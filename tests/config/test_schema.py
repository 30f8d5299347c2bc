"""Signatures as schemas, and types in words."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from toolkit.blocks import BLOCKS
from toolkit.config import files
from toolkit.config.docs import option_texts
from toolkit.config.groups import GROUPS
from toolkit.config.json_schema import json_schema
from toolkit.config.schema import schema_of
from toolkit.config.wording import expected, short
from toolkit.types import Fraction, PositiveInt


def example(
    x: Any,
    *,
    size: PositiveInt,
    rate: Fraction = 0.1,
    mode: Literal["a", "b"] = "a",
    pair: tuple[int, int] | None = None,
    weights: dict[str, float] | None = None,
    text: str = "",
) -> None:
    """Do a thing.

    It does it well,
    in two lines.

    Args:
        x: No option.
        size: How many,
            said in two lines.
        rate: ``None`` of it.
        mode: Which.
        pair: Two.
        weights: By name.
        text: Words.

    Returns:
        size: nothing.
    """


def check(**values: Any) -> tuple[dict[str, Any], list[str]]:
    settings, faults = schema_of(example).check(values, "thing")
    return settings, [f"{fault.path[0]}: {fault.text}" for fault in faults]


def test_values_come_back_in_their_types_with_defaults():
    assert check(size=3, rate=0, pair=[1, 2], weights={"0": 1}) == (
        {"size": 3, "rate": 0.0, "mode": "a", "pair": (1, 2), "weights": {"0": 1.0}, "text": ""},
        [],
    )


def test_all_faults_at_once():
    assert check(rate=1.0, mode="c", pair=[1], weights={"a": "b"}, sise=3)[1] == [
        "size: must be given: a whole number from 1",
        "rate: expected a number from 0, below 1; got 1.0",
        "mode: expected a or b; got 'c'",
        "pair: expected a list of two: a whole number, a whole number, or null; got [1]",
        "weights: expected a mapping to a number or null; got 'b' (in {'a': 'b'})",
        "sise: unknown option of thing. Did you mean size?",
    ]


def test_types_are_strict():
    assert check(size="400")[1] == ["size: expected a whole number from 1; got '400'"]
    assert check(size=True)[1] == ["size: expected a whole number from 1; got true"]
    assert check(size=1.0)[1] == ["size: expected a whole number from 1; got 1.0"]
    assert check(size=1, mode=None)[1] == ["mode: expected a or b; got null"]


def test_what_is_not_given_or_empty():
    assert check(size="???")[1] == [
        "size: must be given: a whole number from 1 (How many, said in two lines)"
    ]
    assert check(size="")[1] == ["size: expected a whole number from 1; it is empty"]
    assert check(size=1, text="")[1] == []


@pytest.mark.parametrize(
    ("kind", "words", "sign"),
    [
        (int, "a whole number", "int"),
        (float | None, "a number or null", "float|null"),
        (Fraction, "a number from 0, below 1", "float >=0 <1"),
        (list[str], "a list, each text", "[text, …]"),
        (tuple[int, ...], "a list, each a whole number", "[int]"),
        (tuple[PositiveInt, PositiveInt, PositiveInt], "a list of 3, each a whole number from 1",
         "[int >=1, int >=1, int >=1]"),
        (Literal["a", 1, None], "a, 1 or null", "a|1|null"),
        (Annotated[list[float], Field(min_length=2)], "a list of at least 2, each a number",
         "[float, …]"),
        (dict[str, Any], "a mapping", "{…}"),
        (bool | Literal["auto"], "true or false or auto", "bool|auto"),
    ],
)  # fmt: skip
def test_types_in_words(kind, words, sign):
    assert expected(kind) == words
    assert short(kind) == sign


def test_texts_of_options_come_from_the_docstring():
    assert option_texts(example) == {
        "x": "No option.",
        "size": "How many, said in two lines.",
        "rate": "null of it.",
        "mode": "Which.",
        "pair": "Two.",
        "weights": "By name.",
        "text": "Words.",
    }


@pytest.mark.parametrize("name", list(BLOCKS))
def test_every_option_of_a_block_has_a_text(name):
    for option in schema_of(BLOCKS[name]).options.values():
        assert option.text, option.name


def test_the_json_schema_knows_groups_names_and_options():
    schema = json_schema()
    json.dumps(schema)
    found = schema["properties"]
    assert found["seed"]["default"] == 0
    assert found["trainer"]["properties"]["epochs"]["description"].startswith("Times the training")
    rows = {choice["title"]: choice for choice in found["data"]["anyOf"]}
    assert rows["ptb"]["properties"]["name"] == {"const": "ptb"}
    assert rows["ptb"]["properties"]["batch_size"]["anyOf"][0] == {"minimum": 1, "type": "integer"}
    gru = next(choice for choice in found["model"]["anyOf"] if choice["title"] == "gru")
    assert gru["properties"]["units"] == {"description": "width of each layer"}
    assert gru["properties"]["body"]["items"] == {"$ref": "#/definitions/block"}
    assert set(schema["definitions"]["block"]["anyOf"][0]["properties"]) == set(BLOCKS)
    assert json_schema("optimizer")["title"] == "conf/optimizer"


def test_every_file_is_right_by_the_json_schema():
    validator = pytest.importorskip("jsonschema").Draft7Validator
    whole = validator(json_schema())
    validator.check_schema(whole.schema)
    for name in files.names("recipe"):
        assert [
            e.message for e in whole.iter_errors(files.values(files.path("recipe", name)))
        ] == []
    for group in ("model", *GROUPS):
        schema = validator(json_schema(group))
        for name in files.names(group):
            found = schema.iter_errors(files.values(files.path(group, name)))
            assert [error.message for error in found] == []
    assert list(whole.iter_errors({"trainer": {"epochz": 3}}))
    assert list(whole.iter_errors({"data": {"name": "ptb", "batch_size": 0}}))
    assert list(whole.iter_errors({"model": {"body": [{"dense": {"unit": 3}}]}}))
