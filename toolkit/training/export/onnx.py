"""An ONNX file, which takes arrays."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.errors import Refused
from toolkit.quiet import held_back
from toolkit.training.export.frozen import frozen
from toolkit.training.export.subject import Subject

FILE = "model.onnx"
OPSET = 18
"""Version of ONNX's operations: the newest that tf2onnx writes."""


def write(subject: Subject, folder: Path) -> None:
    """Write ``model.onnx`` into a folder.

    Raises:
        Refused: If the network holds an operation that ONNX has not.
    """
    with held_back():
        import tf2onnx

    function, specs = frozen(subject, subject.shapes), [*subject.entries.values()]
    faults = _Faults()
    log = logging.getLogger("tf2onnx")
    before, log.propagate = log.propagate, False
    log.addHandler(faults)
    try:
        with held_back():
            tf2onnx.convert.from_function(
                function, specs, opset=OPSET, output_path=str(folder / FILE)
            )
    except OSError:
        raise
    except Exception as error:  # whatever it raises is about an operation that it does not know
        faults.lines.append(str(error).partition("\n")[0])
    finally:
        log.removeHandler(faults)
        log.propagate = before
    if faults.lines:
        raise Refused(f"format: onnx cannot hold this network: {faults.lines[0]}")


def open_written(folder: Path) -> Any:
    """Return a function from arrays by name to the output, of what was written.

    Raises:
        Refused: If onnxruntime cannot open it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(folder / FILE), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        what = str(error).partition("\n")[0]
        raise Refused(f"format: onnx cannot hold this network: {what}") from error

    def run(given: dict[str, np.ndarray]) -> np.ndarray:
        return session.run(None, given)[0]

    return run


class _Faults(logging.Handler):
    """Keeps errors, which the converter logs and then writes a file that does not open."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().partition("\n")[0])
