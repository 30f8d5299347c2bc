"""A fixed network whose layers see pictures of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.tasks.applications import application, prepared
from toolkit.tasks.style.feature_source import OFFLINE, FeatureSource, unknown_layers
from toolkit.tasks.units import BYTE
from toolkit.undisturbed import undisturbed

GREY = (0.2989, 0.587, 0.114)
"""Share of red, green and blue in what is seen of a colour as grey."""


class FeatureNetwork:
    """What the layers of a trained network see in pictures.

    Only layers that keep a grid of positions can be used, and these read pictures of whatever size,
    not only of that which the network was trained on.

    Args:
        source: Where it comes from.
        average: Whether averages are taken where the network takes maxima over neighbours.
    """

    def __init__(self, source: FeatureSource, average: bool = False):
        self.source, self.average = source, average
        self._opened: Any = None

    def seeing(self, shape: tuple[int, int, int]) -> keras.Model:
        """Return the network for pictures of a size.

        Args:
            shape: Height, width and channels, 1 or 3.

        Returns:
            From pixels from 0 to 255, float32 ``(batch, *shape)``, to a mapping of what each layer
            with a grid sees, ``(batch, height, width, channels)``, by its name, in order.

        Raises:
            Refused: If it cannot be opened, or reads no pictures of this size.
        """
        whole = self._open()
        entry = keras.Input(shape, dtype="float32", name="pixels")
        pixels = self._prepared(_with_channels(entry, whole.input.shape[-1]))
        resized = keras.Input(pixels.shape[1:], dtype="float32")
        try:
            again = keras.models.clone_model(whole, resized, clone_function=self._layer)
        except ValueError as error:
            size, what = " x ".join(map(str, shape[:2])), str(error).partition("\n")[0]
            raise Refused(
                f"task.features: {self.source.name} cannot read pictures of {size} pixels ({what})."
            ) from None
        return keras.Model(entry, again(pixels, training=False), name="features")

    def activates(self, name: str) -> bool:
        """Return whether a layer ends in an activation."""
        layer = self._open().get_layer(name)
        kinds = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU")
        function = getattr(getattr(layer, "activation", None), "__name__", "linear")
        return type(layer).__name__ in kinds or function != "linear"

    def _open(self) -> keras.Model:
        """Return the network to all layers with a grid, of its own size; opened once."""
        if self._opened is None:
            with undisturbed():
                whole = self._loaded()
            entries = getattr(whole, "inputs", None) or []
            grids = [layer for layer in whole.layers if _has_grid(layer)]
            if len(entries) != 1 or len(entries[0].shape) != 4 or not grids:
                raise Refused(f"task.features: {self.source.name} must take images and see a grid.")
            whole.trainable = False
            self._opened = keras.Model(entries[0], {la.name: la.output for la in grids})
        return self._opened

    def _loaded(self) -> keras.Model:
        name, path = self.source.name, self.source.path
        if path is None:
            return application(name, "task.features", OFFLINE, include_top=False)
        try:
            return keras.models.load_model(path, compile=False)
        except (OSError, ValueError, KeyError) as error:
            what = str(error).partition("\n")[0]
            raise Refused(f"task.features: {path} cannot be opened ({what}).") from None

    def _prepared(self, pixels: Any) -> Any:
        """Return pixels from 0 to 255 as the network was trained on them."""
        if self.source.path is None:
            return prepared(self.source.name, pixels)
        return pixels if self.source.bytes else pixels / BYTE

    def _layer(self, layer: Any) -> Any:
        """Return what stands in place of a layer; its weights stay its own."""
        if not self.average or not isinstance(layer, keras.layers.MaxPooling2D):
            return layer
        config = layer.get_config()
        return keras.layers.AveragePooling2D.from_config(config)


def chosen_layers(
    network: FeatureNetwork, seen: keras.Model, wanted: Mapping[str, list[str] | None]
) -> dict[str, tuple[str, ...]]:
    """Return the layers by which content and style are told; Gatys's, of whatever network.

    Style is told by the first activation of each size, and content by the second one of the last
    size but one: of VGG19 ``block1_conv1`` … ``block5_conv1`` and ``block4_conv2``.

    Args:
        network: Who looks.
        seen: What its ``seeing`` gives for the content picture.
        wanted: Names of layers for ``content_layers`` and ``style_layers``; None chooses.

    Raises:
        Refused: If there is no such layer.
    """
    shapes = {layer: tuple(output.shape) for layer, output in seen.output.items()}
    known, name = tuple(shapes), network.source.name
    faults = [f for key, layers in wanted.items() for f in unknown_layers(key, layers, known, name)]
    if faults:
        raise Refused(*faults)
    by_size: dict[tuple[int, ...], list[str]] = {}
    for layer in [layer for layer in known if network.activates(layer)] or known:
        by_size.setdefault(shapes[layer][1:3], []).append(layer)
    sizes = list(by_size.values())
    last = sizes[max(0, len(sizes) - 2)]
    usual = {
        "content_layers": [last[min(1, len(last) - 1)]],
        "style_layers": [layers[0] for layers in sizes],
    }
    return {key: tuple(wanted[key] or usual[key]) for key in wanted}


def _has_grid(layer: Any) -> bool:
    """Return whether a layer gives one grid, and is used once."""
    apart = keras.layers.InputLayer, keras.Model  # one within another has no outputs of its own
    if isinstance(layer, apart) or len(layer._inbound_nodes) != 1:
        return False
    return hasattr(layer.output, "shape") and len(layer.output.shape) == 4


def _with_channels(pixels: Any, channels: int | None) -> Any:
    """Return pixels in grey or colour, as a network reads them."""
    if channels in (None, pixels.shape[-1]):
        return pixels
    if channels == 1:
        shares: Sequence[float] = GREY
        return keras.ops.sum(pixels * keras.ops.array(shares, "float32"), axis=-1, keepdims=True)
    return keras.ops.repeat(pixels, channels, axis=-1)
