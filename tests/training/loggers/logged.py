"""Four small trainings with everything on, each trained once; and how their event files read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.util import tensor_util

import toolkit
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split

WORDS = ("<pad>", "<unk>", "bad", "good", "film", "|", "<b>", "*")
EVERYTHING = {"name": "tensorboard", "every": 2, "histograms": True, "samples": 5}


@dataclass
class Events:
    """What event files of one folder hold, by tag: ``(step, value)`` in the order of the file."""

    scalars: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    texts: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    images: dict[str, list[tuple[int, list[bytes]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    histograms: dict[str, list[tuple[int, Any]]] = field(default_factory=lambda: defaultdict(list))
    hparams: dict[str, bytes] = field(default_factory=dict)
    graphs: list[bytes] = field(default_factory=list)


def read(folder: Path) -> Events:
    """Read the event files that lie in a folder, and not in those within it."""
    found = Events()
    kinds = {"scalars": found.scalars, "text": found.texts, "images": found.images}
    plugins: dict[str, str] = {}
    for path in sorted(folder.glob("events*")):
        for event in LegacyEventFileLoader(str(path)).Load():
            if event.HasField("graph_def"):
                found.graphs.append(event.graph_def)
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name or plugins[value.tag]
                plugins[value.tag] = plugin
                if plugin == "hparams":
                    found.hparams[value.tag] = value.metadata.plugin_data.content
                    continue
                tensor = tensor_util.make_ndarray(value.tensor)
                if plugin == "scalars":
                    tensor = tensor.item()
                elif plugin == "text":
                    tensor = tensor.item().decode()
                elif plugin == "images":
                    tensor = tensor.tolist()
                kinds.get(plugin, found.histograms)[value.tag].append((event.step, tensor))
    return found


def pictures() -> Dataset:
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        label = random.integers(0, 3, n).astype("int32")
        image = random.integers(0, 60, (n, 8, 8, 1)) + 60 * label[:, None, None, None]
        return Split({"image": image.astype("uint8"), "label": label})

    classes = Field("label", (), "int32", classes=("a", "b", "a rather long name of a class"))
    spec = Spec({"image": Field("image", (8, 8, 1), "uint8")}, {"label": classes})
    return Dataset(spec, split(40), split(20), split(20))


def reviews() -> Dataset:
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        label = random.integers(0, 2, n).astype("int32")
        rows = [[2 + one, *random.integers(4, 8, random.integers(1, 6))] for one in label]
        return Split({"tokens": Ragged.from_rows(rows), "label": label})

    tokens = Field("tokens", (None,), "int32", vocabulary=WORDS)
    spec = Spec({"tokens": tokens}, {"label": Field("label", (), "int32", classes=("no", "yes"))})
    return Dataset(spec, split(40), split(20), split(20), TextEncoder(WORDS))


def waves() -> Dataset:
    time = np.arange(300, dtype="float32")
    values = np.stack([100 + 10 * np.sin(time / 5), np.cos(time / 7)], 1)
    facts = {"names": ("load", "heat"), "offset": (100.0, 0.0), "scale": (7.0, 0.7)}
    spec = Spec(
        {"series": Field("series", (None, 2), **facts)},
        {"future": Field("future", (None, 2), **facts)},
    )
    rows = ((0, 200), (200, 250), (250, 300))
    return Dataset(spec, *(Split({"series": values}, rows=part) for part in rows))


def tale() -> Dataset:
    random = np.random.default_rng(0)
    words = ("<eos>", "a", "b", "c", "d", "e", "f", "g")

    def tokens(n: int) -> np.ndarray:
        steps = np.where(random.random(n) < 0.9, 1, random.integers(0, 8, n))
        return (np.cumsum(steps) % 8).astype("int32")

    token = Field("tokens", (None,), "int32", vocabulary=words)
    spec = Spec({"tokens": token}, {"next": Field("next", (None,), "int32", vocabulary=words)})
    splits = (Split({"tokens": tokens(n)}) for n in (403, 105, 103))
    return Dataset(spec, *splits, TextEncoder(words))


def cases() -> dict[str, dict[str, Any]]:
    """What is trained, by name."""
    recurrent = {"cell": "gru", "units": 6, "dropout": 0.3}
    flat = [{"pool": {"kind": "flatten"}}, {"dropout": {"rate": 0.4}}]
    return {
        "language model": {
            "model": {
                "name": "gru",
                "stem": {"tokens": {"units": 6, "tie": True}},
                "body": [{"recurrent": recurrent}],
            },
            "data": tale(),
            "task": {"name": "language_modelling", "sequence_length": 8},
            "batch_size": 5,
            "optimizer": {
                "name": "adam",
                "learning_rate": 0.05,
                "use_ema": True,
                "ema_momentum": 0.9,
            },
            "logger": {**EVERYTHING, "projector": True, "profile": [2, 3]},
        },
        "images": {
            "model": {"name": "cnn", "body": [{"conv": {"filters": [4]}}, *flat]},
            "data": pictures(),
            "batch_size": 7,
            "logger": EVERYTHING,
        },
        "texts": {
            "model": {"name": "mlp", "body": [{"dense": {"units": [4]}}]},
            "data": reviews(),
            "logger": EVERYTHING,
        },
        "forecaster": {
            "model": {"name": "mlp", "body": [{"dense": {"units": [4]}}]},
            "data": waves(),
            "task": {"name": "forecast", "context": 16, "horizon": 4},
            "batch_size": 40,
            "logger": EVERYTHING,
        },
    }


def train(case: dict[str, Any], folder: Path, **more: Any) -> toolkit.Run:
    """Train two epochs of one of the cases."""
    case = {"epochs": 2, "run_dir": folder, "quiet": True, **case, **more}
    return toolkit.train(case.pop("model"), case.pop("data"), **case)
