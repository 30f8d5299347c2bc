"""Painting what one picture shows in the style of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.tasks.judging.maker import Maker
from toolkit.tasks.style.feature_network import FeatureNetwork
from toolkit.tasks.style.feature_source import FeatureSource
from toolkit.tasks.style.looks import StyleLooks, Wanted
from toolkit.tasks.units import scaled
from toolkit.types import NonNegative, Positive

CODE = Field("code", (1,))
"""What the network reads: a one."""


class StyleTransfer:
    """Make a picture that shows what one shows, in the style of another (Gatys et al. 2016).

    A fixed network looks at all three. The content of a picture is what a deep layer of it sees,
    its style how the channels of some layers go together: their Gram matrices over all positions.
    The pixels are the model's only weights; they stay from 0 to 1, and each update brings what the
    network sees in them nearer. Losses are squared differences as a share of what is wanted, which
    is Gatys's but for a factor of each layer's own, so that weights mean the same with any network:
    ``style`` of the content picture itself stands beside the result.

    ``model.keras`` takes ones, ``(pictures, 1)``, and gives the picture as often, in the data's own
    units; the run's folder has it as ``picture.png`` too.

    Args:
        features: The network that looks: the folder of a finished run that reads images, a
            ``.keras`` file that takes pixels from 0 to 255, or the name of a network of
            ``keras.applications``, whose weights for ImageNet are downloaded once.
        content_layers: Its layers by which content is told; null: the second activation of the last
            size but one (``block4_conv2`` of VGG19, as published).
        style_layers: Those by which style is told; null: the first activation of each size
            (``block1_conv1`` to ``block5_conv1``).
        layer_weights: What each of ``style_layers`` counts, in their order; null: all the same.
        content_weight: Weight of the content's loss.
        style_weight: Weight of the style's loss.
        variation_weight: Weight of the mean absolute difference of neighbouring pixels, of pixels
            from 0 to 1; 0 has none, as published.
        initial: What the picture begins as: ``content``, or ``noise``.
        pooling: ``average`` puts averages in place of the network's maxima over neighbours, which
            gives smoother pictures (Gatys et al.); ``own`` leaves it as it is.

    References:
        Gatys, Ecker and Bethge, "Image style transfer using convolutional neural networks", 2016
    """

    inputs: ClassVar = frozenset({"image"})
    targets: ClassVar = frozenset({"style"})
    needs: ClassVar = "any"
    causal: ClassVar = False
    form: ClassVar = ("generator",)
    reads: ClassVar = {"generator": "code"}
    draws: ClassVar = False
    sampler: ClassVar = "examples"
    monitor: ClassVar = "loss"
    mode: ClassVar = "min"
    views: ClassVar[tuple[str, ...]] = ("stylized",)
    makes_images: ClassVar = True
    makes_one: ClassVar = True
    reads_input: ClassVar = False

    def __init__(
        self,
        *,
        features: str = "VGG19",
        content_layers: list[str] | None = None,
        style_layers: list[str] | None = None,
        layer_weights: list[Positive] | None = None,
        content_weight: NonNegative = 1.0,
        style_weight: NonNegative = 10.0,
        variation_weight: NonNegative = 0.0,
        initial: Literal["content", "noise"] = "content",
        pooling: Literal["average", "own"] = "average",
    ):
        self.features, self.average, self.initial = features, pooling == "average", initial
        self.named = {"content_layers": content_layers, "style_layers": style_layers}
        self.layer_weights = layer_weights
        self.looks: Any = None
        weights = {"content": content_weight, "style": style_weight, "variation": variation_weight}
        self.weights = {name: weight for name, weight in weights.items() if weight}
        if not {"content", "style"} & self.weights.keys():
            raise Refused(
                "task.content_weight=0 and task.style_weight=0: nothing of either picture would "
                "count; expected one of them above 0."
            )

    @staticmethod
    def suits(shapes: Mapping[str, Any]) -> str | None:
        """Return why networks of such shapes cannot be used; None if they can.

        Args:
            shapes: What ``toolkit.models.rules`` says of each network, by name.
        """
        return None if shapes["generator"].gives == "grid" else "its generator makes no picture"

    def bind(self, spec: Spec) -> None:
        """Take note of the sizes of both pictures."""
        self.image = spec.input
        if self.looks is None or self.looks.fields != (spec.input, spec.target):
            network = FeatureNetwork(FeatureSource.find(self.features), self.average)
            fields = (spec.input, spec.target)
            self.looks = StyleLooks(network, self.named, self.layer_weights, fields)

    def check(self, dataset: Any) -> None:
        """Refuse features that cannot be had, and layers or weights that do not fit them."""
        self.bind(dataset.spec)
        self.looks.check()

    def wanted(self, image: Any, style: Any) -> Wanted:
        """Return what is to be seen; see :class:`toolkit.tasks.style.looks.StyleLooks`."""
        return self.looks.wanted(image, style)

    def parts(self, picture: Any, wanted: Wanted) -> dict[str, Any]:
        """Return the parts of each picture's loss, shape ``(batch,)``, by name.

        Args:
            picture: From 0 to 1, shape ``(batch, height, width, channels)``.
            wanted: What :meth:`wanted` gives.
        """
        return self.looks.parts(picture, wanted)

    def loss(self, y: Any, parts: Mapping[str, Any]) -> Any:
        """Return each picture's loss, shape ``(batch,)``."""
        terms = [parts[name] * weight for name, weight in self.weights.items()]
        return sum(terms[1:], terms[0])

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return the parts of the loss, before their weights."""
        return {
            name: keras.metrics.MeanMetricWrapper(
                lambda y, parts, name=name: parts[name], name, dtype="float32"
            )
            for name in dict.fromkeys(("content", "style", *self.weights))
        }

    def assemble(self, model: Mapping[str, Any], spec: Spec, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.style.networks import painting

        self.bind(spec)
        built = painting(self, model, spec, sizes)
        self.maker = Maker(built.inference, spec.input, self.draw)
        return built

    def saved_parts(self, spec: Spec, encoder: Any) -> dict[str, Any]:
        """Return none: the network is one picture; see ``toolkit.tasks.part``."""
        return {}

    def draw(self, count: Any, seed: Any) -> Any:
        """Return what so many pictures are made of: ones, whatever the seed."""
        return np.ones((count, 1), "float32")

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return the style's loss of the content picture itself."""
        example = dataset.train.decode({})
        image, style = (example[n][None] for n in (*dataset.spec.inputs, *dataset.spec.targets))
        found = self.parts(scaled(image, self.image), self.wanted(image, style))
        return {"style (of the content picture)": float(found["style"][0])}

    def remarks(self, dataset: Any) -> dict[str, str]:
        """Return what looks at the pictures, and by which layers."""
        content, style = (", ".join(self.looks.layers[key]) for key in self.named)
        return {"features": self.features, "content of": content, "style of": style}

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return nothing: no picture is read by what is saved."""
        return [{} for _ in outputs]
