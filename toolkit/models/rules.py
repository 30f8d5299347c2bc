"""What a network reads and gives, known from its description alone, without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.blocks import BLOCKS, Layout, facts, with_defaults
from toolkit.errors import Refused
from toolkit.models.stems import STEMS

Body = Sequence[Mapping[str, Mapping[str, Any] | None]]
"""A network's blocks, in order: mappings of one name to its options."""
Stem = Mapping[str, Mapping[str, Any] | None]
"""Options of the stem for each kind of input."""

Form = tuple[str, ...]
"""Names of the networks that a model is made of."""
FORMS: tuple[Form, ...] = (
    ("body",),
    ("encoder", "decoder"),
    ("generator", "discriminator"),
    ("generator",),
)
"""Forms that a model can have, each network a list of blocks."""
NETWORKS = tuple(dict.fromkeys(name for form in FORMS for name in form))


def form_of(model: Mapping[str, Any]) -> Form | None:
    """Return a model's form; None where its networks are those of none."""
    given = tuple(name for name in NETWORKS if model.get(name))
    return given if given in FORMS else None


@dataclass(frozen=True)
class Shape:
    """What a network gives for inputs of one kind.

    Attributes:
        reads: The layout that the stem gives to the first block.
        gives: The layout of the features.
        looks_ahead: Why a position's feature depends on later positions; None where it does not,
            so that the network can be a language model.
        merges: Why there is not one feature for each position of the input; None where there is.
        carries: Whether state can be carried from one batch of a stream to the next.
        tokenizer: The tokenizer that texts must have been read with; None where any will do.
        longest: Positions that there are; None where their number is free.
        samples: Whether the features are drawn from a distribution that the network has learned.
    """

    reads: Layout
    gives: Layout
    looks_ahead: str | None = None
    merges: str | None = None
    carries: bool = False
    tokenizer: str | None = None
    longest: int | None = None
    samples: bool = False

    @property
    def causal(self) -> bool:
        """Whether each position of a sequence depends on itself and earlier ones only."""
        return self.gives == "sequence" and self.looks_ahead is None

    @property
    def each_position(self) -> bool:
        """Whether there is one feature for each position of the input, in order."""
        return self.gives == "sequence" and self.merges is None


def describe(kind: str, body: Body, stem: Stem | None = None) -> Shape:
    """Return what a network gives for inputs of a kind.

    Args:
        kind: Kind of the input, one that has a stem: ``tokens``, ``image``, …
        body: The network's blocks.
        stem: Options of the stem for each kind of input.

    Raises:
        Refused: If there is no such kind or block, or a block cannot read what comes before it.
    """
    layout = reads = first_layout(kind, body)
    looks_ahead = merges = None
    carries, tokenizer, longest, samples = False, None, None, False
    if reads == "vector" and kind not in ("table", "code"):
        looks_ahead = merges = f"it reads its {kind} as one vector"
    for name, options in blocks_of(body):
        row = facts(name)
        options = with_defaults(BLOCKS[name], options)
        wanted = row.reads(options)
        if wanted and layout not in wanted:
            raise Refused(
                f"block '{name}' reads {' or '.join(wanted)}, but what comes before it gives "
                f"{layout} for an input of kind '{kind}'"
            )
        fault, fixed = row.fault(options), row.fixed(options)
        if fault:
            raise Refused(f"block '{name}': {fault}")
        if fixed and kind == "tokens" and layout == "sequence":
            raise Refused(
                f"block '{name}': {fixed}, so their number must be fixed, and that of a text's "
                "words is not"
            )
        layout = row.gives(options) or layout
        carries |= row.carries
        samples = row.samples
        tokenizer = tokenizer or row.tokenizer(options)
        bounds = [n for n in (longest, row.longest(options)) if n is not None and kind == "tokens"]
        longest = min(bounds, default=None)
        if looks_ahead is None:
            looks_ahead = row.looks_ahead(options)
        if merges is None:
            merges = row.merges(options)
    return Shape(reads, layout, looks_ahead, merges, carries, tokenizer, longest, samples)


def code_kind(layout: str) -> str:
    """Return the kind of input that what a network gives is for the next one."""
    return "code" if layout == "vector" else f"code_{layout}"


def shapes(
    kind: str, model: Mapping[str, Any], form: Form, reads: Mapping[str, str]
) -> dict[str, Shape]:
    """Return what each network of a model gives.

    Args:
        kind: Kind of the data's input.
        model: ``stem`` and the networks.
        form: The networks, in order.
        reads: The kind that a network reads in place of the data's: ``code`` is what the network
            before it gives, or noise where it is the first.

    Raises:
        Refused: As :func:`describe` does.
    """
    found: dict[str, Shape] = {}
    for network in form:
        own = reads.get(network, kind)
        if own == "code" and found:
            own = code_kind([*found.values()][-1].gives)
        found[network] = describe(own, model[network], model.get("stem"))
    return found


def first_layout(kind: str, body: Body) -> Layout:
    """Return the layout that the stem gives: the first block's preferred one that the kind has.

    Blocks that take what comes (dropout, normalize) leave the choice to those after them.

    Raises:
        Refused: If there is no such kind, or the kind has no layout that the blocks read.
    """
    possible = STEMS.row(kind).gives
    for name, options in blocks_of(body):
        wanted = facts(name).reads(with_defaults(BLOCKS[name], options))
        for layout in wanted:
            if layout in possible:
                return layout
        if wanted:
            raise Refused(
                f"block '{name}' reads {' or '.join(wanted)}; an input of kind '{kind}' gives "
                f"{' or '.join(possible)}"
            )
    return possible[0]


def blocks_of(body: Body) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the names and options of a body's blocks.

    Raises:
        Refused: If an entry is not a mapping of one name to options; it says which.
    """
    blocks: list[tuple[str, Mapping[str, Any]]] = []
    for place, entry in enumerate(body):
        if isinstance(entry, str):
            entry = {entry: None}
        if not isinstance(entry, Mapping) or len(entry) != 1:
            raise Refused(
                f"body[{place}]: expected one block and its options, such as "
                f"`- dense: {{units: 128}}`; got {entry!r}"
            )
        ((name, options),) = entry.items()
        blocks.append((name, options or {}))
    return blocks
