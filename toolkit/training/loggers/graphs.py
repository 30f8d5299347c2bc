"""TensorFlow's graphs as TensorBoard shows them well."""

from __future__ import annotations

import re
from typing import Any


def readable(graph: Any, network: Any) -> Any:
    """Return a traced network's graph with its layers on top, by their names.

    The network's own scope, which holds all there is, is taken off the names, and so are the
    numbers that tracing adds to those of layers, and what only orders the reading of variables.

    Args:
        graph: Of a concrete function.
        network: What was traced.

    Returns:
        A ``GraphDef``.
    """
    definition = graph.as_graph_def()
    kept = [node for node in definition.node if node.op != "NoOp"]
    scopes = {node.name.split("/")[0] for node in kept if "/" in node.name}
    scope = f"{scopes.pop()}/" if len(scopes) == 1 else ""
    new = {node.name: node.name.removeprefix(scope) for node in kept}
    layers = {layer.name for layer in network.layers}
    numbered = {top: re.sub(r"_\d+$", "", top) for top in map(_top, new.values()) if top}
    if numbered and {*numbered.values()} <= layers:
        for old, name in new.items():
            if top := _top(name):
                new[old] = numbered[top] + name[len(top) :]
    if len({*new.values()}) < len(kept):
        new = {name: name for name in new}
    for node in kept:
        inputs = [_renamed(name, new) for name in node.input if not name.startswith("^")]
        del node.input[:]
        node.input.extend(inputs)
        node.name = new[node.name]
    lean = definition.__class__(node=kept)
    del definition.node[:]
    lean.MergeFrom(definition)  # versions and functions
    return lean


def _top(name: str) -> str:
    """Return the outermost scope of a name; nothing where it is in none."""
    return name.partition("/")[0] if "/" in name else ""


def _renamed(tensor: str, new: dict[str, str]) -> str:
    name, colon, output = tensor.partition(":")
    return new[name] + colon + output
