"""What the command line can do: a row for each verb, pointing at the function that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolkit.config.schema import Schema, schema_of
from toolkit.registry import Table


@dataclass(frozen=True)
class Verb:
    """What is known of a verb besides its function, whose keyword arguments are its options.

    Functions are read without TensorFlow: they import it when their work begins.

    Attributes:
        path: ``"module:function"``.
        words: Options that may be given as bare words, in this order; a last one that ends in ``*``
            takes all that are left.
        plugins: Whether the verb works on what plug-ins may have added.
        overrides: Whether further ``key=value`` words are overrides of a configuration.
    """

    path: str
    words: tuple[str, ...] = ()
    plugins: bool = False
    overrides: bool = False


VERBS: Table[Verb] = Table(
    "verb",
    {
        "train": Verb("toolkit.cli.train:train"),
        "resume": Verb("toolkit.cli.resume:resume", plugins=True, overrides=True),
        "launch": Verb("toolkit.cli.launch:launch", overrides=True),
        "prepare": Verb("toolkit.cli.prepare:prepare", overrides=True),
        "plan": Verb("toolkit.cli.plan:plan", overrides=True),
        "evaluate": Verb("toolkit.training.evaluate:evaluate", plugins=True),
        "predict": Verb("toolkit.training.predict:predict", plugins=True),
        "generate": Verb("toolkit.training.generate:generate", plugins=True),
        "export": Verb("toolkit.training.export.export:export", plugins=True),
        "average": Verb("toolkit.training.average:average", plugins=True),
        "compare": Verb("toolkit.training.compare.compare:compare", words=("runs*",)),
        "reproduce": Verb("toolkit.cli.reproduce:reproduce", words=("recipe",), overrides=True),
        "list": Verb("toolkit.cli.listing:show", words=("kind", "name"), plugins=True),
        "schema": Verb("toolkit.cli.schema_verb:schema"),
    },
)
"""Every verb."""


def with_plugins(*, plugins: list[str] | None = None) -> None:
    """Hold the option of every verb that plug-ins may take part in.

    Args:
        plugins: Modules of yours to import first; those of a run are not imported unless named.
    """


def options_schema(verb: str) -> Schema:
    """Return the options of a verb."""
    row: Any = VERBS.row(verb)
    functions = [VERBS[verb], with_plugins] if row.plugins else [VERBS[verb]]
    return schema_of(*functions, without=("overrides",) if row.overrides else ())
