"""Codes of validation examples for TensorBoard's projector."""

from __future__ import annotations

import io
import math
from typing import Any

import keras
import numpy as np
from PIL import Image

from toolkit.training.ema import averaged
from toolkit.training.loggers.event_files import EventFiles, writing
from toolkit.training.loggers.views.encoded import Encoded
from toolkit.training.run_folder import replacing
from toolkit.training.setup import Setup
from toolkit.training.sheet import colours

EXAMPLES, SIDE = 1000, 48
"""Validation examples, and the widest that an image of one is, in pixels."""


class ProjectedCodes(keras.callbacks.Callback):
    """Writes codes with their classes and small images of their examples, at each epoch's end.

    Args:
        sink: Where to.
        setup: What is trained: an encoder and a decoder.
    """

    def __init__(self, sink: EventFiles, setup: Setup):
        super().__init__()
        self.folder, self.shown = sink.folder, Encoded(setup, EXAMPLES)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the codes as they are now, over those before."""
        shown = self.shown
        with averaged(self.model):
            codes = shown.codes()
        codes = codes.reshape(len(codes), -1)
        facts = ['tensor_name: "codes"', 'tensor_path: "codes.bytes"']
        facts += [f"tensor_shape: {size}" for size in codes.shape]
        files = {"codes.bytes": codes.tobytes()}
        if shown.labels is not None:
            names = [shown.classes[i].encode("unicode_escape").decode() for i in shown.labels]
            files["codes.tsv"] = "".join(f"{name or repr(name)}\n" for name in names).encode()
            facts.append('metadata_path: "codes.tsv"')
        if shown.field.kind == "image":
            files["codes.png"], (height, width) = sprite(shown.examples)
            place = f"single_image_dim: {width} single_image_dim: {height}"
            facts.append(f'sprite {{ image_path: "codes.png" {place} }}')
        config = "".join(f"  {fact}\n" for fact in facts)
        files["projector_config.pbtxt"] = f"embeddings {{\n{config}}}\n".encode()
        with writing(self.folder):
            for name, content in files.items():
                with replacing(self.folder / name) as aside:
                    aside.write_bytes(content)


def sprite(images: np.ndarray) -> tuple[bytes, tuple[int, int]]:
    """Return images in a square, row by row, as a PNG file, and the height and width of each."""
    height, width = images.shape[1:3]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    across = math.ceil(math.sqrt(len(images)))
    square = Image.new("RGB", (across * size[1], across * size[0]), "white")
    for place, image in enumerate(images):
        small = Image.fromarray(colours(image)).resize(size[::-1])
        square.paste(small, (place % across * size[1], place // across * size[0]))
    file = io.BytesIO()
    square.save(file, "png")
    return file.getvalue(), size
