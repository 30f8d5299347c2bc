"""Types and values in words: what an option expects, and what it was given."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    type(None): "null",
    dict: "a mapping",
    list: "a list",
    tuple: "a list",
}
_BOUNDS = {"ge": "from", "gt": "above", "le": "up to", "lt": "below"}


def expected(kind: Any) -> str:
    """Return what values a type has, in words.

    Args:
        kind: A type as signatures have it: ``Annotated[int, Field(ge=1)]``, ``Literal["a", "b"]``,
            ``float | None``, ``list[str]``.

    Example:
        >>> expected(Annotated[float, Field(ge=0, lt=1)] | None)  # doctest: +SKIP
        'a number from 0, below 1, or null'
    """
    return either(_alternatives(kind))


def either(words: Iterable[str]) -> str:
    """Return ``a, b or c``."""
    words = list(dict.fromkeys(words))
    if len(words) < 2:
        return "".join(words)
    comma = "," if any("," in word for word in words[-2:]) else ""
    return f"{', '.join(words[:-1])}{comma} or {words[-1]}"


def _alternatives(kind: Any) -> list[str]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return [value(item) for item in arguments]
    if origin in (Union, types.UnionType):
        words = [word for argument in arguments for word in _alternatives(argument)]
        return [word for word in words if word != "null"] + ["null"] * ("null" in words)
    if origin is Annotated:
        words = _alternatives(arguments[0])
        bounds = _bounds(arguments[1:])
        if not bounds:
            return words
        first, comma, rest = words[0].partition(",")  # "a list, each …": the bound is the list's
        return [", ".join([f"{first} {bounds[0]}", *bounds[1:]]) + comma + rest]
    if origin in (list, collections.abc.Sequence):
        return [f"a list{_of(arguments)}"]
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is not Ellipsis:
            return [f"a list of two: {expected(arguments[0])}, {expected(arguments[1])}"]
        if Ellipsis in arguments or len(set(arguments)) > 1:
            return [f"a list{_of(arguments[:1])}"]
        return [f"a list of {len(arguments)}, each {expected(arguments[0])}"]
    if origin in (dict, collections.abc.Mapping):
        inner = expected(arguments[1])
        if inner.startswith("a mapping"):
            return ["a mapping of mappings"]
        return ["a mapping" if arguments[1] is Any else f"a mapping to {inner}"]
    if kind in _WORDS:
        return [_WORDS[kind]]
    return ["any value" if kind is Any else getattr(kind, "__name__", str(kind))]


def _of(arguments: tuple[Any, ...]) -> str:
    return f", each {expected(arguments[0])}" if arguments and arguments[0] is not Any else ""


def _bounds(facts: tuple[Any, ...]) -> list[str]:
    """Return the limits that pydantic's ``Field`` or annotated-types state."""
    words = []
    for fact in facts:
        for part in getattr(fact, "metadata", [fact]):
            for name, word in _BOUNDS.items():
                if (limit := getattr(part, name, None)) is not None:
                    words.append(f"{word} {limit}")
            if limit := getattr(part, "min_length", None):
                words.append(f"of at least {limit}")
            if limit := getattr(part, "max_length", None):
                words.append(f"of at most {limit}")
    return words


def value(given: Any) -> str:
    """Return a value as YAML would have it, cut where it is long."""
    if given is None or isinstance(given, bool):
        return {None: "null", True: "true", False: "false"}[given]
    text = repr(given) if not isinstance(given, str) or _needs_quotes(given) else given
    return text if len(text) <= 80 else f"{text[:77]}..."


def _needs_quotes(text: str) -> bool:
    return text in ("", "null", "true", "false") or text != text.strip() or _is_number(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def given(given: Any) -> str:
    """Return what was given, for ``got …``: quotes around text, so that '400' is not 400."""
    if isinstance(given, str):
        return f"'{given}'" if given else "nothing"
    return value(given)


def short(kind: Any) -> str:
    """Return a type for a table's column: ``int >= 1``, ``gru|lstm``, ``float|null``."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "|".join(value(item) for item in arguments)
    if origin in (Union, types.UnionType):
        parts = [short(argument) for argument in arguments]
        return "|".join([part for part in parts if part != "null"] + ["null"] * ("null" in parts))
    if origin is Annotated:
        signs = {"from": ">=", "above": ">", "up to": "<=", "below": "<"}
        bounds = [
            f"{signs[word]}{limit}"
            for word, _, limit in (bound.rpartition(" ") for bound in _bounds(arguments[1:]))
            if word in signs
        ]
        return " ".join([short(arguments[0]), *bounds])
    if origin in (list, tuple, collections.abc.Sequence):
        inner = [argument for argument in arguments if argument is not Ellipsis]
        return f"[{', '.join(map(short, inner))}{', …' if origin is not tuple else ''}]"
    if origin in (dict, collections.abc.Mapping):
        return "{…}"
    names = {type(None): "null", str: "text", typing.Any: "any", dict: "{…}", list: "[…]"}
    return str(names.get(kind) or getattr(kind, "__name__", kind))
