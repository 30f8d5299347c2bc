"""A verb's options from the command line, checked against its function's signature."""

from __future__ import annotations

from typing import Any

from toolkit.cli.arguments import Arguments
from toolkit.cli.verbs import VERBS, options_schema
from toolkit.config.schema import Option, Schema
from toolkit.errors import Refused


def options(arguments: Arguments) -> dict[str, Any]:
    """Return the keyword arguments of a verb's function.

    Args:
        arguments: The command line.

    Raises:
        Refused: With every fault: an unknown option, a wrong type, a word too many.
    """
    verb = arguments.verb
    schema = options_schema(verb)
    values: dict[str, Any] = {}
    faults = []
    places = VERBS.row(verb).words
    for place, word in enumerate(arguments.words):
        if places and places[-1].endswith("*") and place >= len(places) - 1:
            values.setdefault(places[-1][:-1], []).append(word)
        elif place < len(places):
            values[places[place]] = word
        else:
            faults.append(f"command line: '{word}': expected key=value{_examples(schema)}")
    changes = []
    for override in arguments.overrides:
        key, _, text = override.partition("=")
        if VERBS.row(verb).overrides and key not in schema.options:
            changes.append(override)
            continue
        if key.startswith(("+", "~")):
            faults.append(f"command line: '{override}': {verb} takes key=value{_examples(schema)}")
            continue
        try:
            values[key] = _value(schema.options.get(key), override, text)
        except Refused as fault:
            faults += fault.faults
    for flag, given in arguments.flags.items():
        name = flag.removeprefix("--").replace("-", "_")
        if given is not None and name in schema.options:
            values[name] = given
            continue
        faults.append(f"command line: {flag}: {verb} takes no such flag (see {verb} --help)")
    checked, found = schema.check(values, verb)
    told = [f"command line: {fault.path[0]}: {fault.text}" for fault in found]
    if faults or told:
        raise Refused(*faults, *told)
    return {**checked, "overrides": changes} if VERBS.row(verb).overrides else checked


def _value(option: Option | None, override: str, text: str) -> Any:
    """Return a value: text as it stands for options that are text, else as Hydra reads it."""
    if option is not None and option.kind in (str, str | None):
        if text == "null" and option.kind is not str:
            return None
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        return text[1:-1] if quoted else text
    from toolkit.config.overrides import parse

    overrides, faults = parse([override])
    if faults:
        raise Refused(*faults)
    return overrides[0].value()


def _examples(schema: Schema) -> str:
    return f", with one of: {', '.join(schema.options)}" if schema.options else ""
