"""What TensorBoard alone can show: the graph, histograms, embeddings."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from toolkit.errors import Refused
from toolkit.training.loggers.event_files import EventFiles, writing
from toolkit.training.loggers.graphs import readable
from toolkit.training.loggers.views import Predict
from toolkit.training.run_folder import replacing
from toolkit.training.setup import Setup

MOST = 10_000
"""Words that the projector gets, the first of the vocabulary: the most frequent ones."""


class Graph(keras.callbacks.Callback):
    """Writes the graph of the inference network, once.

    Args:
        sink: Where to.
        predict: Has traced it.
    """

    def __init__(self, sink: EventFiles, predict: Predict):
        super().__init__()
        self.sink, self.predict, self.written = sink, predict, False

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Write it with the first batch, when the event files have begun."""
        if not self.written:
            self.written = True
            self.sink.graph(readable(self.predict.traced.graph, self.predict.network))


class Histograms(keras.callbacks.Callback):
    """Writes how each trained weight's values are spread, at each epoch's end.

    Args:
        sink: Where to.
        setup: What is trained.
    """

    def __init__(self, sink: EventFiles, setup: Setup):
        super().__init__()
        self.sink, self.weights = sink, setup.objective.trainable_variables

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write."""
        for weight in self.weights:
            self.sink.histogram(f"weights/{weight.path}", np.asarray(weight, "float32"), epoch + 1)


class Embeddings(keras.callbacks.Callback):
    """Writes the embeddings of the vocabulary with its words, at each epoch's end.

    Args:
        sink: Where to.
        setup: What is trained.

    Raises:
        Refused: If no layer of the network embeds a vocabulary.
    """

    def __init__(self, sink: EventFiles, setup: Setup):
        super().__init__()
        self.folder, self.words = sink.folder, (setup.dataset.spec.input.vocabulary or ())[:MOST]
        found = [
            layer
            for layer in setup.objective.network._flatten_layers()
            if isinstance(layer, keras.layers.Embedding)
        ]
        if not found or not self.words:
            raise Refused(
                "logger.projector: the network has no embedding of a vocabulary; "
                "leave it out, or choose data of text."
            )
        self.layer = found[0]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the weights as they are now, over those before."""
        values = np.asarray(self.layer.embeddings, "float32")[: len(self.words)]
        words = [word.encode("unicode_escape").decode() or "''" for word in self.words]
        rows, width = values.shape
        config = (
            'embeddings {\n  tensor_name: "embedding"\n  tensor_path: "embedding.bytes"\n'
            f'  tensor_shape: {rows}\n  tensor_shape: {width}\n  metadata_path: "words.tsv"\n}}\n'
        )
        files = {
            "embedding.bytes": values.tobytes(),
            "words.tsv": "".join(f"{word}\n" for word in words).encode(),
            "projector_config.pbtxt": config.encode(),
        }
        with writing(self.folder):
            for name, content in files.items():
                with replacing(self.folder / name) as aside:
                    aside.write_bytes(content)
