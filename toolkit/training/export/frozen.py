"""A network as one function whose weights are constants, as converters want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.lazy import tf
from toolkit.training.export.subject import Subject


def frozen(subject: Subject, shapes: Mapping[str, Sequence[int | None]]) -> Any:
    """Return a ``tf.function`` of a network's arrays, in the order of its inputs.

    Converters leave out weights that they find as variables, and take constants that a layer holds
    (an image's means) for further inputs; here both lie in the graph.

    Args:
        subject: The network.
        shapes: Shape of each input; None where it is free.
    """
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    entries = subject.entries
    specs = [tf.TensorSpec(shapes[name], entry.dtype, name) for name, entry in entries.items()]

    def network(*arrays: Any) -> Any:
        return subject(subject.structured(dict(zip(entries, arrays, strict=True))))

    traced = tf.function(network).get_concrete_function(*specs)
    constant = convert_variables_to_constants_v2(traced, lower_control_flow=False)

    @tf.function(input_signature=specs)
    def serve(*arrays: Any) -> dict[str, Any]:
        return {subject.output: tf.ensure_shape(constant(*arrays)[0], traced.output_shapes)}

    return serve
