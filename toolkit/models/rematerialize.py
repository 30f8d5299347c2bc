"""Networks that keep less of what they compute, and compute it again for the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.models.segments import Segment, is_floating, segments_of


def rematerialize(layers: Sequence[Any]) -> None:
    """Have networks, when they are trained, keep only what crosses from segment to segment.

    What lies within a segment is computed again when its gradient is due (gradient checkpointing).
    Layers, weights and numbers stay as they are: a segment computed again draws what it drew
    before, and changes no statistics again. It holds for calls of these objects alone, and not of
    other networks with the same layers.

    ``keras.RematScope`` does not serve here: ``tf.recompute_grad``, which it calls, takes no
    arguments by keyword in a graph (masks are such), would draw anew what dropout drops, and update
    the statistics of batch norms twice.

    Args:
        layers: The functional models among them are concerned, and those within.

    Raises:
        Refused: If a layer adds to the loss what it gives: that would be lost.

    References:
        Chen et al., 2016, https://arxiv.org/abs/1604.06174
    """
    networks = {id(layer): layer for layer in layers if hasattr(layer, "_nodes_by_depth")}
    for network in networks.values():
        segments = segments_of(network)
        network.call = partial(_call, network, network.call, segments)
        within = [layer for segment in segments for layer in segment.layers]
        for layer in within:
            if layer.activity_regularizer is not None:
                raise Refused(
                    f"trainer.rematerialize=true: layer '{layer.name}' has an "
                    "activity_regularizer, whose loss would be lost where it is computed again; "
                    "leave one of them out."
                )
        rematerialize(within)


def _call(
    network: Any,
    plain: Any,
    segments: Sequence[Segment],
    inputs: Any,
    training: Any = None,
    mask: Any = None,
) -> Any:
    """Call a network, in training by its segments."""
    if training is not True:
        return plain(inputs, training=training, mask=mask)
    known = dict(zip(_ids(network.inputs), network._standardize_inputs(inputs), strict=True))
    for segment in segments:
        given = [known[i] for i in _ids(segment.inputs)]
        # What the last segment leaves is needed first, and at once.
        again = segment is not segments[-1] and segment.pays
        made = recomputed(segment, given) if again else compute(segment, given)
        known.update(zip(_ids(segment.outputs), made, strict=True))
    return keras.tree.map_structure(lambda t: known[id(t)], network.output)


def compute(segment: Segment, given: Sequence[Any]) -> list[Any]:
    """Return a segment's outputs, as its network in training computes them."""
    known = dict(zip(_ids(segment.inputs), given, strict=True))
    for node in segment.nodes:
        args, kwargs = node.arguments.fill_in(known)
        if "training" in getattr(node.operation, "_call_context_args", ()):
            kwargs["training"] = True
        made = keras.tree.flatten(node.operation(*args, **kwargs))
        known.update(zip(_ids(node.outputs), made, strict=True))
    return [known[i] for i in _ids(segment.outputs)]


def recomputed(segment: Segment, given: Sequence[Any]) -> list[Any]:
    """Return a segment's outputs, for whose gradient nothing is kept but what it was given.

    Weights, statistics and the states of generators go into it as tensors: so it is a function,
    which gives the same the second time, and changes nothing while it is computed.

    Raises:
        Refused: If a layer draws numbers that would be others the second time.
    """
    variables = segment.variables
    values = [tf.convert_to_tensor(v._value) for v in variables]  # .value: maybe cast to a half
    count, masks, changed, after = len(values), _masks(given), {}, []

    @tf.custom_gradient
    def twice(*first: Any) -> Any:
        rest = _masked(first[count:], masks)
        made, changes = _function(segment, variables, first[:count], rest)
        changed.update(changes)  # which have no gradient
        after.extend(_masks(made))

        def backward(*upstream: Any) -> Any:
            wanted = [i for i, t in enumerate(made) if t.dtype.is_floating]
            due = [upstream[i] for i in wanted]
            second = [*first[:count], *_masked(_after(rest, due[0]), masks)]
            with tf.GradientTape() as tape:
                tape.watch([t for t in second if t.dtype.is_floating])
                again, _ = _function(segment, variables, second[:count], second[count:])
                again = [again[i] for i in wanted]
            return tape.gradient(again, second, output_gradients=due)

        return made, backward

    made = twice(*values, *given)
    for variable, value in changed.values():
        variable.assign(value)
    return _masked(made, after)


def _function(
    segment: Segment, variables: Sequence[Any], values: Sequence[Any], given: Sequence[Any]
) -> tuple[list[Any], dict[int, tuple[Any, Any]]]:
    """Return a segment's outputs, and the variables that it changes with their new values."""
    graph = tf.compat.v1.get_default_graph()
    before = len(graph.get_operations())
    with keras.StatelessScope(list(zip(variables, values, strict=True))) as scope:
        begun = dict(scope.state_mapping)
        made = compute(segment, given)
    drawn = {op.type for op in graph.get_operations()[before:] if _draws(op)}
    if drawn or len(scope.state_mapping) > len(begun):
        what = f"TensorFlow's {', '.join(sorted(drawn))}" if drawn else "a generator not its own"
        layers = ", ".join(layer.name for layer in segment.layers)
        raise Refused(
            f"trainer.rematerialize=true: one of the layers {layers} draws from {what}, and would "
            "draw other numbers when it is computed again; let it have a "
            "keras.random.SeedGenerator."
        )
    now = scope.state_mapping
    return made, {id(v): (v, now[id(v)]) for v in variables if now[id(v)] is not begun[id(v)]}


def _draws(operation: Any) -> bool:
    kind = operation.type
    drawing = kind.startswith(("Random", "Multinomial", "TruncatedNormal", "ParameterizedTrunc"))
    return drawing and operation.op_def.is_stateful


def _after(tensors: Sequence[Any], upstream: Any) -> list[Any]:
    """Return tensors that are there no sooner than the gradient of what comes after.

    Else the graph might compute again at once, or merge the second time with the first. XLA heeds
    data alone, so a zero made of the gradient is added, as ``tf.recompute_grad`` does.
    """
    any_number = tf.cast(tf.reduce_max(tf.reshape(upstream, [-1])[:1]), "bool")
    zero = tf.where(any_number == any_number, 0.0, float("nan"))
    return [t + tf.cast(zero, t.dtype) if is_floating(t) else t for t in tensors]


def _masks(tensors: Sequence[Any]) -> list[Any]:
    """Return the masks that layers of Keras hand on with a tensor, None where there is none."""
    return [getattr(tensor, "_keras_mask", None) for tensor in tensors]


def _masked(tensors: Sequence[Any], masks: Sequence[Any]) -> list[Any]:
    """Return tensors with such masks."""
    for tensor, mask in zip(tensors, masks, strict=True):
        if mask is not None:
            tensor._keras_mask = mask
    return list(tensors)


def _ids(tensors: Sequence[Any]) -> list[int]:
    return [id(t) for t in tensors]
