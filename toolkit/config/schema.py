"""A signature as a schema: option names, types, ranges and defaults, without TensorFlow.

Values are checked strictly (``"400"`` is no number, ``true`` is not 1) and all at once.
"""

from __future__ import annotations

import functools
import inspect
import json
import keyword
import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from toolkit.config import wording
from toolkit.config.docs import option_texts
from toolkit.errors import did_you_mean

MISSING = "???"
"""How YAML files mark what a user has to give."""

REQUIRED = inspect.Parameter.empty
"""Default of an option that has none."""


@dataclass(frozen=True)
class Option:
    """One option of a function.

    Attributes:
        name: Its keyword.
        kind: Its type, ``Annotated`` with its range.
        default: Its default; ``REQUIRED`` where it has none.
        text: What the docstring says of it.
    """

    name: str
    kind: Any
    default: Any
    text: str


@dataclass(frozen=True)
class Fault:
    """What is wrong with a value.

    Attributes:
        path: Keys and indices from the checked mapping down to the value.
        text: What was expected and what was given; or what is unknown, and the nearest name.
        unknown: Whether the key itself is not known.
    """

    path: tuple[str | int, ...]
    text: str
    unknown: bool = field(default=False, compare=False)


def _wanted(option: Option) -> str:
    text = f" ({option.text.rstrip('.')})" if option.text else ""
    return wording.expected(option.kind) + text


class Schema:
    """The options of one or more functions, as one flat mapping.

    Args:
        functions: Their keyword-only parameters are the options; of options with the same name the
            first function's counts.
        without: Options that are not the user's to give.
    """

    def __init__(self, *functions: Callable[..., Any], without: Iterable[str] = ()):
        self.options: dict[str, Option] = {}
        for function in functions:
            for name, option in options_of(function).items():
                if name not in without:
                    self.options.setdefault(name, option)

    @functools.cached_property
    def model(self) -> type[BaseModel]:
        """The schema as a pydantic model, whose fields have the options' names as aliases."""
        fields: dict[str, Any] = {}
        for option in self.options.values():
            default = ... if option.default is REQUIRED else option.default
            facts = Field(default, alias=option.name, description=option.text or None)
            fields[f"option_{option.name}"] = (option.kind, facts)
        config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
        return create_model("Options", __config__=config, **fields)

    def check(
        self, values: Mapping[str, Any], what: str = ""
    ) -> tuple[dict[str, Any], list[Fault]]:
        """Return the values in their types, defaults filled in, and every fault found.

        Args:
            values: Plain values, as YAML gives them.
            what: Whose options these are, for messages: ``"block 'dense'"``.
        """
        faults = [
            Fault((name,), f"must be given: {_wanted(self.options[name])}")
            for name, value in values.items()
            if value == MISSING and name in self.options
        ]
        missing = {fault.path[0] for fault in faults}
        faults += [
            Fault((name,), f"expected {wording.expected(self.options[name].kind)}; it is empty")
            for name, value in values.items()
            if value == "" and name in self.options and self.options[name].default != ""
        ]
        empty = {fault.path[0] for fault in faults}
        try:
            checked = self.model.model_validate_json(json.dumps(values, default=repr))
        except ValidationError as error:
            told: set[Any] = set()
            for found in error.errors():
                fault = self._fault(found, values, what)
                if fault.path not in told and fault.path[0] not in empty:
                    told.add(fault.path)
                    faults.append(fault)
            return {}, faults
        if missing or empty:
            return {}, faults
        return {name: getattr(checked, f"option_{name}") for name in self.options}, []

    def _fault(self, found: Any, values: Mapping[str, Any], what: str) -> Fault:
        name = str(found["loc"][0])
        if found["type"] == "extra_forbidden" and name not in self.options:
            text = (
                f"unknown{f' option of {what}' if what else ''}.{did_you_mean(name, self.options)}"
            )
            return Fault((name,), text, unknown=True)
        option = self.options[name]
        if found["type"] == "missing" and len(found["loc"]) == 1:
            return Fault((name,), f"must be given: {wording.expected(option.kind)}")
        # Between keys and indices stand names of union branches, which are no part of the path.
        path: list[str | int] = [name]
        inner = values[name]
        for step in found["loc"][1:]:
            if (isinstance(inner, Mapping) and step in inner) or (
                isinstance(inner, list) and isinstance(step, int) and step < len(inner)
            ):
                inner = inner[step]
                path.append(step)
        if found["type"] == "value_error":
            return Fault(tuple(path), str(found["ctx"]["error"]))
        where = "" if inner is values[name] else f" (in {wording.given(values[name])})"
        text = f"expected {wording.expected(option.kind)}; got {wording.given(inner)}{where}"
        return Fault((name,), text)


@functools.cache
def options_of(function: Callable[..., Any]) -> dict[str, Option]:
    """Return a function's keyword-only parameters.

    Only their annotations are evaluated: those of tensors would import Keras.
    A name that is a word of Python's own, such as ``class``, has an underscore after it there; the
    option has none.
    """
    texts = option_texts(function)
    home = vars(sys.modules[function.__module__])
    options = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            kind = _evaluate(parameter.annotation, home)
            text, name = texts.get(parameter.name, ""), parameter.name
            if keyword.iskeyword(name.removesuffix("_")):
                name = name.removesuffix("_")
            options[name] = Option(name, kind, parameter.default, text)
    return options


def as_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return options by the names of the function's parameters."""
    return {f"{k}_" if keyword.iskeyword(k) else k: value for k, value in values.items()}


def _evaluate(annotation: Any, home: dict[str, Any]) -> Any:
    """Return an annotation, which ``from __future__ import annotations`` leaves as text."""
    if annotation is inspect.Parameter.empty:
        return Any

    def shim() -> None: ...

    shim.__annotations__ = {"kind": annotation}
    return typing.get_type_hints(shim, home, include_extras=True)["kind"]


@functools.cache
def schema_of(*functions: Callable[..., Any], without: tuple[str, ...] = ()) -> Schema:
    """Return the schema of functions, made once."""
    return Schema(*functions, without=without)
