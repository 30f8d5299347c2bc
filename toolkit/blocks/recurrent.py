"""Recurrent layers: simple, LSTM and GRU."""

from __future__ import annotations

from typing import Any, Literal

from toolkit.blocks.masks import hide
from toolkit.blocks.state import CarriedState, Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.types import Fraction, Positive, PositiveInt

UNROLL_UP_TO = 40
"""Longest sequence, in steps, that is unrolled unless told otherwise."""


def recurrent(
    x: Tensor,
    mask: Tensor | None = None,
    state: CarriedState | None = None,
    *,
    cell: Literal["rnn", "lstm", "gru"] = "gru",
    units: PositiveInt = 200,
    layers: PositiveInt = 1,
    dropout: Fraction = 0.0,
    locked_dropout: bool = False,
    recurrent_dropout: Fraction = 0.0,
    bidirectional: bool = False,
    residual: bool = False,
    activation: str = "tanh",
    init_range: Positive | None = None,
    forget_bias: Literal[0, 1] = 1,
    unroll: bool | None = None,
) -> Tensor:
    """Recurrent layers, one after another, that give a feature for each position.

    Dropout acts on what a layer gives to the next and on what the last one gives, never between the
    steps of one layer (Zaremba et al., 2014); that of the first layer's input is the stem's.

    Args:
        x: Shape ``(batch, time, features)``.
        mask: Shape ``(batch, time)``, True at real positions; state does not move at the others.
        state: Where the layers' state comes from and goes to; None starts from zeros.
        cell: ``rnn`` (Elman, 1990), ``lstm`` (Hochreiter and Schmidhuber, 1997) or ``gru`` (Cho
            et al., 2014, with the reset gate after the matrix product, as cuDNN computes it).
        units: Width of each layer; ``bidirectional`` gives twice as many features.
        layers: Number of layers.
        dropout: Share of each layer's outputs that is set to zero in training.
        locked_dropout: Whether the same outputs are dropped at every step of a sequence (Gal and
            Ghahramani, 2016) and not other ones at each.
        recurrent_dropout: Share of the state that is dropped at each step within a layer, the same
            at all steps. It keeps cuDNN from being used.
        bidirectional: Whether a second layer reads from the end and both outputs are joined.
        residual: Whether each layer's input is added to its output where their widths agree.
        activation: Of the candidate state; cuDNN needs ``tanh``.
        init_range: All weights start uniform between minus and plus this (Zaremba: 0.1); None is
            Keras's choice, Glorot for kernels, orthogonal for recurrent kernels, zero for biases.
        forget_bias: Where an LSTM's forget gate's bias starts; 1 remembers at first (Jozefowicz
            et al., 2015), 0 is Zaremba's choice. Other cells have none.
        unroll: Whether the steps are written out one by one, which is faster on a CPU (FLOPs are
            the same) and longer to compile; it needs a fixed length. None does so for up to 40
            steps where there is no GPU, whose cuDNN does better.

    Returns:
        Shape ``(batch, time, units)``, or twice as many when bidirectional; zero at positions that
        are not real.

    Raises:
        Refused: If state is to be carried through layers that also read from the end.

    References:
        Zaremba, Sutskever and Vinyals, 2014, https://arxiv.org/abs/1409.2329
    """
    if bidirectional and state is not None:
        raise Refused(
            "block 'recurrent': bidirectional is true, so no state can be carried from one batch "
            "to the next, since the backward layers start at the end; set bidirectional: false"
        )
    if unroll is None:
        length = x.shape[1]
        unroll = length is not None and length <= UNROLL_UP_TO and not _has_gpu()

    for _ in range(layers):
        before = x
        layer = _layer(
            cell,
            units=units,
            activation=activation,
            recurrent_dropout=recurrent_dropout,
            init_range=init_range,
            forget_bias=forget_bias,
            unroll=unroll,
            return_state=state is not None,
        )
        if bidirectional:
            x = keras.layers.Bidirectional(layer)(x, mask=mask)
        elif state is not None:
            names = ("h", "c") if cell == "lstm" else ("h",)
            initial = [state.initial(units, name) for name in names]
            x, *final = layer(x, initial_state=initial, mask=mask)
            for tensor in final:
                state.final(tensor)
        else:
            x = layer(x, mask=mask)
        if dropout:
            drop = keras.layers.SpatialDropout1D if locked_dropout else keras.layers.Dropout
            x = drop(dropout)(x)
        if residual and before.shape[-1] == x.shape[-1]:
            x = keras.layers.Add()([before, x])
    return hide(x, mask)


def _layer(
    cell: str, *, init_range: float | None, forget_bias: int, **options: Any
) -> keras.layers.Layer:
    """Return one stock Keras layer."""
    kind = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    if init_range is not None:
        # One initializer each: one that is used twice gives the same numbers twice.
        for weight in ("kernel", "recurrent", "bias"):
            options[f"{weight}_initializer"] = keras.initializers.RandomUniform(
                -init_range, init_range
            )
    if cell == "lstm":
        options["unit_forget_bias"] = bool(forget_bias)
    return kind(**options, return_sequences=True)


def _has_gpu() -> bool:
    return bool(tf.config.list_physical_devices("GPU"))
