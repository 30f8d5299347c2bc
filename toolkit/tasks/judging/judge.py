"""A fixed network that looks at images, real and generated ones alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.tasks.judging.inception import NAME, inception
from toolkit.tasks.units import BYTE
from toolkit.undisturbed import undisturbed

CLASSIFIES = "classification"
AT_ONCE = 50
"""Images that Inception-v3 looks at together: enlarged, hundreds of them would fill the memory."""


class Judge:
    """What a trained classifier, or another network, sees in images.

    Of a run that has learned to classify pictures it is what the head reads, and the probability of
    each class. Of a ``.keras`` file, such as an Inception network with weights, it is the output,
    one vector for each image; it is given pixels from 0 to 255, in its own size and number of
    channels, so what it wants otherwise must be its first layer. ``InceptionV3`` is the network of
    ``keras.applications``: see :func:`toolkit.tasks.judging.inception.inception`, also on why its
    figures are not a paper's. Images are brought to its size by bilinear interpolation.

    Args:
        name: Folder of a finished run of the task classification, a ``.keras`` file, or
            ``InceptionV3``.
        weights: File of the weights of ``InceptionV3``; None: downloaded once.

    Attributes:
        path: The network's file.
        classes: Names of the run's classes; empty of another network.
        inception: Whether it is ``InceptionV3``, whose classes are ImageNet's.
        accuracy: The run's, by name, ``("test/accuracy", 0.99)``; None where there is none.

    Raises:
        Refused: If there is no such run or file, or the run has learned something else.
    """

    def __init__(self, name: str, weights: str | None = None):
        self.name, self.path, self.weights = name, Path(name), weights
        self.classes: tuple[str, ...] = ()
        self.accuracy: tuple[str, float] | None = None
        self.shape: tuple[int, ...] | None = None
        self.inception = name == NAME
        if weights is not None and not self.inception:
            raise Refused(f"task.judge_weights: is for task.judge={NAME}; here it is {name}.")
        if self.inception:
            if weights is not None and not Path(weights).is_file():
                raise Refused(f"task.judge_weights: no file {weights}.")
            return
        if self.path.is_file() and self.path.suffix == ".keras":
            return
        self._read_run(self.path)
        self.path = self.path / "model.keras"

    def _read_run(self, folder: Path) -> None:
        config, results = (folder / name for name in ("config.yaml", "results.json"))
        if not config.is_file():
            raise Refused(
                f"task.judge: expected the folder of a finished run of classification, a .keras "
                f"file or {NAME}; {folder} is none of them."
            )
        try:
            learned = yaml.safe_load(config.read_text("utf-8"))["task"]["name"]
            spec = json.loads((folder / "spec.json").read_text("utf-8"))
            found = json.loads(results.read_text("utf-8")) if results.is_file() else {}
            (image,), (target,) = (tuple(spec[part].values()) for part in ("inputs", "targets"))
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
            raise Refused(f"task.judge: the run at {folder} cannot be read ({error}).") from None
        if learned != CLASSIFIES or image["kind"] != "image" or target.get("multi_label"):
            raise Refused(
                f"task.judge: expected a run that has learned to tell one class of each image; "
                f"{folder} has learned {learned} of inputs of kind {image['kind']}."
            )
        if not found or not (folder / "model.keras").is_file():
            raise Refused(
                f"task.judge: the run at {folder} is not finished; resume run={folder} first."
            )
        self.classes, self.shape = tuple(target["classes"]), tuple(image["shape"])
        self.bytes = image["dtype"] == "uint8"
        accuracies = (n for n in ("test/accuracy", "valid/accuracy") if n in found)
        self.accuracy = next(((n, float(found[n])) for n in accuracies), None)

    def check(self, field: Any, classes: Iterable[str] = ()) -> None:
        """Refuse images, or classes that are asked for, which this network does not know.

        Args:
            field: The ``Field`` of the images.
            classes: Names of the classes that are asked for.
        """
        if None in field.shape:
            raise Refused("task.judge: needs images of one size.")
        if self.shape is None:
            channels, given = self.network.input.shape[-1], field.shape[-1]
            if channels not in (None, given) and (channels, given) != (3, 1):
                raise Refused(
                    f"task.judge: {self.name} looks at images of {channels} channels; those of the "
                    f"data have {given}."
                )
            return
        if self.shape != tuple(field.shape):
            raise Refused(
                f"task.judge: {self.name} looks at images of {_size(self.shape)}; those of the "
                f"data are {_size(field.shape)}."
            )
        if unknown := sorted({*classes} - {*self.classes}):
            raise Refused(
                f"task.judge: {self.name} does not know the class {unknown[0]}; its classes are "
                f"{', '.join(self.classes)}."
            )

    @cached_property
    def network(self) -> Any:
        """From images to features and, of a classifier, probabilities; opened at its first use."""
        with undisturbed():
            if self.inception:
                return inception(self.weights)
            try:
                model = keras.models.load_model(self.path, compile=False)
            except (OSError, ValueError, KeyError) as error:
                what = str(error).partition("\n")[0]
                raise Refused(f"task.judge: {self.path} cannot be opened ({what}).") from None
        if self.classes:
            head = [la for la in model.layers if isinstance(la, keras.layers.Dense)][-1]
            return keras.Model(model.input, {"features": head.input, "chances": model.output})
        fits = not isinstance(model.output, dict | list) and len(model.output.shape) == 2
        if not fits or len(getattr(model.input, "shape", ())) != 4:
            raise Refused(
                f"task.judge: {self.path} must take images and give one vector for each of them."
            )
        return keras.Model(model.input, {"features": model.output})

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return features ``(images, numbers)`` and probabilities of classes, None of a file.

        Args:
            images: uint8, or floats from 0 to 1, shape ``(images, height, width, channels)``.
        """
        step = AT_ONCE if self.inception else len(images)
        parts = [
            self._see(tf.convert_to_tensor(images[start : start + step]))
            for start in range(0, len(images), step)
        ]
        seen = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return seen["features"], seen.get("chances")

    @cached_property
    def _see(self) -> Any:
        _ = self.network  # opened here and not while the graph is traced
        return tf.function(self._look, reduce_retracing=True)

    def _look(self, images: Any) -> Mapping[str, Any]:
        whole = images.dtype == tf.uint8
        pixels = tf.cast(images, "float32") * (1.0 if whole else BYTE)
        entry = self.network.input
        if self.shape is None:
            height, width, channels = entry.shape[1:]
            if height is not None and width is not None:
                # Published distances are of images that are made small without antialiasing.
                pixels = tf.image.resize(pixels, (height, width), antialias=not self.inception)
            if channels == 3 and pixels.shape[-1] == 1:
                pixels = tf.image.grayscale_to_rgb(pixels)
        elif not self.bytes:
            pixels = pixels / BYTE
        elif not whole:
            pixels = tf.round(pixels)
        seen = self.network(tf.cast(pixels, entry.dtype), training=False)
        return {name: tf.cast(value, "float32") for name, value in seen.items()}


def missing_judge(task: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``task.judge``, if anything is; told without TensorFlow."""
    try:
        if task.get("judge") is not None:
            Judge(str(task["judge"]), task.get("judge_weights"))
        elif task.get("judge_weights") is not None:
            return [f"task.judge_weights: is for task.judge={NAME}; there is no judge."]
    except Refused as refusal:
        return refusal.faults
    return []


def _size(shape: Iterable[int | None]) -> str:
    return " x ".join(map(str, shape))
