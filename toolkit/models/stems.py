"""Stems: what turns an input of some kind into what a network's first block reads.

One function for each kind, called ``stem(x, field, layout, masked, *, options)``. Its keyword-only
parameters are the options below ``stem: <kind>:`` in a model file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field as Limits

from toolkit.blocks import Layout
from toolkit.blocks.masks import mean
from toolkit.blocks.state import Given, Tensor
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.registry import Table
from toolkit.types import Fraction, Positive, PositiveInt

Numbers = Annotated[list[float], Limits(min_length=1)]


@dataclass(frozen=True)
class Row:
    """What is known of a stem before TensorFlow is imported.

    Attributes:
        path: ``"module:function"``.
        gives: The layouts that it can give.
    """

    path: str
    gives: tuple[Layout, ...]


STEMS: Table[Row] = Table(
    "stem",
    {
        "tokens": Row("toolkit.models.stems:tokens", ("sequence", "vector", "ids")),
        "image": Row("toolkit.models.stems:image", ("grid", "sequence", "vector")),
        "series": Row("toolkit.models.stems:series", ("sequence", "vector")),
        "table": Row("toolkit.models.stems:table", ("vector", "sequence")),
        "code": Row("toolkit.models.stems:code", ("vector",)),
        "code_sequence": Row("toolkit.models.stems:code", ("sequence", "vector")),
        "code_grid": Row("toolkit.models.stems:code", ("grid", "vector")),
    },
)


def tokens(
    x: Tensor,
    field: Field,
    layout: Layout,
    masked: bool,
    before: Any = None,
    *,
    units: PositiveInt = 200,
    dropout: Fraction = 0.0,
    locked_dropout: bool = False,
    init_range: Positive | None = None,
    init_std: Positive | None = None,
    tie: bool = False,
    share: bool = False,
) -> Given:
    """Embed token ids.

    A ``sequence`` has one embedding for each position, a ``vector`` the mean of those of the real
    positions (a bag of words); ``ids`` are handed on as they are, to blocks that hold an embedding.

    Args:
        x: Token ids, shape ``(batch, time)``.
        field: The input; its vocabulary says how many embeddings there are.
        layout: ``sequence``, ``vector`` or ``ids``.
        masked: Whether the field's padding is to change nothing. Streams have none.
        before: The encoder's embedding, for the stem of a decoder.
        units: Width of the embeddings.
        dropout: Share of the features that is set to zero in training.
        locked_dropout: Whether the same features are dropped at all positions of a sequence.
        init_range: Embeddings start uniform between minus and plus this; None is Keras's 0.05.
        init_std: Embeddings start normal with this deviation instead (BERT, GPT-2: 0.02).
        tie: Whether a language model's output layer shares these weights (Press and Wolf, 2017),
            which saves vocabulary x units of them and does better.
        share: Whether a decoder has its encoder's embedding, which needs one vocabulary of both;
            the output layer shares it too.

    Returns:
        Shape ``(batch, time, units)``, or ``(batch, units)``.

    Raises:
        Refused: If encoder and decoder are to share an embedding and have two vocabularies.
    """
    if field.vocabulary is None:
        raise Refused("an input of kind 'tokens' needs a vocabulary: its field has none")
    mask = None
    if masked:  # a text without words counts as one of padding: cuDNN wants a real first position
        first = keras.ops.ones_like(x[:, :1], dtype="bool")
        mask = keras.ops.concatenate([first, keras.ops.not_equal(x[:, 1:], field.pad)], axis=1)
    if layout == "ids":
        return Given(x, mask)
    tie = tie or share
    kind = keras.layers.ReversibleEmbedding if tie else keras.layers.Embedding
    start: Any = "uniform"
    if init_std is not None:
        start = keras.initializers.RandomNormal(stddev=init_std)
    elif init_range is not None:
        start = keras.initializers.RandomUniform(-init_range, init_range)
    if share and before is not None:
        embedding = _same(before, len(field.vocabulary))
    else:
        embedding = kind(len(field.vocabulary), units, embeddings_initializer=start)
    x = embedding(x)
    if dropout:
        drop = keras.layers.SpatialDropout1D if locked_dropout else keras.layers.Dropout
        x = drop(dropout)(x)
    if layout == "vector":
        x = keras.layers.GlobalAveragePooling1D()(x) if mask is None else mean(x, mask)
        mask = None
    return Given(x, mask, embedding if tie else None)


def _same(embedding: Any, tokens: int) -> Any:
    """Return an encoder's embedding for a decoder of so many tokens."""
    if embedding.input_dim != tokens:
        raise Refused(
            f"stem.tokens.share: what is read has {embedding.input_dim:,} tokens and what is "
            f"written {tokens:,}; one embedding needs one vocabulary: data.shared_vocabulary=true."
        )
    return embedding


def image(
    x: Tensor,
    field: Field,
    layout: Layout,
    masked: bool,
    *,
    size: PositiveInt | None = None,
    patch: PositiveInt | None = None,
    means: Numbers | None = None,
    deviations: Numbers | None = None,
) -> Given:
    """Scale an image's pixels, inside the network, so that a saved model takes raw ones.

    A ``grid`` is the image, a ``vector`` all pixels, a ``sequence`` its rows from top to bottom or,
    with ``patch``, its patches row by row, as a vision Transformer reads them (Dosovitskiy et al.,
    2021).

    Args:
        x: Shape ``(batch, height, width, channels)``; uint8 pixels are divided by 255.
        field: The input.
        layout: ``grid``, ``sequence`` or ``vector``.
        masked: Without effect: images have no padding.
        size: Height and width, in pixels, to resize to; None leaves the size as it is.
        patch: Height and width, in pixels, of the patches that a sequence has; images are filled up
            with zeros at the right and at the bottom to hold whole ones. None: a sequence has rows.
        means: Subtracted after scaling to 0..1, one for each channel; None subtracts nothing.
        deviations: Divided by afterwards, one for each channel; None divides by nothing.

    Returns:
        Shape ``(batch, height, width, channels)``, ``(batch, height, width * channels)``, ``(batch,
        patches, patch * patch * channels)`` or ``(batch, height * width * channels)``.
    """
    if field.dtype == "uint8":
        x = keras.layers.Rescaling(1 / 255)(x)
    if size is not None:
        x = keras.layers.Resizing(size, size)(x)
    if means is not None or deviations is not None:
        channels = x.shape[-1]
        means, deviations = means or [0.0] * channels, deviations or [1.0] * channels
        if not len(means) == len(deviations) == channels:
            raise Refused(
                f"stem.image: means and deviations need {channels} numbers, one for each channel "
                f"of the images; got {len(means)} and {len(deviations)}"
            )
        variances = [value**2 for value in deviations]
        x = keras.layers.Normalization(mean=means, variance=variances)(x)
    _, height, width, channels = x.shape
    if layout != "grid" and None in (height, width):
        raise Refused(
            "images of varying size can be read as a grid only; give stem.image.size to resize them"
        )
    if layout == "sequence" and patch is not None:
        x = _patches(x, patch)
    elif layout == "sequence":
        x = keras.layers.Reshape((height, width * channels))(x)
    elif layout == "vector":
        x = keras.layers.Flatten()(x)
    return Given(x)


def _patches(x: Tensor, patch: int) -> Tensor:
    """Return an image's patches row by row, ``(batch, patches, patch * patch * channels)``."""
    _, height, width, channels = x.shape
    down, across = -(-height // patch), -(-width // patch)
    fill = [(0, 0), (0, down * patch - height), (0, across * patch - width), (0, 0)]
    if any(after for _, after in fill):
        x = keras.ops.pad(x, fill)
    x = keras.layers.Reshape((down, patch, across, patch * channels))(x)
    x = keras.layers.Permute((1, 3, 2, 4))(x)  # (batch, down, across, patch, patch * channels)
    return keras.layers.Reshape((down * across, patch * patch * channels))(x)


def series(
    x: Tensor,
    field: Field,
    layout: Layout,
    masked: bool,
    *,
    dropout: Fraction = 0.0,
) -> Given:
    """Hand on a window of a time series; the data set has already brought it to one scale.

    Args:
        x: Shape ``(batch, time, variables)``.
        field: The input.
        layout: ``sequence`` or ``vector`` (all values of the window).
        masked: Without effect: windows have no padding.
        dropout: Share of the values that is set to zero in training.

    Returns:
        Shape ``(batch, time, variables)`` or ``(batch, time * variables)``.
    """
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    return Given(keras.layers.Flatten()(x) if layout == "vector" else x)


def table(
    x: Tensor,
    field: Field,
    layout: Layout,
    masked: bool,
    *,
    dropout: Fraction = 0.0,
) -> Given:
    """Hand on a table's row; the data set has already made numbers of it.

    Args:
        x: Shape ``(batch, columns)``.
        field: The input.
        layout: ``vector``, or ``sequence``: the columns one after another, one number each.
        masked: Without effect: rows have no padding.
        dropout: Share of the values that is set to zero in training.

    Returns:
        Shape ``(batch, columns)`` or ``(batch, columns, 1)``.
    """
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    return Given(keras.ops.expand_dims(x, -1) if layout == "sequence" else x)


def code(x: Tensor, field: Field, layout: Layout, masked: bool) -> Given:
    """Hand on what another network gave, or noise.

    Args:
        x: Shape ``(batch, numbers)``, or for ``code_sequence`` ``(batch, time, features)`` and for
            ``code_grid`` ``(batch, height, width, channels)``.
        field: The input.
        layout: The code's own, or ``vector``: all its numbers.
        masked: Without effect: codes have no padding.

    Returns:
        The code, flattened where a vector is asked for.
    """
    return Given(keras.layers.Flatten()(x) if layout == "vector" and len(x.shape) > 2 else x)
