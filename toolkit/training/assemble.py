"""From a description of a model, a task and a spec to networks that can be trained and saved."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras

from toolkit.data.spec import Spec
from toolkit.errors import Refused
from toolkit.models.network import Stage
from toolkit.tasks.built import Sizes, plain
from toolkit.tasks.meeting import divide
from toolkit.tasks.objective import Objective
from toolkit.training.run_folder import replacing
from toolkit.training.strategy import as_on_one_device
from toolkit.training.transfer.layers import NamedLayer, layers_of
from toolkit.training.transfer.merged import put_weights


@dataclass(frozen=True)
class Trainable:
    """A network as it is trained and as it is saved.

    Attributes:
        objective: What ``fit`` trains.
        inference: What ``model.keras`` holds: stock layers, batch size free.
        shared: Whether both use the same layers. A language model is trained in a form that carries
            state, with weights of its own in the same order.
        stages: What the stems and the blocks give of which it is made.
        beside: Further networks, saved beside it by name, that share layers with the objective.
        notes: What the user is to be told of them before training begins.
    """

    objective: Objective
    inference: keras.Model
    shared: bool
    stages: tuple[Stage, ...] = ()
    beside: Mapping[str, keras.Model] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def layers(self) -> list[NamedLayer]:
        """Return the inference network's layers that have weights."""
        return layers_of(self.inference, self.stages)

    def training_layers(self) -> list[NamedLayer]:
        """Return the layers that are trained, in the same order."""
        return self.layers() if self.shared else layers_of(self.objective)

    def layers_beside(self) -> dict[str, list[NamedLayer]]:
        """Return of each network beside it, by name, the layers that no network before it has."""
        seen, found = {id(layer.layer) for layer in self.layers()}, {}
        for name, network in self.beside.items():
            own = [layer for layer in layers_of(network) if id(layer.layer) not in seen]
            seen |= {id(layer.layer) for layer in own}
            if own:
                found[name] = own
        return found

    def parameters_beside(self) -> dict[str, int]:
        """Return how many parameters each network beside it has, what others have left out."""
        return {
            name: sum(layer.size for layer in layers)
            for name, layers in self.layers_beside().items()
        }

    @property
    def frozen(self) -> int:
        """How many parameters lie in layers that are not trained, or not trained as a whole."""
        return sum(layer.frozen for layer in self.layers())

    def share(self) -> None:
        """Give the inference network's weights to the one that is trained."""
        if not self.shared:
            values = self.inference.get_weights()
            for weight, value in zip(self.objective.saved_weights, values, strict=True):
                weight.assign(value)

    def settle(self) -> None:
        """Give the weights that are trained to the inference network."""
        if not self.shared:
            self.inference.set_weights([w.numpy() for w in self.objective.saved_weights])

    def save(self, path: Path) -> None:
        """Write the inference network with the objective's present weights."""
        self.settle()
        for name, network in self.beside.items():
            save_network(network, path.with_name(f"{name}.keras"))
        save_network(self.inference, path)

    def load(self, path: Path) -> None:
        """Take the weights of a saved network, and of those beside it."""
        for name, network in self.beside.items():
            put_weights(network, open_network(path.with_name(f"{name}.keras")).get_weights())
        put_weights(self.inference, open_network(path).get_weights())
        self.share()


def save_network(network: keras.Model, path: Path) -> None:
    """Write a network, whole or not at all."""
    with replacing(path) as temporary:
        aside = temporary.with_suffix(".tmp.keras")  # Keras wants its suffix
        try:
            with as_on_one_device(network):
                network.save(aside)
            aside.replace(temporary)
        finally:
            aside.unlink(missing_ok=True)


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
        model: ``stem`` and the networks' blocks, as a model file has them.
        spec: Inputs and target.
        task: Head, loss and metrics.
        batch_size: Streams in training, for a language model.
        eval_batch_size: Streams in evaluation, likewise.
        class_weight: Weight of each class id.
        accumulate: Parts of a batch whose gradients are summed before one update.
        length: Tokens of a stream in a batch; None takes the task's.

    Raises:
        Refused: If the task's batches cannot be cut into parts.
    """
    divide(task, accumulate)
    sizes = Sizes(batch_size, eval_batch_size, class_weight, accumulate, length)
    make = getattr(task, "assemble", None) or partial(plain, task)
    built = make(model, spec, sizes)
    trainable = Trainable(
        built.objective,
        built.inference,
        built.shared,
        built.stages,
        built.beside,
        built.notes,
    )
    trainable.share()
    return trainable
