"""A plan as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.training.console import duration, figure
from toolkit.training.plan.plan import Plan

UNITS = ("B", "KB", "MB", "GB", "TB")


def report(plan: Plan) -> str:
    """Return a plan as text."""
    sections = [list(plan.notes), _layers(plan), *_rows(plan)]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def size(count: float) -> str:
    """Return a number of bytes with its unit."""
    place = 0
    while count >= 1000 and place < len(UNITS) - 1:
        count, place = count / 1000, place + 1
    return f"{count:.3g} {UNITS[place]}" if count < 1000 else f"{count:,.0f} {UNITS[place]}"


def _layers(plan: Plan) -> list[str]:
    total = max(plan.parameters + sum(plan.beside.values()), 1)
    rows = [
        (
            layer.name + ("" if layer.trainable or not layer.parameters else " (frozen)"),
            layer.part,
            layer.type,
            "x".join(map(str, layer.output)),
            f"{layer.parameters:,}",
            f"{100 * layer.parameters / total:.1f} %" if layer.parameters else "",
            f"{_count(layer.flops)}" if layer.flops else "",
        )
        for layer in plan.layers
    ]
    head = ("layer", "part", "type", "output", "parameters", "share", "FLOPs forward")
    return _aligned([head, *rows], right=(4, 5, 6))


def _rows(plan: Plan) -> list[list[str]]:
    held, memory, timing = plan.contents, plan.memory, plan.timing
    frozen = f", {plan.frozen:,} of them frozen" if plan.frozen else ""
    beside = "".join(f"; {name} {count:,}" for name, count in plan.beside.items())
    flops = f"{_count(plan.flops)} forward, {_count(plan.flops_training)} in training"
    if plan.beside:  # how often a step runs through each is the task's matter
        work = {"FLOPs a pass": f"{flops}, each network once"}
    else:
        rate = plan.flops_training / max(timing.step, 1e-9)
        work = {"FLOPs a step": f"{flops} ({_count(rate)} a second)"}
    network = {
        "parameters": f"{plan.parameters:,}{frozen}{beside}",
        **work,
        "memory": f"{size(memory.parameters)} parameters, {size(memory.gradients)} gradients, "
        f"{size(memory.optimizer)} optimizer, about {size(memory.activations)} activations; "
        f"measured peak {size(memory.peak)} with data and TensorFlow",
    }
    data = {
        "an epoch": ", ".join(
            [
                *([f"{held.examples:,} examples"] if held.examples is not None else []),
                *([f"{held.tokens:,} tokens"] if held.tokens is not None else []),
                f"{plan.steps:,} steps",
            ]
        ),
        **({"padding": f"{100 * held.padding:.1f} %"} if held.tokens is not None else {}),
        "the run": f"{plan.epochs:,} epochs, {plan.total:,} steps, at most",
        "learning rate": ", ".join(
            f"{rate:.3g} at step {step:,}" for step, rate in _changes(plan.learning_rates)
        ),
        "disk": f"model.keras {size(plan.sizes.model)}, checkpoints {plan.checkpoints} x "
        f"{size(plan.sizes.checkpoint)}",
    }
    parts = {name: f"{duration(seconds)}" for name, seconds in plan.seconds.items()}
    parts["training"] += f"  ({1000 * timing.step:.4g} ms a step, measured on {timing.steps:,})"
    parts["validation"] += f"  ({plan.validations:,} x {timing.validation:.3g} s)"
    whole = sum(plan.seconds.values())
    parts["the whole"] = f"{duration(whole)}  (on this machine, as busy as it is now)"
    return [_pairs("network", network), _pairs("data", data), _pairs("time", parts)]


def _changes(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the points of a learning rate; the first alone where it stays."""
    return list(points) if len({rate for _, rate in points}) > 1 else list(points[:1])


def _count(number: float) -> str:
    for unit, scale in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if number >= scale:
            return f"{number / scale:.3g} {unit}"
    return figure(round(number))


def _pairs(title: str, rows: dict[str, str]) -> list[str]:
    width = max(map(len, rows))
    return [title, *(f"  {name:<{width}}  {text}" for name, text in rows.items())]


def _aligned(rows: list[tuple[str, ...]], right: tuple[int, ...]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:>{w}}" if i in right else f"{cell:<{w}}"
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
