"""Giving back what was read through a code that is drawn: variational autoencoders."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.data.spec import Spec
from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.losses import gaussian_kl
from toolkit.tasks.codes.reconstruction import Reconstruction, cross_entropy
from toolkit.tasks.judging.judging import JudgedImages, Judging
from toolkit.tasks.judging.maker import Maker
from toolkit.tasks.units import BYTE, scaled
from toolkit.types import Count, NonNegative, Positive, PositiveInt


class Variational(Reconstruction):
    """Learn a distribution of the examples by a code that is drawn (Kingma and Welling 2014).

    The encoder ends in the block ``sampling``: it gives a normal distribution for each example, of
    which the code is drawn. ``loss`` is in nats an example: ``reconstruction``, the negative log
    likelihood of the example given its code, and ``beta`` times ``kl``, how far the code's
    distribution is from the standard normal one. With ``beta=1`` it is the negative evidence lower
    bound, ``negative_elbo``. The saved network takes each code's mean, ``encoder.keras`` gives it,
    ``posterior.keras`` the logarithm of the variance with it; ``decoder.keras`` makes examples of
    codes that are drawn.

    Args:
        beta: Weight of ``kl``. Above 1, codes are more independent and reconstructions worse
            (Higgins et al. 2017).
        likelihood: ``bernoulli``: a pixel is white with the chance that the decoder gives, the
            cross entropy; ``gaussian``: normal around what the decoder gives. ``auto``:
            ``bernoulli`` for images, else ``gaussian``.
        deviation: Standard deviation of ``gaussian``, of images from 0 to 1 or standardised values.
        binarize: Whether pixels are drawn to be black or white, by their brightness, anew each time
            in training and always alike in evaluation: what published bounds in nats are of
            (Salakhutdinov and Murray 2008).
        importance_samples: Codes drawn for each example of the test part to tell
            ``importance_bound``, a tighter bound on the negative log likelihood (Burda et al.
            2016, arXiv:1509.00519); 0 does not.
        judge: A fixed classifier that images are measured by which are decoded from codes drawn of
            the standard normal: the folder of a finished run of classification on the same data, a
            ``.keras`` file whose output is a vector for each image, or ``InceptionV3``; null
            measures nothing. The best epoch is that of the least loss all the same, unless
            ``trainer.monitor`` says ``frechet_distance``. See ``toolkit.tasks.judging.judge``.
        judge_weights: File of the weights of ``judge=InceptionV3``, as Keras has them; null: they
            are downloaded once.
        judged: Images that are decoded to be judged; 2,000 at most after each epoch.

    References:
        Kingma and Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    inputs: ClassVar = frozenset({"image", "series", "table"})
    views: ClassVar[tuple[str, ...]] = ("reconstructions", "drawn", "traversals", "codes")
    draws: ClassVar = True
    codes: ClassVar = "codes: drawn standard normal for new examples, or as the encoder gives them"
    makes_images: ClassVar = True

    def __init__(
        self,
        *,
        beta: NonNegative = 1.0,
        likelihood: Literal["auto", "bernoulli", "gaussian"] = "auto",
        deviation: Positive = 1.0,
        binarize: bool = False,
        importance_samples: Count = 0,
        judge: str | None = None,
        judge_weights: str | None = None,
        judged: PositiveInt = 10_000,
    ):
        super().__init__()
        self.judging = None if judge is None else Judging(judge, judged, judge_weights)
        self.beta, self.likelihood, self.deviation = beta, likelihood, deviation
        self.binarize, self.importance_samples = binarize, importance_samples

    def bind(self, field: Any) -> Any:
        """Take note of what is learned; ``shaped`` does so."""
        image = field.kind == "image"
        if self.likelihood == "auto":
            self.likelihood = "bernoulli" if image else "gaussian"
        for name, asked in (
            ("likelihood=bernoulli", self.likelihood == "bernoulli"),
            ("binarize=true", self.binarize),
            ("judge", self.judging is not None),
        ):
            if asked and not image:
                raise Refused(
                    f"task.{name} is for images; the data's inputs are of kind {field.kind}."
                )
        return super().bind(field)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of what a judge tells."""
        return () if self.judging is None else self.judging.figures

    def check(self, dataset: Any) -> None:
        """Refuse images that the judge cannot look at, or too few of them."""
        if self.judging is not None:
            self.judging.check(dataset, dataset.spec.input)

    def examples(self, x: Any, y: Any, weight: Any, seed: Any) -> Any:
        """Return a batch, its pixels black or white where that is asked for."""
        if not self.binarize:
            return x, y, weight
        ((name, given),) = x.items()
        values = scaled(given, self.field)
        white = tf.random.stateless_uniform(tf.shape(values), seed) < values
        top = BYTE if self.field.dtype == "uint8" else 1.0
        drawn = tf.cast(tf.cast(white, "float32") * top, given.dtype)
        return {name: drawn}, drawn, weight

    def assemble(self, model: Mapping[str, Any], spec: Spec, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.built import Built, saved
        from toolkit.tasks.codes.code_networks import code_networks
        from toolkit.tasks.objective import Objective

        self.bind(spec.input)
        networks = self.networks = code_networks(model, spec)
        posterior = networks.posterior
        outputs = {"decoded": networks.decoder(networks.features.x), **posterior.output}
        network = keras.Model(networks.inputs, outputs, name="network")
        given_back = self.finish(networks.decoder(networks.code))
        decoder = self.writer(networks.decoder)
        self.maker = Maker(decoder, self.field, self.draw)
        return Built(
            Objective(network, self, spec.target, accumulate=sizes.accumulate),
            saved(model, networks.inputs, given_back),
            networks.stages,
            beside={"encoder": networks.encoder, "posterior": posterior, "decoder": decoder},
        )

    def draw(self, count: Any, seed: Any) -> Any:
        """Return codes of the standard normal distribution, shape ``(count, …)``.

        Args:
            count: How many.
            seed: A Keras seed generator, or a number that always gives the same codes.
        """
        return keras.random.normal((count, *self.networks.code.shape[1:]), seed=seed)

    def reconstruction(self, y: Any, decoded: Any) -> Any:
        """Return each example's negative log likelihood given a code, in nats, ``(batch,)``."""
        truth = scaled(y, self.field)
        if self.likelihood == "bernoulli":
            return _sum(cross_entropy(truth, decoded))
        error = (truth - self.given(decoded)) / self.deviation
        constant = 0.5 * math.log(2 * math.pi * self.deviation**2)
        return _sum(0.5 * keras.ops.square(error) + constant)

    def kl(self, outputs: Mapping[str, Any]) -> Any:
        """Return how far each code's distribution is from the standard normal, in nats."""
        return gaussian_kl(outputs["mean"], outputs["log_variance"])

    def loss(self, y: Any, outputs: Mapping[str, Any]) -> Any:
        """Return each example's loss, in nats, shape ``(batch,)``.

        Args:
            y: The examples in their own units, shape ``(batch, …)``.
            outputs: ``decoded``, of the same shape, and ``mean`` and ``log_variance`` of the codes.
        """
        return self.reconstruction(y, outputs["decoded"]) + self.beta * self.kl(outputs)

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return the parts of the loss, and the negative bound where ``beta`` is not 1."""
        self.bind(target)
        parts: dict[str, Any] = {
            "reconstruction": lambda y, outputs: self.reconstruction(y, outputs["decoded"]),
            "kl": lambda y, outputs: self.kl(outputs),
        }
        if self.beta != 1:
            parts["negative_elbo"] = lambda y, outputs: (
                self.reconstruction(y, outputs["decoded"]) + self.kl(outputs)
            )
        return {
            name: keras.metrics.MeanMetricWrapper(part, name, dtype="float32")
            for name, part in parts.items()
        }

    def observers(self, dataset: Any, split: Any) -> list[Any]:
        """Return what tells, on the test part, of codes and of the importance-weighted bound."""
        from toolkit.tasks.codes.importance import ImportanceBound

        observers = super().observers(dataset, split)
        if self.importance_samples and split is dataset.test:
            observers.append(ImportanceBound(self, self.importance_samples))
        if self.judging is not None:
            observers.append(JudgedImages(self, dataset, split))
        return observers

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the negative log likelihood, in nats, of pixels told by their mean in training.

        With a judge also what real images come to in place of generated ones.
        """
        (name,) = dataset.spec.targets
        found = {} if self.judging is None else self.judging.baselines(dataset, split)
        if dataset.train.decode is not None or self.likelihood != "bernoulli":
            return found
        train, truth = (
            np.asarray(scaled(tf.constant(part.arrays[name]), self.field), "float64")
            for part in (dataset.train, split)
        )
        chance = np.clip(train.mean(axis=0), 1e-4, 1 - 1e-4)
        likely = truth * np.log(chance) + (1 - truth) * np.log(1 - chance)
        return found | {"reconstruction (each pixel's mean)": float(-likely.sum() / len(truth))}

    def remarks(self, dataset: Any) -> dict[str, str]:
        """Return who judges."""
        return {} if self.judging is None else self.judging.remarks()


def _sum(values: Any) -> Any:
    """Return the sum over all axes but the first."""
    return keras.ops.sum(keras.ops.reshape(values, (keras.ops.shape(values)[0], -1)), axis=-1)
