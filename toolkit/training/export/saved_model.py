"""A SavedModel, with everything between raw input and prediction inside its graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from toolkit.lazy import tf
from toolkit.training.export.raw_inputs import Signature, signatures
from toolkit.training.export.subject import Subject

VERSION = "1"
"""The subfolder that TensorFlow Serving looks for."""


def write(subject: Subject, folder: Path) -> dict[str, Any]:
    """Write ``1/`` into a folder, and return what it takes and gives.

    Raises:
        OSError: If it cannot be written.
    """
    offered = signatures(subject)
    module = tf.Module()
    module.variables_held = [v.value for v in subject.model.variables]
    module.resources_held = [x for s in offered.values() for x in s.holds]
    functions = {name: _function(signature) for name, signature in offered.items()}
    try:
        tf.saved_model.save(module, str(folder / VERSION), signatures=functions)
    except tf.errors.OpError as error:  # a full disk, a folder that is gone
        reason = error.message.rpartition(";")[2].partition(" [Op:")[0].strip()
        raise OSError(reason) from error
    return {"signatures": {n: _told(s, functions[n]) for n, s in offered.items()}}


def open_written(folder: Path) -> Any:
    """Return a function ``(signature, tensors) -> tensors``, all by name, of what was written."""
    loaded = tf.saved_model.load(str(folder / VERSION))

    def run(signature: str, given: dict[str, Any]) -> dict[str, np.ndarray]:
        tensors = {name: tf.constant(value) for name, value in given.items()}
        return {k: v.numpy() for k, v in loaded.signatures[signature](**tensors).items()}

    return run


def _function(signature: Signature) -> Any:
    function = tf.function(lambda **given: signature.function(given))
    return function.get_concrete_function(**signature.inputs)


def _told(signature: Signature, function: Any) -> dict[str, Any]:
    inputs = {
        name: {"dtype": spec.dtype.name, "shape": list(spec.shape), "is": signature.meaning[name]}
        for name, spec in signature.inputs.items()
    }
    outputs = {
        name: {"dtype": tensor.dtype.name, "shape": list(tensor.shape)}
        for name, tensor in function.structured_outputs.items()
    }
    return {"inputs": inputs, "outputs": outputs}
