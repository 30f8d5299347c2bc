"""TensorBoard's event files."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.hparams import api as hp
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.summary import session_end_pb
from tensorboard.plugins.image.metadata import create_summary_metadata
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb

from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.training.loggers.event_file import EventFile
from toolkit.training.loggers.forget import forget
from toolkit.training.loggers.hparams import hparams
from toolkit.training.loggers.sink import Mark
from toolkit.training.run_folder import RunFolder


class EventFiles:
    """Writes event files: a sink.

    The folder itself holds training and everything by step; in ``valid`` the same names of figures
    lie again, so that TensorBoard draws training and validation in one chart; in ``results`` are
    the configuration and the final figures, for the page that compares runs.

    Args:
        folder: Where they lie.
    """

    name = "tensorboard"

    def __init__(self, folder: Path):
        self.folder = folder
        self._writers: dict[str, EventFile] = {}

    def begin(self, config_text: str, mark: Mark | None) -> None:
        """Write the configuration; take away what lies beyond a mark."""
        with writing(self.folder):
            if mark is not None:
                forget(self.folder, mark.step, mark.epochs)
        if config_text:
            self._add(text_pb("config", f"```yaml\n{config_text}\n```"), 0)
            run = RunFolder(self.folder.parent).shown.removeprefix("runs/")
            self._add(hp.hparams_pb(hparams(config_text), run), 0, "results")

    def step(self, figures: Mapping[str, float], step: int) -> None:
        """Write figures after a step."""
        for name, value in figures.items():
            self._add(scalar_pb(f"step/{name}", value), step)
        self.state()

    def epoch(self, figures: Mapping[str, float], epoch: int) -> None:
        """Write an epoch's figures."""
        for name, value in figures.items():
            part, _, figure = name.partition("/")
            self._add(scalar_pb(f"epoch/{figure}", value), epoch, "valid" * (part == "valid"))
        self.state()

    def text(self, name: str, markdown: str, epoch: int) -> None:
        """Write a text."""
        self._add(text_pb(name, markdown), epoch)
        self.state()

    def picture(self, name: str, pixels: np.ndarray, epoch: int) -> None:
        """Write a picture."""
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "png")
        height, width = pixels.shape[:2]
        values = [str(width).encode(), str(height).encode(), file.getvalue()]
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=len(values))])
        summary = summary_pb2.Summary()
        summary.value.add(
            tag=name,
            metadata=create_summary_metadata(display_name=None, description=None),
            tensor=tensor_pb2.TensorProto(
                dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=values
            ),
        )
        self._add(summary, epoch)
        self.state()

    def histogram(self, name: str, values: np.ndarray, epoch: int) -> None:
        """Write how the values of an array are spread."""
        self._add(histogram_pb(name, values), epoch)

    def graph(self, graph: Any) -> None:
        """Write a TensorFlow graph, which ``readable`` has made."""
        self._write(event_pb2.Event(graph_def=graph.SerializeToString()))

    def results(self, figures: Mapping[str, float]) -> None:
        """Write the final figures."""
        for name, value in figures.items():
            if math.isfinite(value):
                self._add(scalar_pb(name, value), 0, "results")

    def state(self) -> dict[str, Any]:
        """Put everything on disk."""
        with writing(self.folder):
            for writer in self._writers.values():
                writer.flush()
        return {}

    def close(self, succeeded: bool) -> None:
        """Note how the run ended, and close the files."""
        status = api_pb2.STATUS_SUCCESS if succeeded else api_pb2.STATUS_FAILURE
        with suppress(OSError, Refused, tf.errors.OpError):  # it has been told by what wrote last
            if "results" in self._writers:
                end = session_end_pb(status).SerializeToString()  # a message of TensorFlow's own
                self._add(summary_pb2.Summary.FromString(end), 0, "results")
            for writer in self._writers.values():
                writer.close()

    def _add(self, summary: Any, step: int, part: str = "") -> None:
        self._write(event_pb2.Event(summary=summary, step=step), part)

    def _write(self, event: Any, part: str = "") -> None:
        with writing(self.folder):
            if part not in self._writers:
                self._writers[part] = EventFile(self.folder / part)
            self._writers[part].write(event)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say where it was that something could not be written.

    Raises:
        Refused: If the disk is full or the folder read-only.
    """
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
        raise Refused(
            f"cannot write to {folder} ({reason}). Free some space, or train with logger=none."
        ) from error
