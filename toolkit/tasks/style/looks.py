"""Both pictures and the one that is made, as a network sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.tasks.style.feature_network import FeatureNetwork, chosen_layers
from toolkit.tasks.style.losses import content_loss, gram, style_loss, variation
from toolkit.tasks.units import BYTE, scaled

Wanted = Mapping[str, Mapping[str, Any]]
"""What is to be seen: ``content`` by layer, and ``style``, Gram matrices by layer."""


class StyleLooks:
    """Holds what layers of a fixed network see of a picture against what they are to see.

    Args:
        network: Who looks.
        named: Names of layers for ``content_layers`` and ``style_layers``; None for the usual ones.
        weights: What each layer of the style counts; None: all the same.
        fields: Of the content picture and of the style picture.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        named: Mapping[str, list[str] | None],
        weights: Sequence[float] | None,
        fields: tuple[Field, Field],
    ):
        self.network, self.named, self.weights, self.fields = network, named, weights, fields

    @cached_property
    def eye(self) -> keras.Model:
        """From pixels of the content picture's size to what each layer sees."""
        return self.network.seeing(self.fields[0].shape)  # type: ignore[arg-type]

    @cached_property
    def layers(self) -> dict[str, tuple[str, ...]]:
        """The layers that are looked at, by the option that names them."""
        return chosen_layers(self.network, self.eye, self.named)

    def check(self) -> None:
        """Refuse a network that cannot be opened, layers that it lacks, and too few weights."""
        names = self.layers["style_layers"]
        if self.weights is not None and len(self.weights) != len(names):
            raise Refused(
                f"task.layer_weights: {len(self.weights)} weights for {len(names)} layers "
                f"({', '.join(names)}); expected one for each."
            )

    @cached_property
    def eyes(self) -> tuple[keras.Model, keras.Model]:
        """What the chosen layers see of pictures of the content's size, and of the style's."""
        names = list(dict.fromkeys(name for group in self.layers.values() for name in group))
        content, style = (field.shape for field in self.fields)
        wide = self.eye if content == style else self.network.seeing(style)  # type: ignore[arg-type]
        first, second = (
            keras.Model(eye.input, {name: eye.output[name] for name in names})
            for eye in (self.eye, wide)
        )
        return first, second

    def wanted(self, image: Any, style: Any) -> Wanted:
        """Return what is to be seen.

        Args:
            image: The content picture in its own units, ``(batch, height, width, channels)``.
            style: The style picture, likewise.
        """
        with tf.init_scope():  # networks are opened outside of a graph
            eyes = self.eyes
        content, manner = (
            _seen(eye, scaled(pixels, field))
            for eye, pixels, field in zip(eyes, (image, style), self.fields, strict=True)
        )
        return {
            "content": {name: content[name] for name in self.layers["content_layers"]},
            "style": {name: gram(manner[name]) for name in self.layers["style_layers"]},
        }

    def parts(self, picture: Any, wanted: Wanted) -> dict[str, Any]:
        """Return ``content``, ``style`` and ``variation`` of each picture, shape ``(batch,)``.

        Args:
            picture: From 0 to 1, shape ``(batch, height, width, channels)``.
            wanted: What :meth:`wanted` gives.
        """
        seen, names = _seen(self.eyes[0], picture), self.layers["style_layers"]
        shares = dict(zip(names, self.weights or [1.0] * len(names), strict=True))
        return {
            "content": content_loss(seen, wanted["content"]),
            "style": style_loss(seen, wanted["style"], shares),
            "variation": variation(picture),
        }


def _seen(eye: keras.Model, picture: Any) -> dict[str, Any]:
    """Return what layers see of pictures from 0 to 1, float32, by name."""
    seen = eye(picture * BYTE, training=False)
    return {name: keras.ops.cast(value, "float32") for name, value in seen.items()}
