"""From a description of a model, a task and a spec to networks that can be trained and saved."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from toolkit.blocks.state import CarriedState
from toolkit.data.batching import Batching
from toolkit.data.pipeline import Batches, example_batches, stream_batches, window_batches
from toolkit.data.spec import Dataset, Spec, Split
from toolkit.errors import Refused
from toolkit.models.network import build_network
from toolkit.tasks.objective import Objective
from toolkit.training.run_folder import replacing
from toolkit.training.transfer.layers import NamedLayer, layers_of

LONG_READ = 16
"""Lengths of a training step that a language model reads at once in evaluation."""


@dataclass(frozen=True)
class Trainable:
    """A network as it is trained and as it is saved.

    Attributes:
        objective: What ``fit`` trains.
        inference: What ``model.keras`` holds: stock layers, batch size free.
        shared: Whether both use the same layers. A language model is trained in a form that carries
            state, with weights of its own in the same order.
        stages: What the stem and each block gives, in the inference network.
    """

    objective: Objective
    inference: keras.Model
    shared: bool
    stages: tuple[tuple[str, Any], ...] = ()

    def layers(self) -> list[NamedLayer]:
        """Return the inference network's layers that have weights."""
        return layers_of(self.inference, self.stages)

    def training_layers(self) -> list[NamedLayer]:
        """Return the layers that are trained, in the same order."""
        return self.layers() if self.shared else layers_of(self.objective)

    @property
    def frozen(self) -> int:
        """How many parameters lie in layers that are not trained."""
        return sum(layer.size for layer in self.layers() if not layer.layer.trainable)

    def share(self) -> None:
        """Give the inference network's weights to the one that is trained."""
        if not self.shared:
            values = self.inference.get_weights()
            for weight, value in zip(self.objective.saved_weights, values, strict=True):
                weight.assign(value)

    def save(self, path: Path) -> None:
        """Write the inference network with the objective's present weights."""
        if not self.shared:
            self.inference.set_weights([w.numpy() for w in self.objective.saved_weights])
        with replacing(path) as temporary:
            aside = temporary.with_suffix(".tmp.keras")  # Keras wants its suffix
            try:
                self.inference.save(aside)
                aside.replace(temporary)
            finally:
                aside.unlink(missing_ok=True)

    def load(self, path: Path) -> None:
        """Take the weights of a saved network."""
        self.inference.set_weights(open_network(path).get_weights())
        self.share()


def open_network(path: Path) -> keras.Model:
    """Return a saved network.

    Raises:
        Refused: If the file is damaged.
    """
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        what = str(error).partition("\n")[0]
        raise Refused(f"{path} is damaged, or no network of this toolkit ({what}).") from error


def assemble(
    model: dict[str, Any],
    spec: Spec,
    task: Any,
    *,
    batch_size: int,
    eval_batch_size: int | None = None,
    class_weight: Any = None,
    accumulate: int = 1,
    length: int | None = None,
) -> Trainable:
    """Build the networks of a run.

    Args:
        model: ``stem`` and ``body``, as a model file has them.
        spec: Inputs and target.
        task: Head, loss and metrics.
        batch_size: Streams in training, for a language model.
        eval_batch_size: Streams in evaluation, likewise.
        class_weight: Weight of each class id.
        accumulate: Parts of a batch whose gradients are summed before one update.
        length: Tokens of a stream in a batch; None takes the task's.
    """
    target = spec.target
    streams = task.sampler == "streams"
    build = {"stem": model.get("stem") or {}, "body": model["body"]}
    inputs, features = build_network(_shaped(spec, task), **build, mask=not streams)
    outputs, stages = task.head(features, target), features.stages
    (entry,) = inputs.values()  # one input is given as it is, and not in a mapping
    inference = keras.Model(entry, task.finish(outputs), name=model.get("name", "model"))
    if not streams:
        network = keras.Model(inputs, outputs, name="network")
        objective = Objective(
            network, task, target, class_weight=class_weight, accumulate=accumulate
        )
        return Trainable(objective, inference, shared=True, stages=stages)

    from toolkit.tasks.stream_objective import StreamObjective

    state = CarriedState()
    length = length or task.sequence_length
    inputs, features = build_network(spec.inputs, **build, mask=False, length=length, state=state)
    hidden, layer = task.hidden(features), task.output_layer(features, target)
    if not layer.built:
        layer.build(hidden.shape)
    entries = {**inputs, **{t.name: t for t in state.inputs}}
    stream_objective = StreamObjective(
        keras.Model(entries, [hidden, *state.outputs], name="network"),
        [t.name for t in state.inputs],
        layer,
        task,
        target,
        batch_size=batch_size,
        eval_batch_size=eval_batch_size or 1,
        accumulate=accumulate,
    )
    trainable = Trainable(stream_objective, inference, shared=False, stages=stages)
    trainable.share()
    return trainable


def _shaped(spec: Spec, task: Any) -> dict[str, Any]:
    """Return the input fields as examples of this task have them."""
    window = getattr(task, "window", None)
    if window is None:
        return spec.inputs
    return {k: replace(f, shape=(window.context, *f.shape[1:])) for k, f in spec.inputs.items()}


def training_batches(dataset: Dataset, task: Any, batching: Batching, seed: int) -> Batches:
    """Return the training split's batches, shuffled (or as streams) and augmented."""
    split, size = dataset.train, batching.batch_size
    if task.sampler == "streams":
        if batching.augment:
            raise Refused("data.augment: streams of text for a language model are not augmented.")
        return stream_batches(split, dataset.spec, size, task.sequence_length)
    if task.sampler == "windows":
        augment = batching.augment
        return window_batches(split, dataset.spec, size, task.window, seed=seed, augment=augment)
    return example_batches(
        split,
        dataset.spec,
        size,
        seed=seed,
        bucket=batching.bucket_by_length,
        augment=batching.augment,
    )


def evaluation_batches(split: Split, spec: Spec, task: Any, batching: Batching) -> Batches:
    """Return a split's batches in order, as they are."""
    if task.sampler == "streams":
        streams, length = batching.eval_batch_size or 1, task.sequence_length
        parts = min(LONG_READ, -(-len(split) // (streams * length)))
        return stream_batches(split, spec, streams, length * max(parts, 1))
    size = batching.eval_batch_size or batching.batch_size
    if task.sampler == "windows":
        return window_batches(split, spec, size, replace(task.window, stride=1))
    return example_batches(split, spec, size)
