"""Bidirectional encoders of the BERT kind, from token ids to features."""

from __future__ import annotations

from typing import Any

from toolkit.blocks.state import Given, Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras, keras_hub
from toolkit.presets.architecture import Architecture, architecture
from toolkit.presets.families import FAMILIES, Activation, Name, Size
from toolkit.types import Count, Fraction, Positive, PositiveInt


def backbone(
    x: Tensor,
    mask: Tensor | None = None,
    field: Any = None,
    *,
    family: Name = "bert",
    preset: str | None = None,
    size: Size | None = None,
    layers: PositiveInt | None = None,
    units: PositiveInt | None = None,
    heads: PositiveInt | None = None,
    intermediate: PositiveInt | None = None,
    embedding: PositiveInt | None = None,
    groups: PositiveInt | None = None,
    positions: PositiveInt | None = None,
    segments: Count | None = None,
    buckets: Count | None = None,
    vocabulary: Count | None = None,
    activation: Activation | None = None,
    epsilon: Positive | None = None,
    dropout: Fraction | None = None,
    lora_rank: PositiveInt | None = None,
) -> Given:
    """An encoder that looks at a whole text at once, of KerasHub's layers.

    It holds the embeddings of tokens, places and, in some families, of first and second text: what
    comes before the first separator's end is the first. Built alone it has random weights, as the
    papers start them; a training loads the preset's before its first step, and a saved network has
    its own.

    Args:
        x: Token ids, shape ``(batch, time)``.
        mask: Shape ``(batch, time)``, True at real positions; the others change nothing. None: all
            are real.
        field: The input: its vocabulary, and which id ends a text.
        family: ``bert``, ``roberta``, ``xlm_roberta``, ``distilbert``, ``albert``, ``electra`` or
            ``deberta`` (version 3).
        preset: Where the architecture and the first weights come from: a run, a folder in Hugging
            Face's or KerasHub's form, the name of a KerasHub preset, or ``org/name`` of Hugging
            Face. It leaves nothing below open but dropout and activation. None: random weights.
        size: ``tiny`` (2 layers of 128), ``mini`` (4 x 256), ``small`` (4 x 512), ``medium``
            (8 x 512), ``base`` (12 x 768) or ``large`` (24 x 1024); distilbert has half the layers.
            None: small.
        layers: Number of layers; None: the size's.
        units: Width of the features; None: the size's.
        heads: Attention heads; None: one for each 64 units.
        intermediate: Width of the feed-forward layers; None: four times ``units``.
        embedding: Width of the token embedding; None: 128 for albert, ``units`` for others.
        groups: Sets of weights that albert's layers share; None: one for all.
        positions: The longest text, in tokens; None: 512.
        segments: Rows of the segment embedding; None: two where the family has one.
        buckets: Distances that deberta tells apart; None: 256.
        vocabulary: Rows of the token embedding; None or 0: the data's tokens.
        activation: Of the feed-forward layers: ``gelu``, ``gelu_tanh`` (its approximation) or
            ``relu``; None: the preset's or the family's.
        epsilon: Added to variances by the layer normalizations; None: the family's.
        dropout: Share that is dropped in training, of attention too; None: the preset's or the
            family's.
        lora_rank: A training leaves the encoder's weights alone and learns products of two
            matrices of this rank, added to its queries and values (Hu et al., 2021); saved networks
            have them added up. None: all weights are learned.

    Returns:
        Features, shape ``(batch, time, units)``, and the token embedding, which a head over tokens
        can share.

    Raises:
        Refused: If the options contradict one another or the preset, or the data's vocabulary is
            not the preset's.

    References:
        Devlin et al., 2018, https://arxiv.org/abs/1810.04805; Turc et al., 2019,
        https://arxiv.org/abs/1908.08962; Hu et al., 2021, https://arxiv.org/abs/2106.09685
    """
    made = architecture(
        {
            "family": family,
            "preset": preset,
            "size": size,
            "layers": layers,
            "units": units,
            "heads": heads,
            "intermediate": intermediate,
            "embedding": embedding,
            "groups": groups,
            "positions": positions,
            "segments": segments,
            "buckets": buckets,
            "vocabulary": vocabulary,
            "activation": activation,
            "epsilon": epsilon,
            "dropout": dropout,
        }
    )
    rows = _rows(made, field, preset)
    if mask is None:
        mask = keras.ops.ones_like(x, dtype="bool")
    embed = keras.layers.ReversibleEmbedding(
        rows, made.embedding, embeddings_initializer=_normal(), name="token_embedding"
    )
    features = _embedded(x, mask, embed, made, (getattr(field, "special", None) or {}).get("end"))
    if made.family == "deberta":
        return Given(_disentangled(features, mask, made), mask, embed)
    return Given(_encoded(features, mask, made), mask, embed)


def _rows(made: Architecture, field: Any, preset: str | None) -> int:
    """Return how many tokens the embedding knows."""
    words = getattr(field, "vocabulary", None)
    if words is None:
        raise Refused("block 'backbone' needs an input of tokens with a vocabulary")
    if made.vocabulary and len(words) > made.vocabulary:
        source = f"model.preset={preset}" if preset else "model.vocabulary"
        beyond = set(range(made.vocabulary, len(words)))
        if beyond <= set((getattr(field, "special", None) or {}).values()):
            lacking = ", ".join(words[i] for i in sorted(beyond))
            raise Refused(
                f"{source}: the vocabulary lacks what the task needs ({lacking}), and its weights "
                f"for {made.vocabulary:,} tokens have none to spare."
            )
        raise Refused(
            f"data.tokenizer: the data has {len(words):,} tokens, and {source} has weights for "
            f"{made.vocabulary:,}: it was not made with this tokenizer. Leave data.tokenizer=auto, "
            "which takes the preset's own, or leave out the preset."
        )
    return made.vocabulary or len(words)


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=0.02)


def _embedded(
    ids: Tensor, mask: Tensor, embed: keras.layers.Layer, made: Architecture, end: int | None
) -> Tensor:
    """Return the sum of the embeddings, normalized."""
    x = embed(ids)
    parts = [x]
    if not made.buckets:
        layer = keras_hub.layers.PositionEmbedding(
            made.positions, initializer=_normal(), name="position_embedding"
        )
        parts.append(layer(x))
    if made.segments:
        layer = keras.layers.Embedding(
            made.segments,
            made.embedding,
            embeddings_initializer=_normal(),
            name="segment_embedding",
        )
        parts.append(layer(_segment_ids(ids, mask, end, made.segments)))
    if len(parts) > 1:
        x = keras.layers.Add(name="embeddings_add")(parts)
    x = keras.layers.LayerNormalization(epsilon=made.epsilon, name="embeddings_layer_norm")(x)
    x = keras.layers.Dropout(made.dropout, name="embeddings_dropout")(x)
    if made.widens:
        name = FAMILIES.row(made.family).projection
        x = keras.layers.Dense(made.units, kernel_initializer=_normal(), name=name)(x)
    return x


def _segment_ids(ids: Tensor, mask: Tensor, end: int | None, segments: int) -> Tensor:
    """Return 1 at what follows the first token that ends a text, and 0 elsewhere."""
    if end is None or segments < 2:
        return keras.ops.zeros_like(ids)
    ends = keras.ops.cast(keras.ops.equal(ids, end), "int32")
    before = keras.ops.cumsum(ends, axis=1) - ends
    return keras.ops.minimum(before, 1) * keras.ops.cast(mask, "int32")


def _options(made: Architecture) -> dict[str, Any]:
    act = {"gelu": keras.activations.gelu, "relu": keras.activations.relu}.get(made.activation)
    if act is None:  # KerasHub's own name for the approximation, which its presets are saved with
        act = keras.saving.get_registered_object("keras_hub>gelu_approximate")
    return {
        "intermediate_dim": made.intermediate,
        "num_heads": made.heads,
        "dropout": made.dropout,
        "activation": act,
        "layer_norm_epsilon": made.epsilon,
    }


def _encoded(x: Tensor, mask: Tensor, made: Architecture) -> Tensor:
    name = FAMILIES.row(made.family).layer
    shared = made.groups < made.layers or made.family == "albert"
    for group in range(made.groups):
        layer = keras_hub.layers.TransformerEncoder(
            **_options(made),
            kernel_initializer=_normal(),
            name=f"{name}{group}_inner_layer_0" if shared else f"{name}{group}",
        )
        for _ in range(made.layers // made.groups):
            x = layer(x, padding_mask=mask)
    return x


def _disentangled(x: Tensor, mask: Tensor, made: Architecture) -> Tensor:
    """Return DeBERTa's features, whose attention reads contents and distances apart.

    Its layers are KerasHub's, which offers them as parts of its backbone only. The embedding of
    distances is Keras's, as KerasHub's does not open again from a saved network.
    """
    from keras_hub.src.models.deberta_v3.disentangled_attention_encoder import (
        DisentangledAttentionEncoder,
    )

    buckets = keras.ops.arange(2 * made.buckets, dtype="int32")
    buckets = keras.ops.cast(keras.ops.zeros_like(x[:1, :1, 0]), "int32") + buckets
    relative = keras.layers.Embedding(
        2 * made.buckets, made.units, embeddings_initializer=_normal(), name="rel_embedding"
    )(buckets)
    relative = keras.layers.LayerNormalization(
        epsilon=made.epsilon, name="rel_embeddings_layer_norm"
    )(relative)
    relative = keras.ops.zeros_like(x[:, :1, :1]) + relative
    name = FAMILIES.row(made.family).layer
    for place in range(made.layers):
        x = DisentangledAttentionEncoder(
            **_options(made),
            max_position_embeddings=made.positions,
            bucket_size=made.buckets,
            kernel_initializer=_normal(),
            name=f"{name}{place}",
        )(x, rel_embeddings=relative, padding_mask=mask)
    return x
