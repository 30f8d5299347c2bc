"""A LiteRT file (``.tflite``), which takes arrays, for telephones and small devices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.quiet import held_back
from toolkit.training.export.frozen import frozen
from toolkit.training.export.subject import Subject

FILE = "model.tflite"


def write(subject: Subject, folder: Path, shapes: Mapping[str, Sequence[int | None]]) -> None:
    """Write ``model.tflite`` into a folder.

    Args:
        subject: The network.
        folder: Where to.
        shapes: Shape of each input; None where it is free.

    Raises:
        Refused: If the network holds an operation that LiteRT has not.
    """
    module = tf.Module()
    module.serve = frozen(subject, shapes)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serve.get_concrete_function()], module
    )
    try:
        with held_back():
            content = converter.convert()
    except Exception as error:  # its exceptions are of several kinds
        raise Refused(f"format: litert cannot hold this network: {_reason(str(error))}") from None
    (folder / FILE).write_bytes(content)


def open_written(folder: Path) -> Any:
    """Return a function from arrays by name to the output, of what was written.

    Args:
        folder: Where it lies.

    Raises:
        Refused: If ai-edge-litert cannot read it.
    """
    with held_back():
        from ai_edge_litert.interpreter import Interpreter

    def run(given: dict[str, np.ndarray]) -> np.ndarray:
        try:
            with held_back():
                runner = Interpreter(model_path=str(folder / FILE)).get_signature_runner()
                (output,) = runner(**given).values()
                return output
        except (RuntimeError, ValueError) as error:
            raise Refused(
                f"format: litert cannot hold this network: {_reason(str(error))}"
            ) from error

    return run


def _reason(error: str) -> str:
    """Return what the converter's long text says is wrong."""
    found = re.search(r"'tf\.[^']+' op .*", error)
    return found[0] if found else error.strip().partition("\n")[0][:300]
