"""The table of blocks: functions from tensors to tensors that networks are made of.

A block is called ``block(x, *, options)`` and may name further inputs that a network has before the
star: ``mask`` (True at real positions, shape ``(batch, time)``, or None), ``state``
(:class:`~toolkit.blocks.state.CarriedState` or None), ``memory`` and ``memory_mask`` (what an
encoder gave, ``(batch, its time, features)``, and its mask), ``condition`` (what the network is
told besides, ``(batch, numbers)``: a class as zeros and a one; or None), ``field`` (what is known
of the input), ``goal`` (what is known of that which the network is to make, an image's size, or
None). Its keyword-only parameters are its options. It returns a tensor; a tensor and its new mask
where it changes the number of positions; or a :class:`~toolkit.blocks.state.Given`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from toolkit.registry import Table

Layout = Literal["vector", "sequence", "grid", "future", "ids"]
"""``vector`` (batch, features), ``sequence`` (batch, time, features) or ``grid`` (batch, height,
width, channels; or with three spatial axes). Convolutions read a sequence along its one axis. A
``future`` (batch, horizon, variables) is a forecast itself; the task forecast alone takes it.
``ids`` (batch, time) are tokens, for blocks that hold the embedding themselves."""

Options = Mapping[str, Any]
"""A block's options, defaults filled in."""


def _nothing(options: Options) -> None:
    """No reason at all."""


@dataclass(frozen=True)
class Row:
    """What is known of a block before TensorFlow is imported.

    Attributes:
        path: ``"module:function"``.
        reads: The layouts that it reads, by its options, the preferred one first (a network's stem
            gives that); none where it takes what comes.
        gives: The layout that it returns, by its options; None where it is the one it read.
        fixed: Why, with these options, the number of positions must be fixed, as that of texts is
            not; None where it need not be.
        fault: What is wrong with these options together; None where nothing is.
        looks_ahead: Why, with these options, a position's feature depends on later positions;
            None where it does not. No causal language model can hold such a block.
        merges: Why, with these options, there is no longer one feature for each position of the
            input; None where there is.
        carries: Whether it carries state from one batch of a stream to the next.
        tokenizer: The tokenizer that texts must have been read with: a kind (``wordpiece``), or
            the name of the preset that brings one; None where any will do.
        longest: The positions that it has places for; a text may not have more. None where any
            number will do.
        samples: Whether it draws what it gives from a distribution that it has learned.
    """

    path: str
    reads: Callable[[Options], tuple[Layout, ...]] = lambda options: ()
    gives: Callable[[Options], Layout | None] = _nothing
    fixed: Callable[[Options], str | None] = _nothing
    fault: Callable[[Options], str | None] = _nothing
    looks_ahead: Callable[[Options], str | None] = _nothing
    merges: Callable[[Options], str | None] = _nothing
    carries: bool = False
    tokenizer: Callable[[Options], str | None] = _nothing
    longest: Callable[[Options], int | None] = _nothing
    samples: bool = False


def _any(options: Options) -> tuple[Layout, ...]:
    return ("vector", "sequence", "grid")


def _positions(options: Options) -> tuple[Layout, ...]:
    return ("grid", "sequence")


def _group(normalization: str) -> str | None:
    if normalization in ("group", "instance"):
        return f"{normalization} normalisation averages over all positions"
    return None


def _conv_looks_ahead(options: Options) -> str | None:
    if options["pool"] is not None:
        return "it pools neighbouring positions"
    if options["normalization"] == "group":
        return _group("group")
    if options["causal"] or max(options["kernels"] or [options["kernel"]]) == 1:
        return None
    return "its convolutions read the positions that follow (those with causal: true do not)"


def _conv_merges(options: Options) -> str | None:
    if options["pool"] is not None:
        return "it pools neighbouring positions"
    return "its convolutions have strides" if options["strides"] > 1 else None


def _convolutions(options: Options) -> str:
    return "its convolutions read the positions that follow"


def _fault_beside(block: str) -> Callable[[Options], str | None]:
    """Return the plain function ``fault`` that is kept beside a block, found when it is needed."""

    def fault(options: Options) -> str | None:
        found: str | None = import_module(f"toolkit.blocks.{block}").fault(options)
        return found

    return fault


def _generator_reads(options: Options) -> tuple[Layout, ...]:
    from toolkit.blocks.generator import OF_VECTORS

    return ("vector",) if options["architecture"] in OF_VECTORS else ("grid",)


def _heads_fault(options: Options) -> str | None:
    from toolkit.blocks.transformer import fault

    return fault(*(options[name] for name in ("units", "heads", "groups", "positions")))


def _learned(options: Options) -> int | None:
    return options["max_length"] if options["positions"] == "learned" else None


def _backbone_tokenizer(options: Options) -> str | None:
    from toolkit.presets.families import FAMILIES

    return options["preset"] or FAMILIES.row(options["family"]).tokenizer


def _backbone_longest(options: Options) -> int | None:
    from toolkit.presets.architecture import architecture

    return architecture(options).positions


LARGE_RESNETS = (18, 34, 50, 101, 152)
"""Depths of residual networks that read images of about 224 x 224 and nothing else."""

BLOCKS: Table[Row] = Table(
    "block",
    {
        "dense": Row(
            "toolkit.blocks.dense:dense",
            reads=_any,
            fixed=lambda options: _group(options["normalization"]),
            looks_ahead=lambda options: _group(options["normalization"]),
        ),
        "dropout": Row("toolkit.blocks.dropout:dropout"),
        "normalize": Row(
            "toolkit.blocks.normalize:normalize",
            fixed=lambda options: _group(options["kind"]),
            looks_ahead=lambda options: _group(options["kind"]),
        ),
        "recurrent": Row(
            "toolkit.blocks.recurrent:recurrent",
            reads=lambda options: ("sequence",),
            looks_ahead=lambda options: (
                "bidirectional is true, so its layers also read the positions that follow"
                if options["bidirectional"]
                else None
            ),
            carries=True,
        ),
        "conv": Row(
            "toolkit.blocks.conv:conv",
            reads=lambda options: ("sequence",) if options["causal"] else ("grid", "sequence"),
            fixed=lambda options: _group(options["normalization"]),
            looks_ahead=_conv_looks_ahead,
            merges=_conv_merges,
        ),
        "pool": Row(
            "toolkit.blocks.pool:pool",
            reads=lambda options: (
                ("grid", "sequence")
                if options["kind"] in ("max", "average")
                else ("grid", "sequence", "vector")
            ),
            gives=lambda options: None if options["kind"] in ("max", "average") else "vector",
            fixed=lambda options: (
                "kind flatten puts all positions side by side"
                if options["kind"] == "flatten"
                else None
            ),
            looks_ahead=lambda options: "it pools neighbouring positions",
            merges=lambda options: "it pools neighbouring positions",
        ),
        "residual": Row(
            "toolkit.blocks.residual:residual",
            reads=_positions,
            looks_ahead=_convolutions,
            merges=lambda options: (
                "its convolutions have strides" if options["strides"] > 1 else None
            ),
        ),
        "resnet": Row(
            "toolkit.blocks.resnet:resnet",
            reads=lambda options: (
                ("grid",) if options["depth"] in LARGE_RESNETS else ("grid", "sequence")
            ),
            fault=_fault_beside("resnet"),
            looks_ahead=_convolutions,
            merges=lambda options: "its convolutions have strides",
        ),
        "attention": Row(
            "toolkit.blocks.attention:attention",
            reads=lambda options: ("sequence",),
            fault=_heads_fault,
            looks_ahead=lambda options: (
                None
                if options["causal"] or options["cross"]
                else "its attention reads the positions that follow (causal: true does not)"
            ),
        ),
        "encoder": Row(
            "toolkit.blocks.encoder:encoder",
            reads=lambda options: ("sequence",),
            fault=_heads_fault,
            looks_ahead=lambda options: (
                "its attention reads the positions that follow (that of block decoder does not)"
            ),
            longest=_learned,
        ),
        "decoder": Row(
            "toolkit.blocks.decoder:decoder",
            reads=lambda options: ("sequence",),
            fault=_heads_fault,
            longest=_learned,
        ),
        "backbone": Row(
            "toolkit.blocks.backbone:backbone",
            reads=lambda options: ("ids",),
            gives=lambda options: "sequence",
            looks_ahead=lambda options: "its attention reads the positions that follow",
            tokenizer=_backbone_tokenizer,
            longest=_backbone_longest,
        ),
        "align": Row(
            "toolkit.blocks.align:align",
            reads=lambda options: ("sequence",),
        ),
        "image_encoder": Row(
            "toolkit.blocks.image_encoder:image_encoder",
            reads=lambda options: ("grid",),
            looks_ahead=_convolutions,
            merges=lambda options: "its convolutions halve the size",
        ),
        "image_decoder": Row(
            "toolkit.blocks.image_decoder:image_decoder",
            reads=lambda options: ("grid", "vector"),
            gives=lambda options: "grid",
            looks_ahead=_convolutions,
            merges=lambda options: "its convolutions double the size",
        ),
        "generator": Row(
            "toolkit.blocks.generator:generator",
            reads=_generator_reads,
            gives=lambda options: "grid",
            fault=_fault_beside("generator"),
            looks_ahead=_convolutions,
            merges=lambda options: "its convolutions change the size",
        ),
        "discriminator": Row(
            "toolkit.blocks.discriminator:discriminator",
            reads=lambda options: ("grid",),
            gives=lambda options: "grid" if options["architecture"] == "patch" else "vector",
            fault=_fault_beside("discriminator"),
            looks_ahead=_convolutions,
            merges=lambda options: "its convolutions halve the size",
        ),
        "picture": Row(
            "toolkit.blocks.picture:picture",
            reads=lambda options: ("vector",),
            gives=lambda options: "grid",
            looks_ahead=lambda options: "it makes a whole picture",
            merges=lambda options: "it makes a whole picture",
        ),
        "sampling": Row(
            "toolkit.blocks.sampling:sampling",
            reads=_any,
            samples=True,
        ),
        "series_linear": Row(
            "toolkit.blocks.series_linear:series_linear",
            reads=lambda options: ("sequence",),
            gives=lambda options: "future",
            fixed=lambda options: "a matrix maps all positions at once",
            looks_ahead=lambda options: "it maps a whole window to what follows",
            merges=lambda options: "it maps a whole window to what follows",
        ),
    },
)


def facts(name: str) -> Row:
    """Return a block's row.

    A plug-in's block that was registered without one is taken to read and give any layout, and not
    to be causal.

    Raises:
        Refused: If there is no such block.
    """
    row = BLOCKS.row(name)
    if isinstance(row, Row):
        return row
    return Row(row, looks_ahead=lambda options: f"block '{name}' does not say that it is causal")


def with_defaults(function: Callable[..., Any], options: Options | None) -> dict[str, Any]:
    """Return options with the defaults of a function's signature filled in."""
    parameters = inspect.signature(function).parameters.values()
    options_only = (p for p in parameters if p.kind is p.KEYWORD_ONLY)
    return {**{p.name: p.default for p in options_only}, **(options or {})}
