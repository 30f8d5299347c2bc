"""Where a network of features comes from: a run, a file or ``keras.applications``."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from toolkit.errors import Refused, did_you_mean

APPLICATIONS = (
    *(f"ConvNeXt{size}" for size in ("Base", "Large", "Small", "Tiny", "XLarge")),
    *(f"DenseNet{depth}" for depth in (121, 169, 201)),
    *(f"EfficientNetB{number}" for number in range(8)),
    *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "L", "M", "S")),
    *("InceptionResNetV2", "InceptionV3"),
    *("MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small"),
    *("NASNetLarge", "NASNetMobile"),
    *(f"ResNet{depth}" for depth in ("50", "101", "152", "50V2", "101V2", "152V2")),
    *("VGG16", "VGG19", "Xception"),
)
"""Networks of ``keras.applications``, whose weights are downloaded once."""
OFFLINE = (
    "What works without a network: task.features=RUN, the folder of a finished run that reads "
    "images (python -m toolkit recipe=vision/cifar10_cnn), or task.features=FILE.keras"
)


@dataclass(frozen=True)
class FeatureSource:
    """A network of features, found and not opened.

    Attributes:
        name: What the user gave.
        path: Its file; None for one of ``keras.applications``.
        bytes: Whether it takes pixels from 0 to 255; else they are from 0 to 1.
        layers: Names of its layers, where they can be told without Keras.
    """

    name: str
    path: Path | None = None
    bytes: bool = True
    layers: tuple[str, ...] = ()

    @classmethod
    def find(cls, name: str) -> FeatureSource:
        """Look for a network, without TensorFlow.

        Args:
            name: The folder of a run that reads images and has a network, a ``.keras`` file that
                takes pixels from 0 to 255, or the name of a network of ``keras.applications``.

        Raises:
            Refused: If it is none of these.
        """
        if name in APPLICATIONS:
            return cls(name)
        path = Path(name).expanduser()
        if path.is_file() and path.suffix == ".keras":
            return cls(name, path, True, _layers(path))
        if not (path / "config.yaml").is_file():
            raise Refused(
                "task.features: expected the folder of a finished run that reads images, a .keras "
                f"file, or a network of keras.applications; '{name}' is none of them."
                f"{did_you_mean(name, APPLICATIONS)}"
            )
        whole = _reads_bytes(path)
        network = path / "model.keras"
        if not network.is_file() or not (path / "results.json").is_file():
            raise Refused(
                f"task.features: the run at {name} is not finished; resume run={name} first."
            )
        return cls(name, network, whole, _layers(network))

    def check(self, key: str, wanted: list[str] | None) -> list[str]:
        """Return a fault for each layer that is named and not there, where that can be told.

        Args:
            key: The option that names them.
            wanted: Names of layers.
        """
        return unknown_layers(key, wanted, self.layers, self.name) if self.layers else []


def unknown_layers(
    key: str, wanted: list[str] | None, known: tuple[str, ...], network: str
) -> list[str]:
    """Return a sentence for each name that is no layer's, with the nearest ones and all there are.

    Args:
        key: The option that names them.
        wanted: Names of layers; None for none.
        known: Names that there are.
        network: What has these layers, for the message.
    """
    faults = []
    for name in wanted or ():
        if name not in known:
            hint = did_you_mean(name, known)
            listed = f" Its layers: {', '.join(known)}." if "Did you mean" in hint else hint
            near = hint if "Did you mean" in hint else ""
            faults.append(f"task.{key}: no layer '{name}' in {network}.{near}{listed}")
    return faults


def missing_features(task: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``task.features`` and the layers of it that are named.

    Args:
        task: Checked values of config group ``task``; those without ``features`` have no fault.
    """
    if task.get("features") is None:
        return []
    try:
        source = FeatureSource.find(str(task["features"]))
    except Refused as refusal:
        return refusal.faults
    keys = ("content_layers", "style_layers")
    return [fault for key in keys for fault in source.check(key, task.get(key))]


def _reads_bytes(folder: Path) -> bool:
    """Return whether a run's images are bytes.

    Raises:
        Refused: If it has learned of something else than images, or cannot be read.
    """
    try:
        learned = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))["task"]["name"]
        spec = json.loads((folder / "spec.json").read_text("utf-8"))
        (field,) = spec["inputs"].values()
        kind, dtype = field["kind"], field["dtype"]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise Refused(f"task.features: the run at {folder} cannot be read ({error}).") from None
    if kind != "image" or learned == "style_transfer":
        raise Refused(
            "task.features: expected a run whose network reads images; "
            f"{folder} has learned {learned} of inputs of kind {kind}."
        )
    return str(dtype) == "uint8"


def _layers(path: Path) -> tuple[str, ...]:
    """Return the names of the layers in a ``.keras`` file; none where it cannot be told."""
    try:
        with zipfile.ZipFile(path) as archive:
            layers = json.loads(archive.read("config.json"))["config"]["layers"]
        names = [layer["config"]["name"] for layer in layers if layer["class_name"] != "InputLayer"]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return ()  # told when it is opened
    return tuple(names)
