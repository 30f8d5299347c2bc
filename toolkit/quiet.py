"""TensorFlow's first import, without the lines that it writes on the terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def start_tensorflow() -> None:
    """Import TensorFlow and list its devices with nothing on the terminal.

    Some lines are written before its log level acts, so the file descriptor itself is held back.
    What was held back is shown if the import fails.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what fails raises an exception as well
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with held_back():
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # no advice on retracing, which sweeps would call forth
        tf.config.list_physical_devices()


@contextmanager
def held_back() -> Iterator[None]:
    """Hold back what is written to file descriptor 2; show it if an exception ends the block."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except Exception:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
