"""Attention and Transformer layers against formulas in NumPy; caches; who sees whom."""

from __future__ import annotations

import math
import re

import keras
import numpy as np
import pytest

from toolkit.blocks.attention import attention
from toolkit.blocks.decoder import decoder
from toolkit.blocks.encoder import encoder
from toolkit.blocks.multi_head import alibi_slopes
from toolkit.blocks.state import CarriedState
from toolkit.errors import Refused
from toolkit.models.twins import copy_weights

POSITIONS = ("none", "learned", "sinusoidal", "rotary", "alibi")


def numbers(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def scramble(model):
    """Give weights without zeros and ones, which would hide what is left out."""
    model.set_weights([numbers(*w.shape, seed=n) * 0.4 for n, w in enumerate(model.weights)])
    return model


def network(block, memory=False, **options):
    x, mask = keras.Input((None, 6)), keras.Input((None,), dtype="bool")
    entries, extra = [x, mask], {}
    if memory:
        entries += [keras.Input((None, 5)), keras.Input((None,), dtype="bool")]
        extra = {"memory": entries[2], "memory_mask": entries[3]}
    return scramble(keras.Model(entries, block(x, mask, **extra, **options)))


def layers(model, kind):
    """Return the weights of a kind of layer, in the order in which they were made."""
    found = [layer for layer in model.layers if type(layer).__name__ == kind]
    found.sort(key=lambda layer: int(re.search(r"\d*$", layer.name)[0] or 0))
    return [layer.get_weights() for layer in found]


# The formulas, written position by position.


def softmax(scores):
    p = np.exp(scores - scores.max())
    return p / p.sum()


def turned(head, place):
    """Rotate a head's pairs (i, i + half), each at its own speed (Su et al., as LLaMA pairs)."""
    half, out = len(head) // 2, head.copy()
    for i in range(half):
        angle = place / 10_000 ** (2 * i / len(head))
        a, b = head[i], head[i + half]
        out[i] = a * math.cos(angle) - b * math.sin(angle)
        out[i + half] = b * math.cos(angle) + a * math.sin(angle)
    return out


def heads_by_hand(queries, keys, values, heads, groups, sees, positions="none"):
    """Attention over heads: ``queries`` (time, units) at ``keys`` (other, groups * width)."""
    width = queries.shape[-1] // heads
    found = np.zeros_like(queries)
    for head in range(heads):
        group = head // (heads // groups)
        of = slice(group * width, (group + 1) * width)
        for t, query in enumerate(queries[:, head * width : (head + 1) * width]):
            scores = np.full(len(keys), -np.inf)
            for s in range(len(keys)):
                if sees(t, s):
                    q, k = query, keys[s, of]
                    if positions == "rotary":
                        q, k = turned(q, t), turned(k, s)
                    scores[s] = q @ k / math.sqrt(width)
                    if positions == "alibi":
                        scores[s] -= 2 ** (-8 * (head + 1) / heads) * abs(t - s)
            found[t, head * width : (head + 1) * width] = softmax(scores) @ values[:, of]
    return found


def self_by_hand(x, joined, out, heads, groups, sees, positions="none"):
    units, y = out[0].shape[0], x @ joined[0] + joined[1]
    each = (y.shape[1] - units) // 2
    parts = y[:, :units], y[:, units : units + each], y[:, units + each :]
    return heads_by_hand(*parts, heads, groups, sees, positions) @ out[0] + out[1]


def layer_norm(x, scale, shift):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * scale + shift


def rms_norm(x, scale):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * scale


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def silu(x):
    return x / (1 + np.exp(-x))


def everywhere(t, s):
    return True


def before(t, s):
    return s <= t


@pytest.mark.parametrize("positions", ["none", "rotary", "alibi"])
@pytest.mark.parametrize("groups", [4, 2, 1])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_the_formula(positions, groups, causal):
    model = network(attention, units=16, heads=4, groups=groups, causal=causal, positions=positions)
    joined, out = layers(model, "Dense")
    assert joined[0].shape == (6, 16 + 2 * groups * 4)
    x, real = numbers(2, 5, 6), np.array([[True] * 5, [True] * 3 + [False] * 2])
    given = np.asarray(model([x, real]))
    for row in range(2):

        def sees(t, s, row=row):
            return real[row, s] and (s <= t or not causal)

        expected = self_by_hand(x[row], joined, out, 4, groups, sees, positions)
        np.testing.assert_allclose(given[row][real[row]], expected[real[row]], atol=1e-5)


@pytest.mark.parametrize("groups", [4, 2])
def test_cross_attention_is_the_formula(groups):
    model = network(attention, memory=True, units=8, heads=4, groups=groups, cross=True)
    query, joined, out = layers(model, "Dense")
    x, memory = numbers(1, 3, 6), numbers(1, 4, 5, seed=2)
    real = np.array([[True, True, True, False]])
    y = memory[0] @ joined[0] + joined[1]
    expected = heads_by_hand(
        x[0] @ query[0] + query[1],
        y[:, : 2 * groups],
        y[:, 2 * groups :],
        4,
        groups,
        lambda t, s: real[0, s],
    )
    given = model([x, np.ones((1, 3), bool), memory, real])
    np.testing.assert_allclose(given[0], expected @ out[0] + out[1], atol=1e-5)


@pytest.mark.parametrize(
    ("activation", "normalization", "order"),
    [
        ("gelu", "layer", "pre"),
        ("gelu_tanh", "layer", "post"),
        ("relu", "rms", "pre"),
        ("swiglu", "rms", "pre"),
        ("geglu", "layer", "post"),
    ],
)
def test_an_encoder_layer_is_the_formula(activation, normalization, order):
    model = network(
        encoder,
        units=6,
        layers=1,
        heads=2,
        activation=activation,
        normalization=normalization,
        order=order,
        positions="none",
        dropout=0.3,
    )
    joined, out, up, down = layers(model, "Dense")
    rms = normalization == "rms"
    norms = layers(model, "RMSNormalization" if rms else "LayerNormalization")
    norm = rms_norm if rms else layer_norm
    x = numbers(1, 4, 6)

    def first(x):
        return self_by_hand(x, joined, out, 2, 2, everywhere)

    def second(x):
        y = x @ up[0] + up[1]
        if activation in ("swiglu", "geglu"):
            assert y.shape[-1] == 2 * 16
            y = y[:, :16] * (silu if activation == "swiglu" else gelu)(y[:, 16:])
        else:
            assert y.shape[-1] == 4 * 6
            apply = {"gelu": gelu, "gelu_tanh": gelu_tanh, "relu": lambda y: np.maximum(y, 0)}
            y = apply[activation](y)
        return y @ down[0] + down[1]

    y = x[0]
    if order == "pre":
        y = y + first(norm(y, *norms[0]))
        y = y + second(norm(y, *norms[1]))
        y = norm(y, *norms[2])
    else:
        y = norm(y + first(y), *norms[0])
        y = norm(y + second(y), *norms[1])
    np.testing.assert_allclose(model([x, np.ones((1, 4), bool)])[0], y, atol=1e-4)


def test_a_decoder_layer_with_a_memory_is_the_formula():
    model = network(
        decoder,
        memory=True,
        units=6,
        layers=1,
        heads=2,
        activation="relu",
        positions="none",
        order="post",
    )
    joined, out, query, over, out_over, up, down = layers(model, "Dense")
    norms = layers(model, "LayerNormalization")
    x, memory = numbers(1, 4, 6), numbers(1, 3, 5, seed=2)
    y = x[0]
    y = layer_norm(y + self_by_hand(y, joined, out, 2, 2, before), *norms[0])
    parts = memory[0] @ over[0] + over[1]
    found = heads_by_hand(y @ query[0] + query[1], parts[:, :6], parts[:, 6:], 2, 2, everywhere)
    y = layer_norm(y + found @ out_over[0] + out_over[1], *norms[1])
    y = layer_norm(y + np.maximum(y @ up[0] + up[1], 0) @ down[0] + down[1], *norms[2])
    given = model([x, np.ones((1, 4), bool), memory, np.ones((1, 3), bool)])
    np.testing.assert_allclose(given[0], y, atol=1e-4)


@pytest.mark.parametrize("kind", ["learned", "sinusoidal"])
def test_positions_are_added(kind):
    options = {"units": 6, "layers": 0, "order": "post", "max_length": 9}
    model = network(encoder, positions=kind, scale_embedding=True, **options)
    x = numbers(1, 5, 6)
    if kind == "learned":
        ((table,),) = layers(model, "PositionEmbedding")
        assert table.shape == (9, 6)
        places = table[:5]
    else:
        speeds = [1 / 10_000 ** (2 * (i // 2) / 6) for i in range(6)]
        places = [
            [(math.cos if i % 2 else math.sin)(t * s) for i, s in enumerate(speeds)]
            for t in range(5)
        ]
    expected = x[0] * math.sqrt(6) + places
    np.testing.assert_allclose(model([x, np.ones((1, 5), bool)])[0], expected, atol=1e-5)


def test_alibi_slopes_are_those_of_the_paper():
    np.testing.assert_allclose(alibi_slopes(8), [1 / 2**n for n in range(1, 9)])
    np.testing.assert_allclose(alibi_slopes(3), [2**-4, 2**-8, 2**-2])


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("block", [encoder, decoder])
def test_padding_changes_nothing(block, positions):
    model = network(block, units=8, layers=2, heads=4, positions=positions, max_length=20)
    x = numbers(2, 5, 6)
    real = np.arange(5)[None] < np.array([[5], [3]])
    short = np.asarray(model([x, real]))
    padded = np.concatenate([x, 9 * np.ones((2, 7, 6), "float32")], 1)
    more = np.pad(real, [(0, 0), (0, 7)])
    longer = np.asarray(model([padded, more]))
    np.testing.assert_allclose(longer[more], short[real], atol=1e-5)
    alone = model([x[1:, :3], np.ones((1, 3), bool)])
    np.testing.assert_allclose(longer[1, :3], alone[0], atol=1e-5)


def test_padding_of_the_memory_changes_nothing():
    model = network(decoder, memory=True, units=8, heads=2, layers=2)
    x, memory = numbers(1, 3, 6), numbers(1, 7, 5, seed=2)
    ones = np.ones((1, 3), bool)
    whole = model([x, ones, memory, np.arange(7)[None] < 4])
    np.testing.assert_allclose(
        whole, model([x, ones, memory[:, :4], np.ones((1, 4), bool)]), atol=1e-5
    )
    assert not np.allclose(whole, model([x, ones, memory, np.ones((1, 7), bool)]), atol=1e-3)


@pytest.mark.parametrize("positions", POSITIONS)
def test_a_decoder_does_not_look_ahead(positions):
    model = network(decoder, units=8, heads=2, positions=positions)
    a, real = numbers(1, 6, 6), np.ones((1, 6), bool)
    b = a.copy()
    b[:, 4:] += 1
    np.testing.assert_allclose(model([a, real])[:, :4], model([b, real])[:, :4], atol=1e-6)
    assert not np.allclose(model([a, real])[:, 4:], model([b, real])[:, 4:], atol=1e-3)
    both = network(encoder, units=8, heads=2, positions=positions)
    assert not np.allclose(both([a, real])[:, :4], both([b, real])[:, :4], atol=1e-3)


@pytest.mark.parametrize("positions", POSITIONS)
def test_reading_in_turns_from_a_cache_is_reading_at_once(positions):
    options = {"units": 8, "heads": 4, "groups": 2, "layers": 2, "positions": positions}
    options["max_length"] = 10
    whole = network(decoder, memory=True, **options)
    state = CarriedState(cache=10)
    x, memory, over = keras.Input((None, 6)), keras.Input((None, 5)), keras.Input((None,))
    real = keras.ops.cast(over, "bool")
    y = decoder(x, None, state, memory=memory, memory_mask=real, **options)
    every = [x, *state.inputs, state.position(), memory, over, *state.kept]
    turns = keras.Model(every, [y, *state.outputs, *state.sources])
    copy_weights(whole, turns)
    source = keras.Model([memory, over], state.sources)
    step = keras.Model([x, *state.inputs, state.position(), *state.kept], [y, *state.outputs])

    text, seen = numbers(2, 8, 6), numbers(2, 4, 5, seed=2)
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], "float32")
    kept = [np.asarray(t) for t in source([seen, mask])]
    held = [np.zeros((2, *t.shape[1:]), "float32") for t in state.inputs]
    parts, read = [], 0
    for length in (3, 1, 1, 2, 1):
        at = np.full(2, read, "int32")
        part, *held = step([text[:, read : read + length], *held, at, *kept])
        parts.append(np.asarray(part))
        held = [np.asarray(t) for t in held]
        read += length
    expected = whole([text, np.ones((2, 8), bool), seen, mask > 0])
    np.testing.assert_allclose(np.concatenate(parts, 1), expected, atol=1e-5)
    assert state.inputs[0].shape == (None, 10, 2, 2)


def test_networks_that_differ_take_no_weights_from_one_another():
    with pytest.raises(Refused, match="these networks are not made alike: layers 'dense'"):
        copy_weights(network(decoder, layers=1), network(decoder, layers=2))


def test_weights_begin_as_gpt_2s():
    x = keras.Input((None, 64))
    y = decoder(x, units=64, layers=8, init_std=0.02, init_depth=True, max_length=99)
    model = keras.Model(x, y)
    dense = layers(model, "Dense")
    joined, out, up, down = dense[:4]
    assert abs(joined[0].std() - 0.02) < 1e-3 and abs(up[0].std() - 0.02) < 1e-3
    assert abs(out[0].std() - 0.005) < 3e-4 and abs(down[0].std() - 0.005) < 3e-4
    assert not any(w[1].any() for w in dense)
    assert not np.allclose(joined[0], dense[4][0]), "two layers must not start alike"
    ((table,),) = layers(model, "PositionEmbedding")
    assert abs(table.std() - 0.02) < 1e-3


def test_what_cannot_be_is_refused():
    x = keras.Input((None, 6))
    with pytest.raises(Refused, match="block 'encoder': its positions look at later ones"):
        encoder(x, state=CarriedState(cache=4))
    with pytest.raises(Refused, match="use causal: true"):
        attention(x, state=CarriedState(cache=4))
    with pytest.raises(Refused, match="cross is true, and there is no memory"):
        attention(x, cross=True)


def test_a_residual_is_added_where_widths_agree():
    plain, added = (
        network(attention, units=6, heads=2),
        network(attention, units=6, heads=2, residual=True),
    )
    x, real = numbers(1, 3, 6), np.ones((1, 3), bool)
    np.testing.assert_allclose(added([x, real]), x + plain([x, real]), atol=1e-6)
    network(attention, units=8, residual=True)
