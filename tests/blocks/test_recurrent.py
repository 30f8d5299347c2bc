"""Recurrent layers against their formulas, and state carried from batch to batch."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from toolkit.blocks.recurrent import recurrent
from toolkit.blocks.state import CarriedState
from toolkit.errors import Refused


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn_step(x, h, w, u, b):
    return [np.tanh(x @ w + h[0] @ u + b)]


def lstm_step(x, state, w, u, b):
    h, c = state
    i, f, g, o = np.split(x @ w + h @ u + b, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


def gru_step(x, state, w, u, b):
    (h,) = state
    xz, xr, xh = np.split(x @ w + b[0], 3, -1)
    hz, hr, hh = np.split(h @ u + b[1], 3, -1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return [z * h + (1 - z) * np.tanh(xh + r * hh)]


STEPS = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step}


def by_hand(cell, x, weights, states):
    """Apply layers of a cell, each from its own state; return the outputs and the last states."""
    weights, last = list(weights), []
    for state in states:
        kernel, recurrent_kernel, bias = weights[:3]
        del weights[:3]
        outputs = []
        for t in range(x.shape[1]):
            state = STEPS[cell](x[:, t], state, kernel, recurrent_kernel, bias)
            outputs.append(state[0])
        x = np.stack(outputs, 1)
        last += state
    return x, last


def network(cell, units=3, layers=2, state=None, **options):
    x = keras.Input((None, 4), batch_size=state.batch_size if state else None)
    y = recurrent(x, None, state, cell=cell, units=units, layers=layers, init_range=0.5, **options)
    if state is None:
        return keras.Model(x, y)
    return keras.Model([x, *state.inputs], [y, *state.outputs])


def numbers(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


@pytest.mark.parametrize("cell", STEPS)
def test_it_is_the_formula(cell):
    model, x = network(cell), numbers(2, 5, 4)
    zeros = [np.zeros((2, 3))] * (2 if cell == "lstm" else 1)
    expected, _ = by_hand(cell, x, model.get_weights(), [zeros, zeros])
    np.testing.assert_allclose(model(x), expected, atol=1e-5)


@pytest.mark.parametrize("cell", STEPS)
def test_carried_states_are_those_of_the_formula(cell):
    state = CarriedState(2)
    model, x = network(cell, state=state), numbers(2, 5, 4)
    initial = [numbers(2, 3) * (n + 1) for n in range(len(state.inputs))]
    each = len(initial) // 2
    expected, last = by_hand(cell, x, model.get_weights(), [initial[:each], initial[each:]])
    y, *final = model([x, *initial])
    np.testing.assert_allclose(y, expected, atol=1e-5)
    assert len(final) == len(last) == (4 if cell == "lstm" else 2)
    for given, wanted in zip(final, last, strict=True):
        np.testing.assert_allclose(given, wanted, atol=1e-5)


@pytest.mark.parametrize("cell", STEPS)
def test_two_halves_with_carried_state_are_the_whole(cell):
    state = CarriedState(2)
    streams, whole = network(cell, state=state), network(cell)
    whole.set_weights(streams.get_weights())
    x = numbers(2, 10, 4)
    zeros = [np.zeros(t.shape, "float32") for t in state.inputs]
    first, *middle = streams([x[:, :5], *zeros])
    second, *_ = streams([x[:, 5:], *map(np.asarray, middle)])
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole(x), atol=1e-6)


@pytest.mark.parametrize("cell", STEPS)
def test_unrolled_steps_are_the_same(cell):
    plain, unrolled = network(cell, unroll=False), None
    x = keras.Input((6, 4))
    unrolled = keras.Model(x, recurrent(x, cell=cell, units=3, layers=2))
    assert any(layer.unroll for layer in unrolled.layers if hasattr(layer, "unroll"))
    unrolled.set_weights(plain.get_weights())
    x = numbers(2, 6, 4)
    np.testing.assert_allclose(unrolled(x), plain(x), atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", STEPS)
def test_more_padding_changes_nothing(cell, bidirectional):
    x = keras.Input((None, 4))
    mask = keras.Input((None,), dtype="bool")
    y = recurrent(x, mask, cell=cell, units=3, layers=2, bidirectional=bidirectional)
    model = keras.Model([x, mask], y)
    short, long = numbers(2, 3, 4), 9 * np.ones((2, 8, 4), "float32")
    long[:, :3] = short
    real = np.arange(8) < 3
    expected = model([short, np.ones((2, 3), bool)])
    given = model([long, np.stack([real, real])])
    np.testing.assert_allclose(given[:, :3], expected, atol=1e-6)


def test_initial_weights():
    weights = network("lstm", units=50).get_weights()
    assert all(np.abs(w).max() <= 1.0 for w in weights)
    kernel, recurrent_kernel, bias = weights[:3]
    assert 0.45 < np.abs(kernel).max() <= 0.5 and 0.45 < np.abs(recurrent_kernel).max() <= 0.5
    np.testing.assert_array_equal(bias[50:100], 1)
    bias = network("lstm", units=50, forget_bias=0).get_weights()[2]
    assert np.abs(bias[50:100]).max() <= 0.5
    two = network("gru", units=4).get_weights()
    assert not np.allclose(two[1], two[4]), "two layers must not start alike"


def test_dropout_is_between_layers_and_at_the_end_only():
    kinds = [type(layer).__name__ for layer in network("gru", dropout=0.5).layers]
    assert kinds == ["InputLayer", "GRU", "Dropout", "GRU", "Dropout"]


def test_state_through_a_bidirectional_layer_is_refused():
    with pytest.raises(Refused, match="bidirectional is true, so no state can be carried"):
        network("gru", state=CarriedState(2), bidirectional=True)


def test_half_precision_carries_whole_floats():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        state = CarriedState(2)
        network("lstm", state=state)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {t.dtype for t in (*state.inputs, *state.outputs)} == {"float32"}
