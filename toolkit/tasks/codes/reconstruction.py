"""Giving back what was read, through a code: autoencoders, plain and denoising."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from toolkit.data.pipeline import FIXED
from toolkit.data.spec import Field, Spec, Target
from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.tasks.codes.noises import ON_IMAGES, Noise, noisy
from toolkit.tasks.part import Part
from toolkit.tasks.units import BYTE, scaled, unscaled
from toolkit.types import Positive

SAMPLE = 2000
"""Examples, at most, that a baseline is computed on: evenly spaced, as data may come in order."""


class Reconstruction:
    """Learn to give back what was read, through a code (Hinton and Salakhutdinov 2006).

    An encoder makes a code of each example and a decoder the example of its code. With ``noise``
    the encoder reads the example with noise in it and the decoder is to give it without (Vincent et
    al. 2008). Errors are told on images from 0 to 1 and on standardised values; ``model.keras``
    takes and gives an example in its own units, ``encoder.keras`` gives its code.

    Args:
        loss: ``cross_entropy`` takes a pixel's brightness for the chance that it is white; ``mse``
            and ``mae`` are of all kinds of values. ``auto``: ``cross_entropy`` for images, else
            ``mse``.
        noise: What is done to the examples that are read: see ``toolkit.tasks.codes.noises``; null
            does nothing.
        amount: How strong the noise is: a standard deviation for ``gaussian``, else a share.
    """

    inputs: ClassVar = frozenset({"image", "series", "table"})
    targets: ClassVar = frozenset(get_args(Target)) - {"future", "next", "style"}
    needs: ClassVar = "any"
    causal: ClassVar = False
    form: ClassVar = ("encoder", "decoder")
    sampler: ClassVar = "examples"
    monitor: ClassVar = "loss"
    mode: ClassVar = "min"
    views: ClassVar[tuple[str, ...]] = ("reconstructions", "codes")
    reads: ClassVar = {"decoder": "code"}
    draws: ClassVar = False
    codes: ClassVar = "codes, as the encoder gives them"

    def __init__(
        self,
        *,
        loss: Literal["auto", "cross_entropy", "mse", "mae"] = "auto",
        noise: Noise | None = None,
        amount: Positive = 0.4,
    ):
        self.loss_name, self.noise, self.amount = loss, noise, amount
        self.label: str | None = None
        self.label_names: tuple[str, ...] = ()

    def shaped(self, spec: Spec) -> Spec:
        """Return the spec of data whose examples are both read and learned."""
        name = next(iter(spec.inputs))
        labels = [
            n
            for n, field in spec.targets.items()
            if field.classes and not field.multi_label and n != name
        ]
        self.label = next(iter(labels), None)
        self.label_names = () if self.label is None else spec.targets[self.label].classes or ()
        return Spec(spec.inputs, {name: self.bind(spec.input)})

    def bind(self, field: Any) -> Any:
        """Take note of what is learned; ``shaped`` does so."""
        self.field = field
        image = field.kind == "image"
        if self.loss_name == "auto":
            self.loss_name = "cross_entropy" if image else "mse"
        if self.loss_name == "cross_entropy" and not image:
            raise Refused(
                f"task.loss=cross_entropy is for images; the data's inputs are of kind "
                f"{field.kind}: mse or mae."
            )
        if self.noise in ON_IMAGES and not image:
            raise Refused(f"task.noise={self.noise} is for images: gaussian or masking.")
        return field

    def check(self, dataset: Any) -> None:
        """Refuse noise that would leave nothing."""
        if self.noise not in (None, "gaussian") and self.amount >= 1:
            raise Refused(
                f"task.amount={self.amount:g}: {self.noise} takes a share of what there is; "
                "expected less than 1."
            )

    def examples(self, x: Any, y: Any, weight: Any, seed: Any) -> Any:
        """Return a batch with noise in what is read.

        Args:
            x: The examples, shape ``(batch, …)``, by the input's name.
            y: The same.
            weight: What each counts, shape ``(batch,)``.
            seed: Shape ``(2,)``; the same gives the same noise.
        """
        if self.noise is None:
            return x, y, weight
        ((name, clean),) = x.items()
        values = noisy(scaled(clean, self.field), self.noise, self.amount, seed)
        if self.field.kind == "image":
            values = tf.clip_by_value(values, 0.0, 1.0)
        values = unscaled(values, self.field)
        if clean.dtype.is_integer:
            values = tf.round(values)
        return {name: tf.cast(values, clean.dtype)}, y, weight

    def assemble(self, model: Mapping[str, Any], spec: Spec, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.built import Built, saved
        from toolkit.tasks.codes.code_networks import code_networks
        from toolkit.tasks.objective import Objective

        self.bind(spec.input)
        networks = self.networks = code_networks(model, spec)
        outputs = networks.decoder(networks.code)
        network = keras.Model(networks.inputs, outputs, name="network")
        return Built(
            Objective(network, self, spec.target, accumulate=sizes.accumulate),
            saved(model, networks.inputs, self.finish(outputs)),
            networks.stages,
            beside={"encoder": networks.encoder, "decoder": self.writer(networks.decoder)},
        )

    def saved_parts(self, spec: Spec, encoder: Any) -> dict[str, Part]:
        """Return the whole and both halves; see ``toolkit.tasks.part``."""
        code, made = Field("code", ()), spec.input  # its shape is the network's to tell
        made = replace(made, kind="picture") if made.kind == "image" else made
        return {
            "reconstruction": Part(spec, encoder),
            "encoder": Part(Spec(spec.inputs, {"code": code}), encoder, "encoder"),
            "decoder": Part(
                Spec({"code": code}, {"made": made}), None, "decoder", {"code": self.codes}
            ),
        }

    def writer(self, decoder: Any) -> Any:
        """Return a decoder that gives examples in their own units."""
        return keras.Model(decoder.input, self.finish(decoder.output), name="decoder")

    def given(self, outputs: Any) -> Any:
        """Return what raw outputs say, images from 0 to 1 and other values standardised."""
        return keras.ops.sigmoid(outputs) if self.field.kind == "image" else outputs

    def finish(self, outputs: Any) -> Any:
        """Return what is given back, in the units of what was read."""
        if self.field.kind != "image":
            return unscaled(outputs, self.field)
        x = keras.layers.Activation("sigmoid", dtype=outputs.dtype)(outputs)
        byte = self.field.dtype == "uint8"
        return keras.layers.Rescaling(BYTE, dtype=outputs.dtype)(x) if byte else x

    def loss(self, y: Any, outputs: Any) -> Any:
        """Return each example's error, the mean over its numbers, shape ``(batch,)``.

        Args:
            y: The examples in their own units, shape ``(batch, …)``.
            outputs: Raw outputs, of the same shape.
        """
        truth = scaled(y, self.field)
        if self.loss_name == "cross_entropy":
            return _mean(cross_entropy(truth, outputs))
        return _mean(ERRORS[self.loss_name](truth - self.given(outputs)))

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return the mean squared error, whatever is learned by."""
        self.bind(target)

        def mse(y: Any, outputs: Any) -> Any:
            return _mean(keras.ops.square(scaled(y, self.field) - self.given(outputs)))

        return {"mse": keras.metrics.MeanMetricWrapper(mse, "mse", dtype="float32")}

    def observers(self, dataset: Any, split: Any) -> list[Any]:
        """Return what tells, on the test part, how well classes can be told from codes."""
        from toolkit.tasks.codes.linear_probe import LinearProbe

        if self.label is None or split is not dataset.test:
            return []
        return [LinearProbe(self, dataset, split)]

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the error of the mean training example, and with noise that of what is read."""
        (name,) = dataset.spec.targets
        if dataset.train.decode is not None:  # files: too many to be read for this
            return {}
        train, raw = (tf.constant(_sample(part.arrays[name])) for part in (dataset.train, split))
        truth = np.asarray(scaled(raw, self.field), "float64")
        mean = np.asarray(scaled(train, self.field), "float64").mean(axis=0)
        found = {"mse (mean of training)": float(np.square(truth - mean).mean())}
        if self.noise is not None:
            read, *_ = self.examples({name: raw}, raw, None, tf.constant([FIXED, 0], "int64"))
            values = np.asarray(scaled(read[name], self.field), "float64")
            found["mse (as it was read)"] = float(np.square(truth - values).mean())
        return found

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return what was given back, in the units of what was read, a list of numbers each."""
        return [{"reconstruction": np.round(row, 4).tolist()} for row in np.asarray(outputs)]


ERRORS = {"mse": lambda error: keras.ops.square(error), "mae": lambda error: keras.ops.abs(error)}
"""Errors that losses are the mean of."""


def cross_entropy(truth: Any, logits: Any) -> Any:
    """Return the cross entropy of each number, in nats; truth lies between 0 and 1."""
    return keras.ops.relu(logits) - logits * truth + keras.ops.softplus(-keras.ops.abs(logits))


def _sample(rows: Any) -> np.ndarray:
    """Return up to ``SAMPLE`` of an array's rows."""
    count = len(rows)
    return np.asarray(rows[np.linspace(0, count - 1, min(SAMPLE, count)).astype("int64")])


def _mean(values: Any) -> Any:
    """Return the mean over all axes but the first."""
    return keras.ops.mean(keras.ops.reshape(values, (keras.ops.shape(values)[0], -1)), axis=-1)
