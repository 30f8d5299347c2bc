"""What is exported: a run's network, and what is known of its input and output."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.spec import Spec
from toolkit.data.tables.table_encoder import TableEncoder
from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.errors import Refused, did_you_mean
from toolkit.lazy import keras, tf
from toolkit.tasks.part import Part, parts_of
from toolkit.tasks.units import written
from toolkit.tasks.writing.sequence_to_sequence import SequenceToSequence
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
    "code": "code",
    "text": "logits",
}
"""What the network gives, by the kind of target that was learned."""
PICTURES = ("image", "picture")
WHOLE = "float32"
GAPS = ("masked_language_model", "replaced_token_detection")
"""Tasks that are learned on texts of which something is taken out."""


@dataclass(frozen=True)
class Subject:
    """A network and its interface in plain arrays.

    Attributes:
        model: The network.
        spec: Its inputs and what it has learned.
        encoder: What turns raw input into the first of its arrays; None where nothing does.
        precision: The policy that the network computes in.
        trained_in: The one that it was trained in.
        description: The model, as the run's configuration has it.
        learned: Name of the task.
        meanings: What inputs are, where their kind does not tell.
        writes: What writes texts with the network, and how; None where it writes none.
    """

    model: keras.Model
    spec: Spec
    encoder: Any
    precision: str
    trained_in: str
    description: dict[str, Any] = dataclasses.field(default_factory=dict)
    learned: str = ""
    meanings: Mapping[str, str] = dataclasses.field(default_factory=dict)
    writes: tuple[Any, Any] | None = None

    @property
    def entries(self) -> dict[str, Any]:
        """Type and shape of each array that goes in, a ``TensorSpec`` by name; None is free."""
        found = self.model.input
        found = found if isinstance(found, dict) else dict.fromkeys(self.spec.inputs, found)
        return {
            name: tf.TensorSpec(found[name].shape, field.dtype, name)
            for name, field in self.spec.inputs.items()
        }

    def structured(self, given: Mapping[str, Any]) -> Any:
        """Return arrays by name as the network takes them: of one input as it is."""
        return dict(given) if len(self.spec.inputs) > 1 else given[self.name]

    @property
    def shapes(self) -> dict[str, tuple[int | None, ...]]:
        """Shape of each array, batch first."""
        return {name: tuple(entry.shape) for name, entry in self.entries.items()}

    @property
    def reader(self) -> Any:
        """What turns raw input into all that the network takes; None where it takes arrays only."""
        return self.encoder if len(self.spec.inputs) == 1 else None

    @property
    def name(self) -> str:
        """Name of the input, the first of several."""
        return next(iter(self.spec.inputs))

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

    def __call__(self, x: Any) -> Any:
        """Return what is given for arrays in original units, never in half precision.

        Images are pixels as they are and series values as they are, as their scaling lies in the
        network. That of a table's columns of numbers does not, and is done here. Pictures are given
        as files hold them: bytes where the data has bytes, else from 0 to 1.

        Args:
            x: An array, or several by name, as :meth:`structured` gives them.
        """
        return self.finished(self.of_features(self.scaled(x)))

    def finished(self, outputs: Any) -> Any:
        """Return what the network gives, pictures as files hold them."""
        target = self.spec.target
        return written(outputs, target) if target.kind in PICTURES else outputs

    @property
    def gives_bytes(self) -> bool:
        """Whether what is given is rounded to bytes."""
        return self.spec.target.kind in PICTURES and self.spec.target.dtype == "uint8"

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
        return keras.ops.cast(outputs, WHOLE) if half else outputs

    @functools.cached_property
    def predict(self) -> Callable[[Any], Any]:
        """:meth:`of_features`, compiled as Keras's own ``predict`` is, for arrays of all sizes."""
        specs = self.structured(self.entries)
        return tf.function(self.of_features, input_signature=[specs])

    def vocabulary_file(self, name: str) -> str:
        """Return the file that has the words of an input."""
        same = self.spec.inputs[name].vocabulary == self.spec.input.vocabulary
        return "vocabulary.json" if same else f"{name}_vocabulary.json"

    def meaning(self, name: str) -> str:
        """Return what an input is, for a person."""
        if name in self.meanings:
            return self.meanings[name]
        field = self.spec.inputs[name]
        names = ", ".join(getattr(self.encoder, "names", None) or field.names or ())
        top = "255" if field.dtype == "uint8" else "1"
        padded = (
            f", {field.pad} after the end of shorter texts"
            if self.spec.target.kind != "next"
            else ""
        )
        return {
            "tokens": f"ids of {self.vocabulary_file(name)}{padded}",
            "image": f"pixels, 0 to {top}; height, width and channels",
            "label": "ids of classes.json, from 0",
            "series": f"values in original units; time by columns: {names}",
            "table": f"values in original units, 1 or 0 for column=category; columns: {names}",
        }.get(field.kind, field.kind)

    @property
    def output_meaning(self) -> str:
        """What the output is, for a person."""
        target = self.spec.target
        names = ", ".join(target.names or ())
        top = "255" if target.dtype == "uint8" else "1"
        made = f"(batch, height, width, channels): pixels, {target.dtype} from 0 to {top}"
        return {
            "image": made,
            "picture": made,
            "label": "(batch, classes): the probability of each class of classes.json",
            "next": "(batch, time, words): logits of the token after each, of vocabulary.json",
            "future": f"(batch, horizon, columns), in original units: {names}",
            "value": f"(batch, values), in original units: {names}",
            "tags": "(batch, time, classes): the probability of each tag of classes.json",
            "span": "(batch, time, 2): logits of each token being an answer's first and its last",
            "code": "the code of each; where codes are drawn from a distribution, its mean",
            "text": "(batch, time, words): logits of the token after each of those written",
        }.get(target.kind, "as the network gives them")

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """What is subtracted from each feature of a table and what it is divided by, float32."""
        encoder = self.encoder
        rest = len(encoder.names) - len(encoder.numeric)
        offset, scale = [*encoder.mean, *[0.0] * rest], [*encoder.deviation, *[1.0] * rest]
        return np.array(offset, WHOLE), np.array(scale, WHOLE)


def choose_part(folder: RunFolder, wanted: str | None) -> Part:
    """Return the network of a run that is wanted; told without TensorFlow.

    Args:
        folder: The run.
        wanted: Its name; None: that of ``model.keras``.

    Raises:
        Refused: If there is no such network, or it is of no use elsewhere.
    """
    config = folder.settings()
    spec, encoder = read_spec(folder)
    encoder = getattr(encoder, "as_texts", encoder)  # questions, words: as a pair or a text
    task, spec = learner(config["task"], config["model"], spec)
    parts = parts_of(task, spec, encoder)
    if not parts:
        raise Refused(
            f"run: {folder.path} has learned {config['task']['name']}: its network is one picture, "
            f"{folder.picture}, and takes nothing."
        )
    if wanted is not None and wanted not in parts:
        raise Refused(f"part: no '{wanted}' in {folder.path}.{did_you_mean(wanted, parts)}")
    return parts[wanted or next(iter(parts))]


def open_subject(folder: RunFolder, *, whole: bool, part: Part | None = None) -> Subject:
    """Open a run's network for export.

    Args:
        folder: The run.
        whole: Whether the network must compute in float32, whatever it was trained in; it is then
            the network alone, without what writes texts with it.
        part: Which of its networks; None: that of ``model.keras``.

    Raises:
        Refused: If a file of the run is missing or damaged.
    """
    from toolkit.training.assemble import assemble, open_network

    config, part = folder.settings(), part or choose_part(folder, None)
    folder.need_model()
    model = open_network(folder.path / f"{part.file}.keras")
    precision = trained_in = config["trainer"].get("precision", WHOLE)
    if whole and trained_in != WHOLE:
        keras.config.set_dtype_policy(WHOLE)
        task, spec = learner(config["task"], config["model"], read_spec(folder)[0])
        networks = assemble(config["model"], spec, task, batch_size=1)
        built = networks.beside.get(part.file, networks.inference)
        built.set_weights(model.get_weights())
        model, precision = built, WHOLE
    for_all_devices(model)
    about = config["model"], config["task"]["name"], part.meanings
    takes_texts = isinstance(part.encoder, WritingEncoder) and not whole
    writes = _what_writes(folder, model, trained_in) if takes_texts else None
    return Subject(model, part.spec, part.encoder, precision, trained_in, *about, writes)


def _what_writes(folder: RunFolder, trained: keras.Model, precision: str) -> Any:
    """Return a ``Writer`` with a run's weights and its ``Decoding``, where the run writes freely.

    What takes a sentence of the text for its summary has no form in TensorFlow operations.
    """
    config = folder.settings()
    task, spec = learner(config["task"], config["model"], read_spec(folder)[0])
    if not isinstance(task, SequenceToSequence) or task.extract:
        return None
    from toolkit.tasks.writing.sequence_objective import writer_of

    keras.config.set_dtype_policy(precision)
    return writer_of(task, config["model"], spec, trained), task.decoding


def for_all_devices(model: keras.Model) -> None:
    """Have a network use no operations that exist on one maker's devices only."""
    for layer in model._flatten_layers():
        if getattr(layer, "use_cudnn", None):
            layer.use_cudnn = False


def loops(model: keras.Model) -> bool:
    """Say whether a network holds recurrent layers whose steps are not written out."""
    kinds = (keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU)
    return any(isinstance(x, kinds) and not x.unroll for x in model._flatten_layers())
