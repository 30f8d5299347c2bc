"""The vector that a run's network makes of an example: sentence embeddings, for texts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from toolkit.data.damage import naming_damage
from toolkit.data.pipeline import example_batches
from toolkit.data.shares import shared
from toolkit.data.spec import Field, Spec, Split
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.replicas import scope
from toolkit.training.run_folder import RunFolder
from toolkit.training.settings import TrainerSettings
from toolkit.training.strategy import strategy_of

HEAD = "head"
"""Name of the layer that a classifier or regression ends in."""


def embedded(
    folder: RunFolder,
    model: Any,
    split: Split,
    spec: Spec,
    task: Any,
    batch_size: int,
    settings: TrainerSettings,
) -> list[dict[str, Any]]:
    """Return the vector of each example.

    It is what the head of a classifier or regression reads, or the code of an autoencoder, all of
    its numbers in one row. Where there is neither (a masked or another language model) it is the
    mean over the positions of what the last block gives, padding left out (Reimers and Gurevych,
    "Sentence-BERT", EMNLP 2019, arXiv:1908.10084).

    Args:
        folder: The run's.
        model: Its saved network.
        split: The examples.
        spec: What they hold.
        task: What was learned.
        batch_size: Rows at a time.
        settings: Which devices share them, as the network was opened for.

    Returns:
        A row for each example, with ``embedding``, a list of numbers.

    Raises:
        Refused: If the network makes no vector of one input.
    """
    from toolkit.training.assemble import open_network

    if task.sampler == "windows" or len(spec.inputs) > 1:
        raise Refused("embed: this run's network makes no vector of an example; expected false.")
    strategy, coder = strategy_of(settings), folder.path / "encoder.keras"
    head = {layer.name: layer for layer in model.layers}.get(HEAD)
    if coder.is_file():
        with scope(strategy):
            network = open_network(coder)
    elif head is not None and len(head.input.shape) == 2:
        network = keras.Model(model.input, head.input)
    else:
        from toolkit.training.reopen import reopen

        trainable = reopen(folder, settings=settings)[1]
        network = keras.Model(trainable.inference.input, trainable.stages[-1].x)
    # Language models have no padding, so their rows go one at a time.
    alike = task.sampler == "streams" or (task.sampler == "packed" and task.causal)
    ((name, field),) = spec.inputs.items()
    compute = shared(strategy, lambda given: network(given, training=False))
    rows = []
    with naming_damage([split]):
        for x, _, _ in example_batches(split, spec, 1 if alike else batch_size).once():
            features = np.asarray(compute(x[name]), "float32")
            if coder.is_file():
                features = features.reshape(len(features), -1)
            elif features.ndim > 2:
                features = _mean(features, np.asarray(x[name]), field, alike)
            rows += [{"embedding": vector.tolist()} for vector in features]
    return rows


def framed(encoder: Any, causal: bool) -> Any:
    """Return an encoder whose texts have their special tokens, where its streams had none."""
    if causal or getattr(encoder, "framed", True):
        return encoder
    return replace(encoder, framed=True)


def _mean(features: np.ndarray, ids: np.ndarray, field: Field, alike: bool) -> np.ndarray:
    """Return the mean over real positions, shape ``(batch, width)``."""
    flat = features.reshape(len(features), -1, features.shape[-1])
    real = np.ones(flat.shape[:2], "float32")
    if field.kind == "tokens" and not alike and ids.shape == real.shape:
        real = (ids != field.pad).astype("float32")
        real[:, 0] = 1
    return (flat * real[..., None]).sum(1) / real.sum(1, keepdims=True)
