"""TensorFlow's graphs as TensorBoard shows them well."""

from __future__ import annotations

from typing import Any


def readable(graph: Any) -> Any:
    """Return a traced network's graph with its layers on top.

    The network's own scope, which holds all there is, is taken off the names, and with it what only
    orders the reading of variables.

    Args:
        graph: Of a concrete function.
    """
    definition = graph.as_graph_def()
    kept = [node for node in definition.node if node.op != "NoOp"]
    scopes = {node.name.split("/")[0] for node in kept if "/" in node.name}
    scope = f"{scopes.pop()}/" if len(scopes) == 1 else ""
    if len({node.name.removeprefix(scope) for node in kept}) < len(kept):
        scope = ""
    for node in kept:
        inputs = [name.removeprefix(scope) for name in node.input if not name.startswith("^")]
        del node.input[:]
        node.input.extend(inputs)
        node.name = node.name.removeprefix(scope)
    return definition.__class__(node=kept, versions=definition.versions, library=definition.library)
