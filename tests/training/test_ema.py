"""Averages of weights, and what batch norms gather of them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import toolkit
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.training.ema import averaged

MOMENTUM = 0.8
BODY = [{"dense": {"units": [8], "normalization": "batch"}}]


class Watch(keras.callbacks.Callback):
    """Averages weights by hand, from what they are after each step."""

    def __init__(self):
        super().__init__()
        self.own, self.now = None, None

    def on_train_batch_end(self, batch, logs=None):
        self.now = [weight.numpy() for weight in self.model.network.weights]
        self.own = self.own or self.now
        both = zip(self.own, self.now, strict=True)
        self.own = [MOMENTUM * a + (1 - MOMENTUM) * b for a, b in both]


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_saved_network_has_averages_and_what_is_gathered_of_them(points, tmp_path, precision):
    watch, seen = Watch(), points.train.arrays["x"]
    try:
        run = toolkit.train(
            {"body": BODY},
            points,
            optimizer={"name": "sgd", "use_ema": True, "ema_momentum": MOMENTUM},
            epochs=6,
            batch_size=len(seen),
            restore="last",
            precision=precision,
            callbacks=[watch],
            logger="none",
            run_dir=tmp_path / "r",
            quiet=True,
        )
    finally:
        keras.config.set_dtype_policy("float32")
    saved = keras.models.load_model(run.path / "model.keras")
    exact = {"rtol": 1e-4, "atol": 1e-6} if precision == "float32" else {"rtol": 1e-2, "atol": 1e-2}
    found = {}
    for weight, expected in zip(saved.weights, watch.own, strict=True):
        found[weight.name] = weight.numpy()
        if not weight.name.startswith("moving_"):
            np.testing.assert_allclose(weight, expected, **exact, err_msg=weight.name)
    given = seen @ saved.weights[0].numpy()
    assert given.shape[-1] == 8
    np.testing.assert_allclose(found["moving_mean"], given.mean(0), **exact)
    np.testing.assert_allclose(found["moving_variance"], given.var(0), **exact)


class Look(keras.callbacks.Callback):
    """Compares moving statistics, and all the rest, within averages and before and after."""

    def on_epoch_end(self, epoch, logs=None):
        networks = (self.model.network, self.model.discriminator)
        held = [variable.numpy() for variable in self.model.variables]
        before = [_moving(network) for network in networks]
        with averaged(self.model):
            within = [_moving(network) for network in networks]
        with averaged(self.model):
            again = [_moving(network) for network in networks]
        self.changed = [(a != b).any() for a, b in zip(before, within, strict=True)]
        np.testing.assert_array_equal(again[0], within[0])
        for variable, value in zip(self.model.variables, held, strict=True):
            np.testing.assert_array_equal(variable, value, err_msg=variable.path)


def test_a_game_goes_on_as_if_nothing_had_been_gathered(tmp_path):
    """A discriminator keeps its own, and kernels with spectral norm and random states stay."""
    images = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1)).astype("uint8")
    split, look = Split({"image": images}), Look()
    data = Dataset(Spec({"image": Field("image", (8, 8, 1), "uint8")}, {}), split, split, None)
    batch = {"normalization": "batch", "spectral_normalization": True}
    model = {
        "generator": [{"generator": {"filters": [4], **batch}}],
        "discriminator": [{"discriminator": {"filters": [4, 4], **batch}}],
    }
    toolkit.train(
        {"name": "gan", **model},
        data,
        task={"name": "adversarial", "latent": 3, "discriminator_optimizer": {"use_ema": False}},
        optimizer={"name": "adam", "use_ema": True},
        epochs=1,
        batch_size=8,
        callbacks=[look],
        logger="none",
        run_dir=tmp_path / "r",
        quiet=True,
    )
    assert look.changed == [True, False]


def _moving(network):
    found = [weight.numpy() for weight in network.weights if weight.name.startswith("moving_")]
    assert found
    return np.concatenate(found)
