"""What is exported: a run's network, and what is known of its input and output."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.spec import Spec
from toolkit.data.table_encoder import TableEncoder
from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.training.parts import learner, met
from toolkit.training.run_folder import RunFolder
from toolkit.training.saved_spec import read_spec

OUTPUTS = {
    "label": "probabilities",
    "next": "logits",
    "future": "forecast",
    "value": "values",
    "tags": "probabilities",
    "span": "logits",
    "image": "reconstruction",
    "picture": "picture",
}
"""What the network gives, by the kind of target that was learned."""
WHOLE = "float32"
GAPS = ("masked_language_model", "replaced_token_detection")
"""Tasks that are learned on texts of which something is taken out."""


@dataclass(frozen=True)
class Subject:
    """A network and its interface in plain arrays.

    Attributes:
        model: The network.
        spec: Its input and what it has learned.
        encoder: What turns raw input into arrays; None where the data set has none.
        precision: The policy that the network computes in.
        trained_in: The one that it was trained in.
        description: The model, as the run's configuration has it.
        learned: Name of the task.
    """

    model: keras.Model
    spec: Spec
    encoder: Any
    precision: str
    trained_in: str
    description: dict[str, Any] = dataclasses.field(default_factory=dict)
    learned: str = ""

    @property
    def name(self) -> str:
        """Name of the input."""
        (name,) = self.spec.inputs
        return name

    @property
    def output(self) -> str:
        """Name of the output."""
        return OUTPUTS.get(self.spec.target.kind, "outputs")

    @property
    def longest(self) -> int | None:
        """Most tokens that the network reads at a time; None where there is no limit."""
        if self.spec.input.kind != "tokens" or not self.description:
            return None
        limits = (met(self.description, "tokens").longest, getattr(self.encoder, "max_length", 0))
        return min((limit for limit in limits if limit), default=None)

    @property
    def fills_gaps(self) -> bool:
        """Whether it says what belongs into gaps, which no plain text has."""
        return self.learned in GAPS

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Shape of a batch of arrays; None where it is free."""
        return tuple(self.model.input.shape)

    @property
    def dtype(self) -> str:
        """Type of the arrays' elements."""
        return self.spec.input.dtype

    def __call__(self, x: Any) -> Any:
        """Return the network's output for arrays in original units, never in half precision.

        Images are pixels as they are and series values as they are, as their scaling lies in the
        network. That of a table's columns of numbers does not, and is done here.
        """
        return self.of_features(self.scaled(x))

    def scaled(self, x: Any) -> Any:
        """Return arrays in original units as the network was trained on them."""
        if not isinstance(self.encoder, TableEncoder):
            return x
        offset, scale = self.columns
        return (x - offset) / scale

    def of_features(self, x: Any) -> Any:
        """Return the network's output for arrays as it was trained on them."""
        outputs = self.model(x, training=False)
        half = outputs.dtype in ("float16", "bfloat16")
        return tf.cast(outputs, WHOLE) if half else outputs

    @functools.cached_property
    def predict(self) -> Callable[[Any], Any]:
        """:meth:`of_features`, compiled as Keras's own ``predict`` is, for arrays of all sizes."""
        spec = tf.TensorSpec(self.shape, self.model.input.dtype)
        return tf.function(self.of_features, input_signature=[spec])

    @property
    def meaning(self) -> str:
        """What the input is, for a person."""
        field = self.spec.input
        names = ", ".join(getattr(self.encoder, "names", None) or field.names or ())
        padded = (
            f", {field.pad} after the end of shorter texts"
            if self.spec.target.kind != "next"
            else ""
        )
        return {
            "tokens": f"ids of vocabulary.json{padded}",
            "image": "pixels, 0 to 255; height, width and channels",
            "series": f"values in original units; time by columns: {names}",
            "table": f"values in original units, 1 or 0 for column=category; columns: {names}",
        }.get(field.kind, field.kind)

    @property
    def output_meaning(self) -> str:
        """What the output is, for a person."""
        target = self.spec.target
        names = ", ".join(target.names or ())
        made = "(batch, height, width, channels): pixels, in the units of those that are read"
        return {
            "image": made,
            "picture": made,
            "label": "(batch, classes): the probability of each class of classes.json",
            "next": "(batch, time, words): logits of the token after each, of vocabulary.json",
            "future": f"(batch, horizon, columns), in original units: {names}",
            "value": f"(batch, values), in original units: {names}",
            "tags": "(batch, time, classes): the probability of each tag of classes.json",
            "span": "(batch, time, 2): logits of each token being an answer's first and its last",
        }.get(target.kind, "as the network gives them")

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """What is subtracted from each feature of a table and what it is divided by, float32."""
        encoder = self.encoder
        rest = len(encoder.names) - len(encoder.numeric)
        offset, scale = [*encoder.mean, *[0.0] * rest], [*encoder.deviation, *[1.0] * rest]
        return np.array(offset, WHOLE), np.array(scale, WHOLE)


def open_subject(folder: RunFolder, *, whole: bool) -> Subject:
    """Open a run's network for export.

    Args:
        folder: The run.
        whole: Whether the network must compute in float32, whatever it was trained in.

    Raises:
        Refused: If a file of the run is damaged.
    """
    from toolkit.training.assemble import assemble, open_network

    config = folder.settings()
    spec, encoder = read_spec(folder)
    encoder = getattr(encoder, "as_texts", encoder)  # questions, words: as a pair or a text
    model, trained_in = open_network(folder.need_model()), config["trainer"].get("precision", WHOLE)
    if len(spec.inputs) != 1:
        raise Refused(f"run: only networks of one input are exported; {folder.path} has more.")
    precision = trained_in
    if whole and trained_in != WHOLE:
        keras.config.set_dtype_policy(WHOLE)
        task, spec = learner(config["task"], config["model"], spec)
        built = assemble(config["model"], spec, task, batch_size=1).inference
        built.set_weights(model.get_weights())
        model, precision = built, WHOLE
    for layer in model._flatten_layers():
        if getattr(layer, "use_cudnn", None):  # its operations exist on one maker's devices only
            layer.use_cudnn = False
    learned = config["task"]["name"]
    return Subject(model, spec, encoder, precision, trained_in, config["model"], learned)


def loops(model: keras.Model) -> bool:
    """Say whether a network holds recurrent layers whose steps are not written out."""
    kinds = (keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU)
    return any(isinstance(x, kinds) and not x.unroll for x in model._flatten_layers())
